import { plural } from "./plural";

type Act = "retry" | "cancel" | "delete" | "purge" | "reschedule";
type State = "waiting" | "running" | "done" | "stopped" | "undone" | "failed";

const jobs = (n: number, formatted: string) => `${formatted} ${plural(n, { one: "job", other: "jobs" })}`;

const VERB: Record<Act, string> = {
  retry: "Retry",
  cancel: "Cancel",
  delete: "Delete",
  purge: "Purge",
  reschedule: "Reschedule",
};
const DOING: Record<Act, string> = {
  retry: "Retrying",
  cancel: "Cancelling",
  delete: "Deleting",
  purge: "Purging",
  reschedule: "Rescheduling",
};
const DONE: Record<Act, string> = {
  retry: "Retried",
  cancel: "Cancelled",
  delete: "Deleted",
  purge: "Purged",
  reschedule: "Rescheduled",
};
const STATE: Record<State, string> = {
  waiting: "Waiting",
  running: "Running",
  done: "Done",
  stopped: "Stopped",
  undone: "Undone",
  failed: "Failed",
};
const FIT: Record<Act, string> = {
  retry: "Dead jobs start a new round; scheduled and retrying ones become due now.",
  cancel: "Jobs that wait are cancelled; running ones are asked to stop.",
  delete: "The jobs, their attempts and results are removed.",
  purge: "Jobs that wait are cancelled and removed; ended ones are removed.",
  reschedule: "Jobs that wait are due at another time; those that expire before are left.",
};
const OUTCOME: Record<string, string> = {
  new_round: "New round",
  due_now: "Due now",
  cancelled: "Cancelled",
  requested: "Asked to stop",
  deleted: "Deleted",
  not_found: "Left: it no longer existed",
  conflict: "Left: its state did not allow it",
  final: "Left: it had ended",
  changed: "Left: its state had changed",
  rescheduled: "Rescheduled",
  expires: "Left: it expires before the new time",
  moving: "Left: it kept changing",
};

/** Words of operations on many jobs. */
export const words = {
  title: "Bulk operations",
  what: "bulk operations",
  list: "Bulk operations",
  state: (state: State) => STATE[state],
  verb: (act: Act) => VERB[act],
  outcome: (name: string | null) => (name === null ? "Not yet" : (OUTCOME[name] ?? name)),
  // Selection
  selectAll: (formatted: string) => `Select all ${formatted} that match`,
  allSelected: (formatted: string) => `All ${formatted} that match`,
  // Dialog
  question: (act: Act, n: number, formatted: string) => `${VERB[act]} ${jobs(n, formatted)}?`,
  questionOpen: (act: Act) => `${VERB[act]} all that match?`,
  verbOf: (act: Act, n: number, formatted: string) => `${VERB[act]} ${jobs(n, formatted)}`,
  verbAtLeast: (act: Act, formatted: string) => `${VERB[act]} ${formatted} or more jobs`,
  atLeast: (formatted: string) => `At least ${formatted} jobs match; all of them are meant.`,
  frozen: "Jobs that are enqueued from now on are not touched.",
  fit: (act: Act) => FIT[act],
  none: "No job that matches allows this.",
  counting: "Counting",
  filterIs: "Filter",
  everyJob: "all jobs",
  jobsAre: "Jobs",
  selected: (n: number, formatted: string) => `${formatted} selected ${plural(n, { one: "job", other: "jobs" })}`,
  dueAt: "Due at",
  sample: "The newest of them",
  sampleMore: (formatted: string) => `and ${formatted} more`,
  optional: "optional",
  reasonHint: "Others see it with the operation.",
  rate: "Rate",
  rateHint: "Jobs per second at most.",
  back: "Back",
  rateWrong: "A whole number from 1 to 100,000.",
  copyAs: "Copy as",
  curl: "cURL",
  cli: "Command",
  python: "Python",
  copied: "Copied",
  // Purge of a queue
  purgeTitle: (queue: string) => `Purge ${queue}?`,
  purgeHint: "Jobs of these states are removed, with their attempts and results. Jobs that wait never run.",
  purgeRuns: (n: number, formatted: string) =>
    `${jobs(n, formatted)} ${plural(n, { one: "is", other: "are" })} running and ${plural(n, { one: "goes", other: "go" })} on.`,
  purgeStates: "States",
  purgeCounting: "counting",
  purgeType: (queue: string) => `Type ${queue} to confirm`,
  purgeNoState: "Choose a state that has jobs",
  purgeVerb: (n: number | null, formatted: string) => (n === null ? "Purge queue" : `Purge ${jobs(n, formatted)}`),
  purgeUndo: "It begins after 8 seconds, in which it can be taken back.",
  // Line and messages
  region: "Bulk operations in progress",
  willDo: (act: Act, n: number, formatted: string | null, seconds: string) =>
    `${DOING[act]} ${formatted === null ? "jobs" : jobs(n, formatted)} in ${seconds}`,
  doing: (act: Act, done: string, total: string) => `${DOING[act]} jobs: ${done} of ${total}`,
  collecting: (act: Act, found: string) => `${DOING[act]} jobs: ${found} found so far`,
  begins: (act: Act) => `${DOING[act]} jobs`,
  undo: "Undo",
  stop: "Stop",
  stopTitle: "Stop this operation?",
  stopVerb: "Stop operation",
  details: "Details",
  others: (n: number) => `${n} more`,
  undone: "Undone: no job was touched",
  stopped: (n: number, formatted: string) => `Stopped after ${jobs(n, formatted)}; the others are untouched`,
  /** "Deleted 3,412 jobs". */
  ended: (act: Act, n: number, formatted: string) => `${DONE[act]} ${jobs(n, formatted)}`,
  leftSome: (n: number, formatted: string) =>
    `${jobs(n, formatted)} no longer fitted and ${plural(n, { one: "was", other: "were" })} left`,
  failed: "The operation failed",
  cannotUndo: "It could not be undone",
  cannotStop: "It could not be stopped",
  // Page
  action: "Action",
  stateHead: "State",
  filter: "Jobs",
  named: "named jobs",
  progress: "Progress",
  actor: "By",
  accepted: "Accepted",
  began: "Began",
  endedAt: "Ended",
  rateIs: "Rate",
  perSecond: (n: string) => `${n}/s`,
  noRate: "no limit",
  progressOf: (done: string, total: string) => `${done} of ${total}`,
  leftOf: (n: string) => `${n} left`,
  name: (act: Act, id: string) => `${VERB[act]} ${id.slice(0, 8)}`,
  noneYet: "No bulk operation yet",
  noneYetHint:
    "Select a job in the list and then all that match, and retry, cancel, delete or reschedule them at once. Operations are kept for 7 days after their end.",
  toJobs: "Go to jobs",
  older: "Show older",
  results: "Results",
  all: "All",
  left: "Left",
  outcomes: "What became of the jobs",
  job: "Job",
  outcomeHead: "Outcome",
  resultsWhat: "results",
  noResults: "No job to show",
  moreResults: "Show more",
  gone: "This operation no longer exists",
} as const;
