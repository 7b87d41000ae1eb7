import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { endedOfRun, type Run } from "@/api/playground";
import { count, duration, NONE, rate } from "@/lib/format";
import { words } from "@/lib/text/playground";
import { Stat } from "@/ui/stat";
import { StateIcon } from "@/ui/state-icon";

const CELL = "bg-surface px-5 pt-4 pb-3.5 max-md:px-4";
const LABELS = [words.enqueued, words.throughput, words.waiting, words.failed, words.wait, words.run];

interface Figure {
  label: string;
  value: string | null;
  unit?: string | undefined;
  note?: ReactNode;
}

/** The six numbers of a stress test. */
export function RunNumbers({ run }: { run: Run }) {
  const ended = endedOfRun(run);
  return (
    <Numbers
      figures={[
        {
          label: words.enqueued,
          value: count(run.enqueued),
          unit: words.of(count(run.asked)),
          note: run.rate_reached === null ? words.justBegun : words.reached(rate(run.rate_reached)),
        },
        {
          label: words.throughput,
          value: run.throughput === null ? NONE : rate(run.throughput),
          note: words.ended(ended, count(ended)),
        },
        { label: words.waiting, value: count(run.waiting), note: words.running(count(run.running)) },
        { label: words.failed, value: count(run.failed), note: <Dead run={run} /> },
        { label: words.wait, ...times(run.wait) },
        { label: words.run, ...times(run.run) },
      ]}
    />
  );
}

/** The same in the same size, before anything is known. */
export function RunNumbersSkeleton() {
  return <Numbers figures={LABELS.map((label) => ({ label, value: null }))} />;
}

function Numbers({ figures }: { figures: readonly Figure[] }) {
  return (
    <div className="border-border border-b">
      <dl aria-label={words.numbers} className="grid grid-cols-2 gap-px bg-border md:grid-cols-3 xl:grid-cols-6">
        {figures.map((one) => (
          <Stat key={one.label} className={CELL} {...one} />
        ))}
      </dl>
    </div>
  );
}

function Dead({ run }: { run: Run }) {
  if (run.dead === 0) return words.noneDead;
  return (
    <Link
      to="/jobs"
      search={{ state: "dead", tag: run.tag }}
      className="inline-flex items-center gap-1.5 hover:underline"
    >
      <StateIcon state="dead" size={12} />
      <span className="text-text-2">{words.dead(count(run.dead))}</span>
    </Link>
  );
}

function times({ p50, p95, p99 }: Run["wait"]): Pick<Figure, "value" | "note"> {
  if (p50 === null || p95 === null || p99 === null) return { value: NONE, note: words.notMeasured };
  return { value: duration(p95), note: words.others(duration(p50), duration(p99)) };
}
