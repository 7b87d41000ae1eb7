import { useInfiniteQuery } from "@tanstack/react-query";
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type AuditQuery, auditQuery } from "@/api/audit";
import { serverNow } from "@/lib/clock";
import { rangeSeconds } from "@/lib/range";
import { words } from "@/lib/text/audit";
import { shell } from "@/lib/text/shell";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ErrorState } from "@/ui/error-state";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Table } from "@/ui/table";
import { ActDrawer } from "./act-drawer";
import { columnsOf } from "./columns";
import { Filter } from "./filter";
import { type AuditSearch, KEYS } from "./search";

export const route = createLazyRoute("/audit")({ component: AuditPage });

const NO_FILTER = { actor: undefined, action: undefined, object: undefined, range: undefined };

/** What operators did: who, what, to what, why. A row opens what it was like before and after. */
function AuditPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/audit" });
  const put = (next: Partial<AuditSearch>) =>
    void navigate({ search: (old) => ({ ...old, act: undefined, ...next }), resetScroll: false });
  const open = (act: string | undefined) =>
    void navigate({
      search: (old) => ({ ...old, act }),
      replace: search.act !== undefined && act !== undefined,
      resetScroll: false,
    });
  return (
    <Page
      title={shell.audit}
      flush
      toolbar={<Filter search={search} onChange={put} />}
      drawer={search.act === undefined ? null : <ActDrawer seq={Number(search.act)} onClose={() => open(undefined)} />}
    >
      <Acts search={search} onOpen={open} onFilter={put} />
    </Page>
  );
}

interface Props {
  search: AuditSearch;
  onOpen: (act: string) => void;
  onFilter: (next: Partial<AuditSearch>) => void;
}

function Acts({ search, onOpen, onFilter }: Props) {
  const { actor, action, object, range } = search;
  // The beginning of a range stays while the page shows it: a cursor belongs to one question.
  const after = useMemo(
    () => (range ? new Date(serverNow() - 1000 * rangeSeconds(range)).toISOString() : undefined),
    [range],
  );
  const filter = useMemo(() => queryOf({ actor, action, object, after }), [actor, action, object, after]);
  const query = useInfiniteQuery(auditQuery(filter));
  const [active, setActive] = useState<string | null>(null);
  const columns = useMemo(() => columnsOf(onFilter), [onFilter]);
  return (
    <Region
      query={{ ...query, error: query.isFetchNextPageError ? null : query.error }}
      what={words.what}
      skeleton={<RowsSkeleton rows={12} />}
    >
      {(data) => {
        const rows = data.pages.flatMap((page) => page.items);
        if (rows.length === 0) return <None search={search} onClear={() => onFilter(NO_FILTER)} />;
        return (
          <Table
            label={words.list}
            rows={rows}
            getId={(act) => String(act.seq)}
            getName={(act) => words.rowName(act.action, act.object)}
            columns={columns}
            active={search.act ?? active}
            onActive={setActive}
            onOpen={onOpen}
            pageKeys={!query.isPlaceholderData}
            {...(query.hasNextPage ? { total: "unknown" as const } : {})}
            onEnd={() => {
              if (query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError)
                void query.fetchNextPage();
            }}
            footer={
              query.isFetchNextPageError ? (
                <ErrorState
                  compact
                  what={words.more}
                  error={query.error}
                  onRetry={() => void query.fetchNextPage()}
                  busy={query.isFetchingNextPage}
                />
              ) : null
            }
          />
        );
      }}
    </Region>
  );
}

function queryOf(given: { [name in keyof AuditQuery]: string | undefined }): AuditQuery {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function None({ search, onClear }: { search: AuditSearch; onClear: () => void }) {
  const terms = KEYS.flatMap((key) => (search[key] ? [`${key}:${search[key]}`] : []));
  if (terms.length === 0 && !search.range) return <Empty title={words.none} hint={words.noneHint} />;
  return (
    <Empty
      title={words.noMatch([...terms, ...(search.range ? [search.range] : [])].join(" "))}
      actions={<Button onClick={onClear}>{words.clear}</Button>}
    />
  );
}
