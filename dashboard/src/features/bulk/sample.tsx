import type { DryRun } from "@/api/bulks";
import { countExactly } from "@/lib/format";
import { words } from "@/lib/text/bulk";
import { Skeleton } from "@/ui/skeleton";
import { StateLabel } from "@/ui/state-label";
import { Time } from "@/ui/time";

const ROWS = 5;

/** How many jobs are meant, and the newest of them; its size is fixed before they are known. */
export function Sample({ data }: { data: DryRun | undefined }) {
  const more = data ? data.matched.value - data.sample.length : 0;
  return (
    <section aria-label={words.sample} aria-busy={data === undefined} className="min-h-46">
      {data?.matched.value === 0 ? <p className="py-2 text-text-2">{words.none}</p> : null}
      {data && !data.matched.exact ? (
        <p className="pb-2 font-medium">{words.atLeast(countExactly(data.matched.value))}</p>
      ) : null}
      <ul className="flex flex-col divide-y divide-border">
        {data
          ? data.sample.map((row) => (
              <li key={row.id} className="flex h-8 items-center gap-3">
                <StateLabel state={row.state} reason={row.reason} word={false} />
                <span className="min-w-0 grow truncate">
                  {row.task} <span className="text-text-3">{row.args_preview}</span>
                </span>
                <Time at={row.created_at} className="shrink-0 text-12 text-text-3" />
              </li>
            ))
          : Array.from({ length: ROWS }, (_, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: they are alike
              <li key={at} className="flex h-8 items-center">
                <Skeleton className="h-3 w-full" />
              </li>
            ))}
      </ul>
      {data && more > 0 && data.matched.exact ? (
        <p className="pt-1 text-12 text-text-3">{words.sampleMore(countExactly(more))}</p>
      ) : null}
    </section>
  );
}
