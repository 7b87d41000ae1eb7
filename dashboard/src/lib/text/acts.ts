import { words as place } from "./move";
import { plural } from "./plural";
import { words as time } from "./reschedule";

type Act = "retry" | "cancel" | "delete";

const jobs = (n: number) => `${n} ${plural(n, { one: "job", other: "jobs" })}`;

const DONE: Record<Act, string> = { retry: "Retried", cancel: "Cancelled", delete: "Deleted" };
const VERB: Record<Act | "reschedule" | "move", string> = {
  retry: "Retry",
  cancel: "Cancel",
  delete: "Delete",
  reschedule: "Reschedule",
  move: "Move",
};
const NONE_FIT: Record<Act | "reschedule" | "move", string> = {
  retry: "Only jobs that are dead, scheduled or retrying can be retried",
  cancel: "Only jobs that have not ended can be cancelled",
  delete: "Only jobs that have ended can be deleted: cancel them first",
  reschedule: time.notWaiting,
  move: place.notWaiting,
};
const CONSEQUENCE: Record<Act, string> = {
  retry: "Dead jobs start a new round; scheduled and retrying ones become due now.",
  cancel: "Jobs that wait never run; running ones are asked to stop, and their workers decide when.",
  delete: "The jobs, their attempts and results are removed. This cannot be taken back.",
};
const CONSEQUENCE_OF_ONE: Record<Act, string> = {
  retry: "A dead job starts a new round; a scheduled or retrying one becomes due now.",
  cancel: "A job that waits never runs; a running one is asked to stop, and its worker decides when.",
  delete: "The job, its attempts and its result are removed. This cannot be taken back.",
};

/** Words of what is done to jobs by hand. */
export const acts = {
  verb: (act: Act | "reschedule" | "move") => VERB[act],
  /** A retry of a job that waits for its time. */
  runNow: "Run now",
  dueNowTask: (task: string) => `${task} is due now`,
  verbOf: (act: Act, n: number) => `${VERB[act]} ${jobs(n)}`,
  noneFit: (act: Act | "reschedule" | "move") => NONE_FIT[act],
  question: (act: Act, n: number) => `${VERB[act]} ${jobs(n)}?`,
  consequence: (act: Act, n: number) => (n === 1 ? CONSEQUENCE_OF_ONE : CONSEQUENCE)[act],
  onlySome: (fit: number, others: number) =>
    `This fits ${fit} of them; ${others} ${plural(others, { one: "is", other: "are" })} left as ${plural(others, { one: "it is", other: "they are" })}.`,
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
