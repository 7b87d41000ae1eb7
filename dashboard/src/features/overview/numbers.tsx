import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { oldestOf, rateOut } from "@/api/queues";
import { sumOf, throughputOf } from "@/api/series";
import { slotsOf } from "@/api/workers";
import { count, duration, NONE, percent, rate } from "@/lib/format";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/overview";
import { range as rangeWords } from "@/lib/text/range";
import { useQueues, useSeries, useSummary, useWorkers } from "@/live/fresh";
import { ErrorState } from "@/ui/error-state";
import { Sparkline } from "@/ui/sparkline";
import { Stat } from "@/ui/stat";
import { StateIcon } from "@/ui/state-icon";
import { together } from "@/ui/together";

const CELL = "bg-surface px-5 pt-4 pb-3.5 max-md:px-4";

/** The five numbers. Each stands on its own: what is not known is a dash, and the line below says why. */
export function Numbers({ range }: { range: Range }) {
  const queues = useQueues();
  const workers = useWorkers();
  const points = useSeries(range);
  const summary = useSummary(range);
  const all = together([queues, workers, points, summary], undefined);
  return (
    <div className="border-border border-b">
      <dl
        aria-label={words.numbers}
        className="grid grid-cols-2 gap-px bg-border md:grid-cols-3 xl:grid-cols-5 [&>*:last-child]:max-md:col-span-2 [&>*:last-child]:max-xl:md:col-span-2"
      >
        <Throughput range={range} queues={queues} points={points} />
        <Failing range={range} summary={summary} />
        <Wait summary={summary} />
        <Oldest queues={queues} />
        <Slots workers={workers} />
      </dl>
      {all.error ? (
        <ErrorState
          compact
          what={words.figuresWhat}
          error={all.error}
          onRetry={() => all.refetch()}
          busy={all.isFetching}
        />
      ) : null}
    </div>
  );
}

type Queues = ReturnType<typeof useQueues>;
type Series = ReturnType<typeof useSeries>;
type Figures = ReturnType<typeof useSummary>;

/** What is known, a dash where nothing is, and null while the first answer is on its way. */
function shown(
  query: { data: unknown; error: unknown },
  value: number | null,
  format: (value: number) => string,
): string | null {
  if (value !== null) return format(value);
  return query.data === undefined && !query.error ? null : NONE;
}

function Throughput({ range, queues, points }: { range: Range; queues: Queues; points: Series }) {
  const now = queues.data ? rateOut(queues.data) : null;
  const one = points.data?.series[0];
  const values = one ? throughputOf(one) : [];
  return (
    <Stat
      className={CELL}
      label={words.throughput}
      value={shown(queues, now, rate)}
      aside={
        values.length > 0 ? (
          <Sparkline
            label={words.throughputSpark(rangeWords.inLast[range])}
            values={values}
            width={88}
            height={28}
            className="max-sm:hidden"
          />
        ) : undefined
      }
      note={points.data ? words.ended(sumOf(values), count(sumOf(values))) : undefined}
    />
  );
}

function Failing({ range, summary }: { range: Range; summary: Figures }) {
  const { failing: share = null, dead = 0 } = summary.data ?? {};
  let note: ReactNode;
  if (dead > 0) {
    note = (
      <Link to="/jobs" search={{ state: "dead", range }} className="inline-flex items-center gap-1.5 hover:underline">
        <StateIcon state="dead" size={12} />
        <span className="text-text-2">{words.dead(count(dead))}</span>
      </Link>
    );
  } else if (summary.data) {
    note = share === null ? words.failingNone : words.noneDead;
  }
  return <Stat className={CELL} label={words.failing} value={shown(summary, share, percent)} note={note} />;
}

function Wait({ summary }: { summary: Figures }) {
  const { p50 = null, p95 = null } = summary.data?.wait ?? {};
  return (
    <Stat
      className={CELL}
      label={words.waitP95}
      value={shown(summary, p95, duration)}
      note={p50 !== null ? words.p50(duration(p50)) : summary.data ? words.noWait : undefined}
    />
  );
}

function Oldest({ queues }: { queues: Queues }) {
  const oldest = queues.data ? oldestOf(queues.data) : null;
  return (
    <Stat
      className={CELL}
      label={words.oldestReady}
      value={shown(queues, oldest?.age ?? null, duration)}
      note={
        oldest ? (
          <>
            {words.inQueue}{" "}
            <Link to="/queues/$name" params={{ name: oldest.name }} className="text-text-2 hover:underline">
              {oldest.name}
            </Link>
          </>
        ) : queues.data ? (
          words.noneReady
        ) : undefined
      }
    />
  );
}

function Slots({ workers }: { workers: ReturnType<typeof useWorkers> }) {
  const slots = workers.data ? slotsOf(workers.data) : null;
  return (
    <Stat
      className={CELL}
      label={words.busySlots}
      value={shown(workers, slots && slots.workers > 0 ? slots.busy : null, count)}
      unit={slots && slots.workers > 0 ? words.of(count(slots.slots)) : undefined}
      note={
        slots ? (
          <Link to="/workers" className="text-text-2 hover:underline">
            {slots.workers > 0 ? words.workers(slots.workers) : words.noWorker}
          </Link>
        ) : undefined
      }
    />
  );
}
