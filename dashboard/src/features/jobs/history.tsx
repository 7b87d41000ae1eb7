import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { seriesQuery } from "@/api/queries";
import { Refused } from "@/api/refused";
import type { SeriesOut, SeriesQuery } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { clockMinutes, count, dayAndClock } from "@/lib/format";
import { words } from "@/lib/text/jobs";
import { range as rangeWords } from "@/lib/text/range";
import { useZone } from "@/lib/zone";
import { type BarSeries, Bars } from "@/ui/bars";
import { ErrorState } from "@/ui/error-state";
import { Legend } from "@/ui/legend";
import { between, DEFAULT, last, type Range, rangeWord, type Window, windowOf } from "./range";
import type { JobsSearch } from "./search";

const EMPTY: (number | null)[] = [];

interface Props {
  range: Range;
  search: JobsSearch;
  onRange: (range: Range) => void;
}

/** What ended in the range, in at most 96 bars. Its size never changes, with or without data. */
export function History({ range, search, onRange }: Props) {
  const zone = useZone();
  const now = useSlowNow();
  const window = windowOf(range, now);
  const query = useQuery({
    ...seriesQuery(seriesOf(window, search)),
    staleTime: 25_000,
    retry: false,
  });
  if (query.error instanceof Refused && query.error.status === 404) {
    return <p className="px-5 pb-3 text-12 text-text-3 max-md:px-4">{words.noHistory}</p>;
  }
  if (query.error && !query.data) {
    return (
      <ErrorState
        compact
        what={words.historyWhat}
        error={query.error}
        onRetry={query.refetch}
        busy={query.isFetching}
        className="mb-3"
      />
    );
  }
  const step = window.step * 1000;
  const at = Array.from({ length: Math.round((window.to - window.from) / step) }, (_, i) => window.from + i * step);
  const lines = linesOf(query.data, at, step);
  const long = window.to - window.from > 36 * 3_600_000;
  const word = (time: number) => (long ? dayAndClock(time, zone) : clockMinutes(time, zone));
  const rangeShown = range.kind === "any" ? rangeWord(last(DEFAULT), zone) : rangeWord(range, zone);
  return (
    <div className="px-5 pb-3 max-md:px-4">
      <Legend
        items={lines.map((line) => ({
          id: line.id,
          label: line.label,
          dot: line.dot,
          value: query.data ? count(line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)) : "",
        }))}
        note={noteOf(search, window, range.kind === "any" ? rangeShown.toLowerCase() : null)}
        className="mb-1 min-h-5"
      />
      <Bars
        label={words.bars(rangeShown)}
        series={lines}
        at={at}
        formatAt={(time) => words.fromTo(dayAndClock(time, zone), clockMinutes(time + step, zone))}
        axis={axisOf(at, step, window.live, word)}
        onRange={(first, last) => {
          const start = at[first];
          const end = at[last];
          if (start !== undefined && end !== undefined) onRange(between(start, end + step));
        }}
      />
    </div>
  );
}

// A bar is a minute at least; what the last one shows may be half a minute old.
function useSlowNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(serverNow());
    }, 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function seriesOf({ from, to, step }: Window, { queue, task }: JobsSearch): SeriesQuery {
  const query: SeriesQuery = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step };
  if (queue) return { ...query, by: "queue", names: queue };
  return task ? { ...query, by: "task", names: task } : query;
}

/** The bars know queues and tasks; what they do not know, their note says. */
function noteOf({ queue, task, tag, worker, q }: JobsSearch, window: Window, range: string | null): string {
  const what = queue
    ? words.barsOfQueue(queue)
    : task
      ? words.barsOfTask(task)
      : tag || worker || q
        ? words.barsOfAll
        : null;
  return [what, range, rangeWords.per(window.step)].filter(Boolean).join(" · ");
}

function linesOf(data: SeriesOut | undefined, at: readonly number[], step: number): BarSeries[] {
  const one = data?.series[0];
  const start = data ? Date.parse(data.at[0] ?? data.from) : 0;
  // Placeholder data of another range has other times: every bar takes the value of its own.
  const offset = data && data.step * 1000 === step && at[0] !== undefined ? Math.round((at[0] - start) / step) : null;
  const column = (values: readonly (number | null)[]) =>
    offset === null ? EMPTY : at.map((_, index) => values[index + offset] ?? null);
  const completed = column(one?.completed ?? EMPTY);
  const dead = column(one?.dead ?? EMPTY);
  // What failed and did not die is tried again.
  const retried = column(one?.failed ?? EMPTY).map((n, index) =>
    n === null ? null : Math.max(0, n - (dead[index] ?? 0)),
  );
  return [
    { id: "completed", label: words.completed, fill: "fill-control", dot: "bg-control", values: completed },
    { id: "retried", label: words.retried, fill: "fill-retrying", dot: "bg-retrying", values: retried },
    { id: "dead", label: words.dead, fill: "fill-dead", dot: "bg-dead", values: dead },
  ];
}

function axisOf(at: readonly number[], step: number, live: boolean, word: (time: number) => string): string[] {
  const end = (at.at(-1) ?? 0) + step;
  const quarters = [0, 0.25, 0.5, 0.75].map((share) => at[Math.floor(at.length * share)] ?? 0);
  return [...quarters.map(word), live ? words.now : word(end)];
}
