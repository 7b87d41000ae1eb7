import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Queue } from "@/api/queues";
import { count, duration, NONE } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { STATE_WORD } from "@/lib/text/states";
import { Stat } from "@/ui/stat";
import { perSecond } from "./cells";

const CELL = "bg-surface px-5 pt-4 pb-3.5 max-md:px-4";
const OTHERS = ["running", "retrying", "scheduled"] as const;

/** The five numbers of a queue; each note says what the number is compared with. */
export function QueueNumbers({ queue }: { queue: Queue }) {
  return <Numbers figures={figuresOf(queue)} />;
}

/** The same in the same size, before anything is known. */
export function QueueNumbersSkeleton() {
  return <Numbers figures={LABELS.map((label) => ({ label, value: null }))} />;
}

const LABELS = [words.ready, words.oldestReady, words.claimed, words.waitP95, words.slots];

interface Figure {
  label: string;
  value: string | null;
  unit?: string | undefined;
  note?: ReactNode;
}

function Numbers({ figures }: { figures: readonly Figure[] }) {
  return (
    <div className="border-border border-b">
      <dl
        aria-label={words.numbers}
        className="grid grid-cols-2 gap-px bg-border md:grid-cols-3 xl:grid-cols-5 [&>*:last-child]:max-md:col-span-2 [&>*:last-child]:max-xl:md:col-span-2"
      >
        {figures.map((one) => (
          <Stat key={one.label} className={CELL} {...one} />
        ))}
      </dl>
    </div>
  );
}

function figuresOf(queue: Queue): Figure[] {
  const { name, ready, states, slots, workers, eta } = queue;
  const others = OTHERS.filter((state) => states[state] > 0).map((state) =>
    words.ofState(count(states[state]), STATE_WORD[state]),
  );
  return [
    {
      label: words.ready,
      value: count(ready),
      note:
        others.length > 0 ? (
          <Link to="/jobs" search={{ queue: name, state: "running,retrying,scheduled" }} className="hover:underline">
            {others.join(", ")}
          </Link>
        ) : (
          words.noOthers
        ),
    },
    {
      label: words.oldestReady,
      value: queue.oldest_ready_age === null ? NONE : duration(queue.oldest_ready_age),
      note: eta === null || ready === 0 ? words.noEta(queue.paused, ready) : words.emptyIn(duration(eta)),
    },
    {
      label: words.claimed,
      value: perSecond(queue.rate_out),
      note: queue.rate_in === null ? words.inUnknown : words.arrive(perSecond(queue.rate_in)),
    },
    {
      label: words.waitP95,
      value: queue.wait_p95 === null ? NONE : duration(queue.wait_p95),
      note: queue.wait_p50 === null ? words.nothingClaimed : words.waitMedian(duration(queue.wait_p50)),
    },
    {
      label: words.slots,
      value: count(states.running),
      unit: slots ? words.ofSlots(count(slots)) : undefined,
      note: workers === null ? undefined : words.servedBy(workers, count(workers)),
    },
  ];
}
