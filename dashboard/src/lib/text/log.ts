import { plural } from "./plural";

/** Words of the log of a job. */
export const log = {
  tab: "Logs",
  what: "the log of this job",
  lines: "Log lines",
  toolbar: "Filter and use of the log",
  search: "Search the log",
  level: "Lowest level",
  least: (level: string) =>
    level === "debug" ? "All levels" : level === "critical" ? "Critical" : `${upper(level)} and above`,
  attempts: "Attempts",
  everyAttempt: "All attempts",
  attempt: (n: number, round: number) => (round > 1 ? `Attempt ${n} of round ${round}` : `Attempt ${n}`),
  follow: "Follow",
  pause: "Pause",
  copy: "Copy the lines",
  download: "Download the log",
  missing: (n: number) => `${n} ${plural(n, { one: "line is", other: "lines are" })} not stored`,
  none: "No log lines",
  notStarted: "The job has not started. What its handler writes with ctx.log will appear here.",
  noneYet: "Lines that the handler writes with ctx.log appear here once the attempt has run for two seconds.",
  noneHint:
    "Lines of ctx.log are kept if an attempt fails or runs longer than two seconds. TASKFLOW_JOB_LOGS=all keeps those of every attempt.",
  noMatch: "No line matches",
  noMatchHint: (n: number) => `The log has ${n} ${plural(n, { one: "line", other: "lines" })}.`,
  clear: "Show all lines",
  tooMany: (n: number) => `Only the first ${n} lines are shown. Download the log to read all of it.`,
} as const;

function upper(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
