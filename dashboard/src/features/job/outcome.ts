/** The state whose shape and colour an outcome of an attempt borrows. */
const STATE_OF: Record<string, string> = {
  running: "running",
  completed: "completed",
  cancelled: "cancelled",
  snoozed: "scheduled",
  discarded: "dead",
};

/**
 * The shape that stands for an attempt.
 *
 * @param ended whether the job died with it
 */
export function shapeOf(outcome: string, ended: boolean): string {
  return STATE_OF[outcome] ?? (ended ? "dead" : "retrying");
}

const BAR: Record<string, string> = {
  running: "bg-running",
  completed: "bg-completed",
  cancelled: "bg-cancelled",
  snoozed: "bg-scheduled",
};

/** Ground of its part of the strip: whatever failed is red, also when it is tried again. */
export function barOf(outcome: string | null): string {
  return BAR[outcome ?? ""] ?? "bg-dead";
}
