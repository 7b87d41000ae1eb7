import { plural } from "./plural";

type Act = "retry" | "cancel" | "delete";

const jobs = (n: number) => `${n} ${plural(n, { one: "job", other: "jobs" })}`;

const DONE: Record<Act, string> = { retry: "Retried", cancel: "Cancelled", delete: "Deleted" };
const VERB: Record<Act, string> = { retry: "Retry", cancel: "Cancel", delete: "Delete" };
const NONE_FIT: Record<Act, string> = {
  retry: "Only jobs that are dead, scheduled or retrying can be retried",
  cancel: "Only jobs that have not ended can be cancelled",
  delete: "Only jobs that have ended can be deleted: cancel them first",
};

/** Words of what is done to jobs by hand. */
export const acts = {
  verb: (act: Act) => VERB[act],
  /** A retry of a job that waits for its time. */
  runNow: "Run now",
  dueNowTask: (task: string) => `${task} is due now`,
  verbOf: (act: Act, n: number) => `${VERB[act]} ${jobs(n)}`,
  noneFit: (act: Act) => NONE_FIT[act],
  deleteTitle: (n: number) => `Delete ${jobs(n)}?`,
  deleteHint: "The jobs, their attempts and results are removed. This cannot be taken back.",
  deleteOneHint: "The job, its attempts and its result are removed. This cannot be taken back.",
  deleteSome: (fit: number, others: number) =>
    `${fit} of them ${plural(fit, { one: "has", other: "have" })} ended and will be deleted; ${others} ${plural(others, { one: "has", other: "have" })} not and will be left.`,
  /** "Retried 2 jobs". */
  done: (act: Act, n: number) => `${DONE[act]} ${jobs(n)}`,
  doneTask: (act: Act, task: string) => `${DONE[act]} ${task}`,
  requested: (n: number) => `Asked ${n} running ${plural(n, { one: "job", other: "jobs" })} to stop`,
  requestedTask: (task: string) => `Asked ${task} to stop`,
  /** "Retried 2; 1 could not be: it is running". */
  mixed: (parts: string[], failed: number) => `${parts.join("; ")}; ${failed} could not be`,
  noneDone: (act: Act, n: number) => `${jobs(n)} could not be ${DONE[act].toLowerCase()}`,
  short: (act: Act, n: number) => `${DONE[act]} ${n}`,
  shortRequested: (n: number, first: boolean) => `${first ? "Asked" : "asked"} ${n} to stop`,
  failedOne: (act: Act, task: string) => `${task} could not be ${DONE[act].toLowerCase()}`,
  itIs: (state: string) => `It is ${state}`,
  whyCount: (why: string, n: number) => `${why} (${n})`,
  details: "Details",
  gone: "It no longer exists",
  cancelRunning: "A running job is asked to stop; its worker decides when.",
} as const;
