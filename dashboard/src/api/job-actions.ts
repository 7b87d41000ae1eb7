import type { NewPlace } from "@/lib/place";
import { client, take } from "./client";
import { Refused } from "./refused";

export type JobAction = "retry" | "cancel" | "delete";
/** What can be done to many jobs in the background. */
export type BulkAct = JobAction | "reschedule" | "move";

/** A job that something is done to, as far as the page knows it. */
export interface ActTarget {
  id: string;
  task: string;
  state: string;
}

/** What pages do jobs with; the frame gives it to them. */
export interface JobActs {
  /**
   * Do something to jobs, once it is said why; what can be taken back is done at once.
   *
   * @returns ids of those to which it was done
   */
  act: (action: JobAction, targets: readonly ActTarget[]) => Promise<readonly string[]>;
  /** What is under way. */
  busy: JobAction | null;
}

/** What came of one job. */
export interface ActResult {
  id: string;
  /** What was done: `new_round`, `due_now`, `cancelled`, `requested`, `deleted`; null if nothing was. */
  answer: string | null;
  /** Why nothing was done; null if it was. */
  problem: { code: string; detail: string } | null;
}

/** Most jobs of one request. */
export const MOST_JOBS = 200;

const ALLOWED: Record<JobAction, readonly string[]> = {
  retry: ["dead", "scheduled", "retrying"],
  cancel: ["pending", "running", "scheduled", "retrying", "blocked", "suspended"],
  delete: ["completed", "cancelled", "dead"],
};

/** Whether the server does this to a job in that state. */
export function allowedIn(action: JobAction, state: string): boolean {
  return ALLOWED[action].includes(state);
}

const WAITS = ["pending", "scheduled", "retrying"];

/** Whether a job in that state can be given another time, queue or priority. */
export function waitsIn(state: string): boolean {
  return WAITS.includes(state);
}

/** Whether an operation on many jobs does something to one in that state. */
export function fitsIn(act: BulkAct, state: string): boolean {
  return act === "reschedule" || act === "move" ? waitsIn(state) : allowedIn(act, state);
}

/** Whether a retry of a job in that state makes it due now, and begins no new round. */
export function isDueLater(state: string): boolean {
  return state === "scheduled" || state === "retrying";
}

/** Give a job that waits another time. */
export function rescheduleJob(id: string, runAt: string, reason: string | null) {
  const path = { job_id: id };
  return take(client.PATCH("/api/v1/jobs/{job_id}", { params: { path }, body: { run_at: runAt, reason } }));
}

/** Give a job that waits another queue, another priority, or both. */
export function moveJob(id: string, to: NewPlace, reason: string | null) {
  const path = { job_id: id };
  return take(client.PATCH("/api/v1/jobs/{job_id}", { params: { path }, body: { ...to, reason } }));
}

const PATH = { retry: "/api/v1/jobs/retry", cancel: "/api/v1/jobs/cancel", delete: "/api/v1/jobs/delete" } as const;

/** Do one thing to several jobs in one request; what cannot be done to one does not keep it from the others. */
export async function actOnJobs(
  action: JobAction,
  ids: readonly string[],
  reason: string | null,
): Promise<ActResult[]> {
  try {
    const { items } = await take(client.POST(PATH[action], { body: { ids: [...ids], reason } }));
    return items.map(({ id, ok, answer, code, detail }) => ({
      id,
      answer,
      problem: ok ? null : { code: code ?? "", detail: detail ?? "" },
    }));
  } catch (failure) {
    // The request as a whole was refused or got lost: so it is for each of them.
    const code = failure instanceof Refused ? failure.code : "unreachable";
    const detail = failure instanceof Error ? failure.message : String(failure);
    return ids.map((id) => ({ id, answer: null, problem: { code, detail } }));
  }
}
