import { CircleDashed, CircleDot, CircleOff, type LucideIcon, Unplug } from "lucide-react";
import { isStopping, type Worker } from "@/api/workers";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/workers";
import { isAlive, type WorkerState } from "@/lib/worker-state";

const ICON: Record<WorkerState, LucideIcon> = {
  living: CircleDot,
  draining: CircleDashed,
  lost: Unplug,
  ended: CircleOff,
};

// Colour is for jobs; a lost worker had some.
const TONE: Record<WorkerState, string> = {
  living: "text-text-2",
  draining: "text-text-2",
  lost: "text-danger",
  ended: "text-text-3",
};

/** Shape of a worker's state; its word stands beside it or is read out. */
export function WorkerStateIcon({ state, quiet = false }: { state: WorkerState; quiet?: boolean }) {
  const Icon = ICON[state];
  return <Icon aria-hidden size={15} className={cx("shrink-0", quiet ? "text-text-3" : TONE[state])} />;
}

export function WorkerStateLabel({ worker, className }: { worker: Worker; className?: string }) {
  const { state, command } = worker;
  const stopping = isStopping(worker);
  const meaning = stopping ? words.stoppingMeaning : words.meaning(state);
  return (
    <span
      title={command?.by && isAlive(state) ? words.saidBy(meaning, command.by) : meaning}
      className={cx("truncate text-text-3", state === "living" && !stopping && "sr-only", className)}
    >
      {stopping ? words.stopping : words.state(state)}
    </span>
  );
}
