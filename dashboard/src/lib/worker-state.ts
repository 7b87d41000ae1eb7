/** Whether a worker lives, in the order in which the page lists them. */
export const WORKER_STATES = ["living", "draining", "lost", "ended"] as const;

export type WorkerState = (typeof WORKER_STATES)[number];

/** Whether its process runs, as far as the store knows. */
export function isAlive(state: WorkerState): boolean {
  return state === "living" || state === "draining";
}
