import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { areFull, type ErrorSort } from "@/api/errors";
import type { ErrorGroup } from "@/api/types";
import { count } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { shell } from "@/lib/text/shell";
import { useSettled } from "@/lib/use-settled";
import { useErrorCounts } from "@/live/fresh";
import { useWatch } from "@/live/live";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { FilterInput } from "@/ui/filter-input";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Table } from "@/ui/table";
import { columnsOf } from "./columns";
import type { ErrorsSearch } from "./search";
import { StateTabs } from "./state-tabs";
import { useErrorList } from "./use-error-list";

export const route = createLazyRoute("/errors")({ component: ErrorsPage });

/** What fails, by kind: what to look at first. */
function ErrorsPage() {
  // So that the page says whether it is live where no sidebar is open.
  useWatch({ stats: true });
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/errors" });
  const q = useSettled(search.q ?? "");
  const state = search.state ?? "open";
  const query = useErrorList({
    ...(state === "all" ? {} : { state }),
    ...(q.trim() ? { q: q.trim() } : {}),
    ...(search.task ? { task: search.task } : {}),
    sort: search.sort ?? "last",
  });
  const { data } = query;
  const groups = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  return (
    <Page
      title={shell.errors}
      live
      flush
      toolbar={
        <>
          <StateTabs search={search} />
          <div className="flex shrink-0 items-center gap-4 px-5 py-3 max-md:px-4">
            <FilterInput
              label={words.filter}
              placeholder={words.filterPlaceholder}
              value={search.q ?? ""}
              onChange={(text) => navigate({ search: (old) => ({ ...old, q: text || undefined }), replace: true })}
            />
          </div>
          <FullNote />
        </>
      }
    >
      <Region query={{ ...query, data: groups }} what={words.what} skeleton={<RowsSkeleton rows={8} />}>
        {(found) => (
          <Groups
            groups={found}
            search={search}
            onSort={(sort) =>
              navigate({ search: (old) => ({ ...old, sort: sort === "last" ? undefined : sort }), replace: true })
            }
            more={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
            busy={query.isFetchingNextPage}
          />
        )}
      </Region>
    </Page>
  );
}

/** That others were deleted, and what makes so many. */
function FullNote() {
  const { data } = useErrorCounts();
  if (!data || !areFull(data)) return null;
  return (
    <p role="note" className="shrink-0 border-border border-t bg-warn-soft px-5 py-2 max-md:px-4">
      {words.full(count(data.most))} <span className="text-text-2">{words.fullHint}</span>
    </p>
  );
}

interface Props {
  groups: readonly ErrorGroup[];
  search: ErrorsSearch;
  onSort: (sort: ErrorSort) => void;
  more: (() => void) | undefined;
  busy: boolean;
}

function Groups({ groups, search, onSort, more, busy }: Props) {
  const navigate = useNavigate();
  const [active, setActive] = useState<string | null>(null);
  const all = search.state === "all";
  const columns = useMemo(() => columnsOf(all), [all]);
  if (groups.length === 0) return <None search={search} />;
  return (
    <Table
      label={words.list}
      rows={groups}
      total={more ? "unknown" : groups.length}
      getId={(group) => group.fingerprint}
      getName={(group) => `${group.type}: ${group.message}`}
      columns={columns}
      sort={{ id: search.sort ?? "last", descending: true }}
      onSort={(id) => onSort(id as ErrorSort)}
      active={active}
      onActive={setActive}
      onOpen={(fingerprint) => void navigate({ to: "/errors/$fingerprint", params: { fingerprint } })}
      pageKeys
      footer={
        more ? (
          <div className="flex justify-center px-5 py-4">
            <Button busy={busy} onClick={more}>
              {words.more}
            </Button>
          </div>
        ) : undefined
      }
    />
  );
}

/** Why there is no row: nothing ever failed, nothing is open, or nothing fits. */
function None({ search }: { search: ErrorsSearch }) {
  const navigate = useNavigate({ from: "/errors" });
  const counts = useErrorCounts().data;
  const any = counts ? counts.open + counts.resolved + counts.muted > 0 : true;
  const state = search.state ?? "open";
  const text = search.q ?? search.task;
  const showAll = (
    <Button
      key="all"
      size="s"
      variant={text ? "ghost" : "secondary"}
      onClick={() => void navigate({ search: (old) => ({ ...old, state: "all" }) })}
    >
      {words.showAll}
    </Button>
  );
  if (text) {
    return (
      <Empty
        title={state === "all" ? words.noMatch(text) : words.noMatchIn(text, state)}
        actions={[
          <Button
            key="clear"
            size="s"
            onClick={() => void navigate({ search: (old) => ({ ...old, q: undefined, task: undefined }) })}
          >
            {words.clear}
          </Button>,
          ...(state === "all" ? [] : [showAll]),
        ]}
      />
    );
  }
  if (!any) return <Empty title={words.none} hint={words.noneHint} />;
  if (state === "open") return <Empty title={words.noneOpen} hint={words.noneOpenHint} actions={[showAll]} />;
  return <Empty title={words.noneIn(state)} actions={[showAll]} />;
}
