import { Link } from "@tanstack/react-router";
import { Pause, ServerOff } from "lucide-react";
import type { Queue } from "@/api/queues";
import { cx } from "@/lib/cx";
import { count, NONE, rate } from "@/lib/format";
import { STATE_BG } from "@/lib/state";
import { words } from "@/lib/text/queues";
import { STATE_WORD } from "@/lib/text/states";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Meter } from "@/ui/meter";
import { BELOW } from "@/ui/table";
import { Time } from "@/ui/time";
import { Tip } from "@/ui/tip";

/** States of jobs that have not ended, in the order of their way. */
const LIVE = ["running", "pending", "retrying", "scheduled"] as const;

export function isUnserved(queue: Queue): boolean {
  return !queue.paused && queue.ready > 0 && queue.workers === 0;
}

/** Its name, and what is not as usual: paused by whom, why, since when; without a worker. */
export function NameCell({ queue }: { queue: Queue }) {
  const unusual = queue.paused || isUnserved(queue);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        to="/queues/$name"
        params={{ name: queue.name }}
        className={cx("truncate font-medium hover:underline", unusual && "max-w-3/5 shrink-0")}
        title={queue.name}
      >
        {queue.name}
      </Link>
      <Marks queue={queue} />
    </span>
  );
}

/** What is not as usual. */
export function Marks({ queue }: { queue: Queue }) {
  return queue.paused ? <Paused queue={queue} /> : isUnserved(queue) ? <Unserved queue={queue} /> : null;
}

function Paused({ queue }: { queue: Queue }) {
  return (
    <>
      <Chip className={BELOW[640]}>{words.paused.toLowerCase()}</Chip>
      <span className="flex min-w-0 shrink-[4] items-center gap-1.5 text-12 text-text-2 @max-[640px]/table:hidden">
        <Pause aria-hidden size={13} className="shrink-0" />
        <span className="shrink-0">{queue.paused_by ? words.pausedBy(queue.paused_by) : words.paused}</span>
        {queue.paused_at ? <Time at={queue.paused_at} className="shrink-0 text-text-3" /> : null}
        {queue.reason ? (
          <Tip text={queue.reason}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tip must be reachable by keyboard */}
            <span tabIndex={0} className="min-w-0 truncate text-text-3">
              {queue.reason}
            </span>
          </Tip>
        ) : null}
      </span>
    </>
  );
}

function Unserved({ queue }: { queue: Queue }) {
  return (
    <span className="flex shrink-0 items-center gap-1">
      <Tip text={words.noWorkerHint}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tip must be reachable by keyboard */}
        <span tabIndex={0} className="rounded-s">
          <Chip tone="danger">
            <span className="inline-flex items-center gap-1">
              <ServerOff aria-hidden size={11} />
              {/* A narrow column has no room for it beside a name. */}
              <span className="@max-[480px]/table:sr-only">{words.noWorker}</span>
            </span>
          </Chip>
        </span>
      </Tip>
      <CopyButton text={words.workerCommand(queue.name)} label={words.copyCommand} className="max-sm:hidden" />
    </span>
  );
}

/** Its jobs that have not ended, by state, as long as they are many beside the deepest queue. */
export function DepthCell({ queue, deepest }: { queue: Queue; deepest: number }) {
  const parts = LIVE.filter((state) => queue.states[state] > 0);
  return (
    <span className="flex items-center gap-2.5">
      <Meter
        label={words.depthOf(parts.map((state) => words.ofState(count(queue.states[state]), STATE_WORD[state])))}
        max={deepest}
        parts={parts.map((state) => ({ id: state, value: queue.states[state], className: STATE_BG[state] }))}
      />
      <span aria-hidden className="w-9 shrink-0 text-right text-12 text-text-3">
        {count(queue.live)}
      </span>
    </span>
  );
}

/** Slots that are busy with its jobs, of those that serve it. */
export function SlotsCell({ queue }: { queue: Queue }) {
  const busy = queue.states.running;
  // Nobody serves it: an empty bar would say that there is room.
  if (!queue.slots) return <span className="text-text-3">{busy > 0 ? count(busy) : NONE}</span>;
  return (
    <span className="flex items-center justify-end gap-3">
      <Meter
        label={words.slotsOf(count(busy), count(queue.slots))}
        className="w-10"
        max={queue.slots}
        parts={[{ id: "busy", value: busy, className: "bg-running" }]}
      />
      <span className="w-14 shrink-0">{words.busyOf(count(busy), count(queue.slots))}</span>
    </span>
  );
}

export function perSecond(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : rate(value);
}
