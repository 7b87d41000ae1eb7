import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Bulk, bulkResults, isLive } from "@/api/bulks";
import { ASK_ONE_PAGE, keys } from "@/api/queries";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/bulk";
import { Button } from "@/ui/button";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";

interface Props {
  bulk: Bulk;
  /** Only jobs that were left as they were. */
  left: boolean;
  onLeft: (left: boolean) => void;
}

/** What became of each job, by pages. While the operation proceeds, what was read stays until it has ended. */
export function Results({ bulk, left, onLeft }: Props) {
  const query = useInfiniteQuery({
    ...ASK_ONE_PAGE,
    queryKey: [...keys.bulk(bulk.id), "results", left, isLive(bulk)],
    queryFn: ({ pageParam, signal }) => bulkResults(bulk.id, left, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  return (
    <section aria-label={words.results} className="flex flex-col gap-2">
      <div className="flex items-center gap-1">
        <h3 className="mr-2 font-medium">{words.results}</h3>
        {[false, true].map((one) => (
          <button
            key={String(one)}
            type="button"
            aria-pressed={one === left}
            onClick={() => onLeft(one)}
            className={cx(
              "h-6 rounded-s px-2 text-12",
              one === left ? "bg-active text-text" : "text-text-2 hover:text-text",
            )}
          >
            {one ? words.left : words.all}
          </button>
        ))}
      </div>
      <Region query={query} what={words.resultsWhat} skeleton={<RowsSkeleton rows={5} />}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length === 0 ? (
            <p className="py-3 text-text-2">{words.noResults}</p>
          ) : (
            <ul>
              {items.map(({ id, outcome, ok }) => (
                <li key={id} className="flex h-8 items-center gap-3 border-border border-b">
                  {outcome === "deleted" || outcome === "not_found" ? (
                    <span className="min-w-0 grow truncate font-mono text-12 text-text-3">{id}</span>
                  ) : (
                    <Link
                      to="/jobs/$id"
                      params={{ id }}
                      className="min-w-0 grow truncate font-mono text-12 underline-offset-2 hover:underline"
                    >
                      {id}
                    </Link>
                  )}
                  <span className={cx("shrink-0 text-12", ok === false ? "text-text-2" : "text-text")}>
                    {words.outcome(outcome)}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Region>
      {query.hasNextPage ? (
        <Button size="s" className="self-start" busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
          {words.moreResults}
        </Button>
      ) : null}
    </section>
  );
}
