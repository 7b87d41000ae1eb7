import { nearest } from "./nearest";
import {
  DURATION_KEYS,
  FaultError,
  type FaultKind,
  isOneOf,
  NUMBER_KEYS,
  type Range,
  type Times,
  type Value,
} from "./terms";

/** In the order of `core/job.py`. */
export const STATES = [
  "scheduled",
  "pending",
  "running",
  "retrying",
  "blocked",
  "suspended",
  "completed",
  "cancelled",
  "dead",
] as const;

/** What states of other systems are here. */
const STATE_SYNONYMS = new Map([
  ["failed", "dead"],
  ["failure", "dead"],
  ["error", "dead"],
  ["discarded", "dead"],
  ["succeeded", "completed"],
  ["success", "completed"],
  ["successful", "completed"],
  ["done", "completed"],
  ["finished", "completed"],
  ["queued", "pending"],
  ["ready", "pending"],
  ["available", "pending"],
  ["waiting", "pending"],
  ["active", "running"],
  ["started", "running"],
  ["executing", "running"],
  ["delayed", "scheduled"],
  ["retry", "retrying"],
]);
/** Milliseconds, from the longest; the longest that divides a duration writes it. */
const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];
const MAX_MS = 10 ** 12;
const NUMBER = /^-?[0-9]{1,9}$/;
const DURATION = /^(?:[0-9]{1,12}(?:ms|[smhd]))+$/;
const PART = /([0-9]+)(ms|[smhd])/g;
const ID = /^[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
const ABSOLUTE = new RegExp(
  `^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T(${CLOCK})(?::([0-5][0-9])(?:\\.([0-9]{1,6}))?)?(Z|[+-]${CLOCK})?)?$`,
);
const DAY_US = 86_400_000_000n;

/** Read a value of a key that is no plain word. */
export function readValue(key: string, text: string, start: number, end: number): Value {
  if (key === "state") {
    if (isOneOf(STATES, text)) return { type: "word", text, pattern: false };
    throw new FaultError("bad_state", start, end, STATE_SYNONYMS.get(text) ?? nearest(text, STATES));
  }
  if (key === "worker") {
    if (!ID.test(text)) throw new FaultError("bad_worker", start, end);
    return { type: "word", text: dashed(text), pattern: false };
  }
  if (isOneOf(NUMBER_KEYS, key)) return readRange(text, start, end, readNumber, "bad_number");
  if (isOneOf(DURATION_KEYS, key)) return readRange(text, start, end, durationMs, "bad_duration");
  return readTimes(text, start, end);
}

export function writeRange(key: string, { low, high, with_low, with_high }: Range): string {
  const write = isOneOf(DURATION_KEYS, key) ? writeDuration : String;
  if (low !== null && high !== null) {
    return low === high && isOneOf(NUMBER_KEYS, key) ? write(low) : `${write(low)}..${write(high)}`;
  }
  return low !== null ? `>${with_low ? "=" : ""}${write(low)}` : `<${with_high ? "=" : ""}${write(high ?? 0)}`;
}

export function writeTimes({ low, high }: Times): string {
  return low !== null && low === high && DATE.test(low) ? low : `${low ?? ""}..${high ?? ""}`;
}

function dashed(uuid: string): string {
  const hex = uuid.replaceAll("-", "").toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function readNumber(text: string): number | null {
  // Not -0.
  return NUMBER.test(text) ? Number(text) + 0 : null;
}

/** Milliseconds of `90s`, `1h30m` or `500ms`; null if it is no duration. */
export function durationMs(text: string): number | null {
  if (!DURATION.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(PART))
    total += Number(count) * (UNITS.find(([u]) => u === unit)?.[1] ?? 0);
  return total <= MAX_MS ? total : null;
}

function writeDuration(ms: number): string {
  const [unit, size] = (ms === 0 ? undefined : UNITS.find(([, size]) => ms % size === 0)) ?? ["s", 1_000];
  return `${ms / size}${unit}`;
}

function readRange(
  text: string,
  start: number,
  end: number,
  read: (text: string) => number | null,
  kind: FaultKind,
): Range {
  const value = rangeOf(text, read, kind);
  if (value === null) {
    throw new FaultError(kind, start, end, kind === "bad_duration" && read(text) !== null ? `>${text}` : null);
  }
  if (value.low !== null && value.high !== null && value.low > value.high) {
    throw new FaultError("bad_range", start, end);
  }
  return value;
}

function rangeOf(text: string, read: (text: string) => number | null, kind: FaultKind): Range | null {
  const range: Range = { type: "range", low: null, high: null, with_low: true, with_high: true };
  const dots = text.indexOf("..");
  if (dots >= 0) {
    const [low, high] = [text.slice(0, dots), text.slice(dots + 2)];
    if (low) range.low = read(low);
    if (high) range.high = read(high);
    const wrong = (low && range.low === null) || (high && range.high === null) || !(low || high);
    return wrong ? null : range;
  }
  const operator = /^[<>]=?/.exec(text)?.[0];
  const bound = read(text.slice(operator?.length ?? 0));
  if (bound === null || (!operator && kind === "bad_duration")) return null;
  if (!operator) return { ...range, low: bound, high: bound };
  const equal = operator.endsWith("=");
  return operator.startsWith(">")
    ? { ...range, low: bound, with_low: equal }
    : { ...range, high: bound, with_high: equal };
}

function readTimes(text: string, start: number, end: number): Times {
  const dots = text.indexOf("..");
  const day = dots < 0 && DATE.test(text);
  const [low, high] = day ? [text, text] : [text.slice(0, Math.max(dots, 0)), text.slice(dots + 2)];
  const bounds = [low, high].filter((one) => one !== "");
  if ((dots < 0 && !day) || bounds.length === 0 || !bounds.every(isMoment)) {
    const single = text.replace(/^[<>=]+/, "");
    throw new FaultError("bad_time", start, end, single !== "" && isMoment(single) ? `${single}..` : null);
  }
  if (bounds.length > 1 && isReversed(low, high)) throw new FaultError("bad_range", start, end);
  return { type: "times", low: low || null, high: high || null };
}

function isRelative(text: string): boolean {
  return text === "now" || text.startsWith("+") || text.startsWith("-");
}

function isMoment(text: string): boolean {
  if (text === "now") return true;
  return isRelative(text) ? durationMs(text.slice(1)) !== null : absoluteUs(text) !== null;
}

/** Whether a range is empty, whatever the time is; its end is not part of it. */
function isReversed(low: string, high: string): boolean {
  return isRelative(low) === isRelative(high) && offsetUs(low) >= offsetUs(high) + (DATE.test(high) ? DAY_US : 0n);
}

function offsetUs(text: string): bigint {
  if (text === "now") return 0n;
  if (!isRelative(text)) return absoluteUs(text) ?? 0n;
  return BigInt(durationMs(text.slice(1)) ?? 0) * (text.startsWith("-") ? -1_000n : 1_000n);
}

/** Microseconds since 1970; null if it is no time. */
function absoluteUs(text: string): bigint | null {
  const found = ABSOLUTE.exec(text);
  if (!found) return null;
  const [, year, month, day, clock = "00:00", seconds = "00", fraction = "0", zone = "Z"] = found;
  const [hours, minutes] = clock.split(":");
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hours), Number(minutes), Number(seconds));
  // A day that the month does not have, and years before 100, became other ones.
  const date = new Date(local);
  if (date.getUTCFullYear() !== Number(year) || date.getUTCMonth() !== Number(month) - 1) return null;
  if (date.getUTCDate() !== Number(day)) return null;
  const ms = local - zoneMs(zone);
  const utcYear = new Date(ms).getUTCFullYear();
  return utcYear >= 1970 && utcYear <= 9998 ? BigInt(ms) * 1_000n + BigInt(fraction.padEnd(6, "0")) : null;
}

function zoneMs(zone: string): number {
  if (zone === "Z") return 0;
  const [hours, minutes] = zone.slice(1).split(":");
  return (Number(hours) * 60 + Number(minutes)) * (zone.startsWith("-") ? -60_000 : 60_000);
}
