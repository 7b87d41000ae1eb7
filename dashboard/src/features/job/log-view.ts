import { LEVELS, type LogLevel, type LogLine } from "@/api/logs";
import { withoutColours } from "@/lib/ansi";
import { visible } from "@/lib/visible";

/** One row of the list: a line, where an attempt begins, or how many lines are missing there. */
export type LogRow =
  | { kind: "line"; id: string; line: LogLine }
  | { kind: "attempt"; id: string; line: LogLine }
  | { kind: "missing"; id: string; count: number };

export interface LogFilter {
  level: LogLevel;
  /** In lower case. */
  text: string;
  /** Claim of the attempt; null: all. */
  lease: number | null;
}

export const ALL: LogFilter = { level: "debug", text: "", lease: null };

export function isFiltered({ level, text }: LogFilter): boolean {
  return level !== "debug" || text !== "";
}

/** What is shown, in order. Missing lines are shown where every line is: a filter leaves out others. */
export function rowsOf(lines: readonly LogLine[], filter: LogFilter): LogRow[] {
  const least = LEVELS.indexOf(filter.level);
  const whole = !isFiltered(filter);
  const rows: LogRow[] = [];
  let before: LogLine | null = null;
  for (const line of lines) {
    if (filter.lease !== null && line.lease_no !== filter.lease) continue;
    if (LEVELS.indexOf(line.level) < least || !holds(line, filter.text)) continue;
    const id = `${line.lease_no}.${line.seq}`;
    const same: boolean = before?.lease_no === line.lease_no;
    if (!same) rows.push({ kind: "attempt", id: `a${line.lease_no}`, line });
    const gone = line.seq - (same && before ? before.seq : 0) - 1;
    if (whole && gone > 0) rows.push({ kind: "missing", id: `m${id}`, count: gone });
    rows.push({ kind: "line", id, line });
    before = line;
  }
  return rows;
}

/** The attempts that have lines, in order. */
export function attemptsOf(lines: readonly LogLine[]): LogLine[] {
  return lines.filter((line, index) => line.lease_no !== lines[index - 1]?.lease_no);
}

function holds(line: LogLine, text: string): boolean {
  if (text === "") return true;
  return (
    withoutColours(line.message).toLowerCase().includes(text) ||
    (line.fields !== null && JSON.stringify(line.fields).toLowerCase().includes(text))
  );
}

/** What was given beside the message, and a traceback; both as text. */
export function detailsOf({ fields }: LogLine): { pairs: [string, string][]; trace: string | null } {
  const pairs: [string, string][] = [];
  let trace: string | null = null;
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (name === "exception" && typeof value === "string") trace = visible(value);
    else pairs.push([visible(name), visible(typeof value === "string" ? value : (JSON.stringify(value) ?? "null"))]);
  }
  return { pairs, trace };
}

/** Lines as text, as they are copied: without colours, what follows the first line indented. */
export function textOf(rows: readonly LogRow[], attemptName: (line: LogLine) => string): string {
  const parts: string[] = [];
  for (const row of rows) {
    if (row.kind === "attempt") parts.push(`--- ${attemptName(row.line)} ---`);
    if (row.kind !== "line") continue;
    const { pairs, trace } = detailsOf(row.line);
    const [first = "", ...more] = visible(withoutColours(row.line.message)).split("\n");
    const beside = pairs.map(([name, value]) => `  ${name}=${value}`).join("");
    parts.push(`${row.line.at} ${row.line.level.padEnd(8)} ${first}${beside}`);
    for (const below of [...more, ...(trace?.split("\n") ?? [])]) parts.push(`    ${below}`);
  }
  return parts.map((part) => `${part}\n`).join("");
}
