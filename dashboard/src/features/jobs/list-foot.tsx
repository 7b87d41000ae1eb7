import type { ReactNode } from "react";
import { serverNow } from "@/lib/clock";
import { clockMinutes, dayAndClock } from "@/lib/format";
import { words } from "@/lib/text/jobs";
import { wallOf } from "@/lib/wall";
import { useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { ErrorState } from "@/ui/error-state";
import { Spinner } from "@/ui/spinner";
import type { JobListState } from "./use-job-list";

/** Below the last row: more is coming, failed, or is further back than one page looks. */
export function ListFoot({ list }: { list: JobListState }) {
  const { query, last } = list;
  if (query.isFetchNextPageError) {
    return (
      <ErrorState
        compact
        what={words.moreFailed}
        error={query.error}
        onRetry={() => void query.fetchNextPage()}
        busy={query.isFetchingNextPage}
      />
    );
  }
  if (query.isFetchingNextPage) {
    return (
      <Foot>
        <Spinner />
        {words.loadingMore}
      </Foot>
    );
  }
  if (query.hasNextPage && last?.complete === false) {
    return (
      <Foot>
        <LookedThrough list={list} />
        <SearchOn list={list} />
      </Foot>
    );
  }
  // The room of the selection bar, so that it never lies over the last rows.
  return <div className="h-16" />;
}

function Foot({ children }: { children: ReactNode }) {
  return (
    <div className="flex min-h-16 flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3 text-text-2 max-md:px-4">
      {children}
    </div>
  );
}

/** "Looked through 80,000 jobs back to 09:12." */
export function LookedThrough({ list }: { list: JobListState }) {
  const zone = useZone();
  const pages = list.query.data?.pages ?? [];
  const until = list.last?.looked_until;
  const looked = pages.reduce((sum, page) => sum + page.looked_at, 0);
  if (!until) return null;
  const at = Date.parse(until);
  const dayOf = (instant: number) => wallOf(instant, zone).slice(0, 10);
  const today = dayOf(at) === dayOf(serverNow());
  const word = today ? clockMinutes(at, zone) : dayAndClock(at, zone);
  return (
    <span>{list.filter.sort === "oldest" ? words.lookedForward(looked, word) : words.lookedThrough(looked, word)}</span>
  );
}

export function SearchOn({ list }: { list: JobListState }) {
  const { query } = list;
  return (
    <Button size="s" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      {list.filter.sort === "oldest" ? words.searchOn : words.searchBack}
    </Button>
  );
}
