/** The nine states of a job, in the order in which the page lists them. */
export const STATES = [
  "pending",
  "running",
  "scheduled",
  "retrying",
  "blocked",
  "suspended",
  "completed",
  "cancelled",
  "dead",
] as const;

export type JobState = (typeof STATES)[number];

/** States that this version of the server can answer with; `blocked` and `suspended` are reserved. */
export const SERVED_STATES = [
  "pending",
  "running",
  "scheduled",
  "retrying",
  "completed",
  "cancelled",
  "dead",
] as const satisfies readonly JobState[];

const FINAL: ReadonlySet<string> = new Set<JobState>(["completed", "cancelled", "dead"]);

export function isState(value: string): value is JobState {
  return (STATES as readonly string[]).includes(value);
}

export function isFinal(state: string): boolean {
  return FINAL.has(state);
}

// Whole class names, as Tailwind reads them from the source: a name put together at run time has no rule.
export const STATE_TEXT: Record<JobState, string> = {
  scheduled: "text-scheduled",
  pending: "text-pending",
  running: "text-running",
  retrying: "text-retrying",
  completed: "text-completed",
  cancelled: "text-cancelled",
  dead: "text-dead",
  blocked: "text-blocked",
  suspended: "text-suspended",
};

export const STATE_BG: Record<JobState, string> = {
  scheduled: "bg-scheduled",
  pending: "bg-pending",
  running: "bg-running",
  retrying: "bg-retrying",
  completed: "bg-completed",
  cancelled: "bg-cancelled",
  dead: "bg-dead",
  blocked: "bg-blocked",
  suspended: "bg-suspended",
};

export const STATE_FILL: Record<JobState, string> = {
  scheduled: "fill-scheduled",
  pending: "fill-pending",
  running: "fill-running",
  retrying: "fill-retrying",
  completed: "fill-completed",
  cancelled: "fill-cancelled",
  dead: "fill-dead",
  blocked: "fill-blocked",
  suspended: "fill-suspended",
};
