import { LEVELS, type LogLevel } from "@/api/logs";

/** What the log of a job keeps in the URL: `warning`, `1.2`, `warning 1.2 =any text`; undefined: all of it. */
export interface LogSearch {
  level: LogLevel;
  /** `round.attempt`; null: all. */
  attempt: string | null;
  text: string;
}

export const NO_SEARCH: LogSearch = { level: "debug", attempt: null, text: "" };
const FORM = /^(?:(debug|info|warning|error|critical)(?: |$))?(?:(\d{1,10}\.\d{1,10})(?: |$))?(?:=(.*))?$/s;

export function readLogSearch(text: string | undefined): LogSearch {
  const match = FORM.exec(text ?? "");
  if (!match) return NO_SEARCH;
  const level = LEVELS.find((one) => one === match[1]) ?? "debug";
  return { level, attempt: match[2] ?? null, text: match[3] ?? "" };
}

export function writeLogSearch({ level, attempt, text }: LogSearch): string | undefined {
  const parts = [level === "debug" ? "" : level, attempt ?? "", text === "" ? "" : `=${text}`];
  return parts.filter((part) => part !== "").join(" ") || undefined;
}
