import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Bulk, bulksBefore, bulksQuery } from "@/api/bulks";
import { keys } from "@/api/queries";
import { words } from "@/lib/text/bulk";
import { useInterval } from "@/live/interval";
import { useWatch } from "@/live/live";
import { Button, buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Table } from "@/ui/table";
import { COLUMNS } from "./columns";
import { Details } from "./details";

export const route = createLazyRoute("/bulk")({ component: BulkPage });

/** Operations on many jobs: those in progress, and those of the last days. */
function BulkPage() {
  const { id, show } = route.useSearch();
  const navigate = useNavigate({ from: "/bulk" });
  useWatch({ bulk: true });
  const query = useQuery({ ...bulksQuery(), refetchInterval: useInterval(2) });
  const open = (next: string | undefined) =>
    void navigate({ search: { id: next, show: undefined }, replace: id !== undefined, resetScroll: false });
  return (
    <Page
      title={words.title}
      live
      flush
      drawer={
        id ? (
          <Details
            key={id}
            id={id}
            left={show === "left"}
            onLeft={(left) =>
              void navigate({ search: { id, show: left ? "left" : undefined }, replace: true, resetScroll: false })
            }
            onClose={() => void navigate({ search: {}, resetScroll: false })}
          />
        ) : null
      }
    >
      <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={8} />}>
        {({ items, next }) => <Operations first={items} next={next} active={id ?? null} onOpen={open} />}
      </Region>
    </Page>
  );
}

interface Props {
  first: readonly Bulk[];
  next: string | null;
  active: string | null;
  onOpen: (id: string) => void;
}

function Operations({ first, next, active, onOpen }: Props) {
  // What is older than the first page does not change any more.
  const older = useInfiniteQuery({
    queryKey: [...keys.bulks(), "older", next],
    queryFn: ({ pageParam }) => bulksBefore(pageParam),
    initialPageParam: next ?? "",
    getNextPageParam: (page) => page.next,
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const rows = useMemo(() => {
    const shown = new Set(first.map(({ id }) => id));
    return [...first, ...(older.data?.pages.flatMap((page) => page.items) ?? []).filter(({ id }) => !shown.has(id))];
  }, [first, older.data]);
  if (rows.length === 0) {
    return (
      <Empty
        title={words.noneYet}
        hint={words.noneYetHint}
        actions={
          <Link to="/jobs" className={buttonClass({ variant: "primary" })}>
            {words.toJobs}
          </Link>
        }
      />
    );
  }
  const more = older.data ? older.hasNextPage : next !== null;
  return (
    <>
      <Table
        label={words.list}
        rows={rows}
        getId={({ id }) => id}
        getName={({ action, id }) => words.name(action, id)}
        columns={COLUMNS}
        active={active}
        onActive={(id) => {
          if (active !== null) onOpen(id);
        }}
        onOpen={onOpen}
        pageKeys
      />
      {more ? (
        <div className="px-5 py-3 max-md:px-4">
          <Button busy={older.isFetching} onClick={() => void (older.data ? older.fetchNextPage() : older.refetch())}>
            {words.older}
          </Button>
        </div>
      ) : null}
    </>
  );
}
