import { clockMinutes, dayAndClock } from "@/lib/format";
import { isRange, type Range as LastRange, RANGES, rangeSeconds, rangeSpan, rangeStep } from "@/lib/range";
import { words } from "@/lib/text/jobs";
import { range as rangeWords } from "@/lib/text/range";

/** A range of time as it stands in the URL: `24h`, or `2026-11-30T06:00Z..2026-11-30T07:00Z` with one end open at most. */
export type Range =
  | { kind: "any" }
  | { kind: "last"; name: LastRange }
  | { kind: "between"; from: number | null; to: number | null };

export const ANY: Range = { kind: "any" };

export function last(name: LastRange): Range {
  return { kind: "last", name };
}

export function parseRange(text: string | undefined): Range {
  if (!text) return ANY;
  if (isRange(text)) return last(text);
  const [from, to, ...rest] = text.split("..");
  if (rest.length > 0 || to === undefined) return ANY;
  return between(from ? Date.parse(from) : null, to ? Date.parse(to) : null);
}

/** A range with two ends; what is no range is no limit. */
export function between(from: number | null, to: number | null): Range {
  const bad = Number.isNaN(from) || Number.isNaN(to) || (from !== null && to !== null && to <= from);
  return bad || (from === null && to === null) ? ANY : { kind: "between", from, to };
}

export function formatRange(range: Range): string | undefined {
  if (range.kind === "any") return undefined;
  if (range.kind === "last") return range.name;
  return `${isoText(range.from)}..${isoText(range.to)}`;
}

function isoText(at: number | null): string {
  return at === null ? "" : new Date(at).toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

export interface Bounds {
  from: number | null;
  to: number | null;
}

/** The instants of a range; `last` ends with the present and keeps that end open, so that new jobs belong to it. */
export function boundsOf(range: Range, now: number): Bounds {
  if (range.kind === "any") return { from: null, to: null };
  if (range.kind === "last") return { from: now - rangeSeconds(range.name) * 1000, to: null };
  return { from: range.from, to: range.to };
}

export interface Window {
  from: number;
  to: number;
  /** Seconds of a bar. */
  step: number;
  /** Whether it ends with the present. */
  live: boolean;
}

const STEPS = [60, 120, 240, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400];
const MOST_BARS = 96;
/** Of the bars, where the list has no range. */
export const DEFAULT: LastRange = "24h";

/** What the bars show: at most 96 of whole steps; the last 24 hours where no range is chosen. */
export function windowOf(range: Range, now: number): Window {
  if (range.kind !== "between") {
    const name = range.kind === "last" ? range.name : DEFAULT;
    return { ...rangeSpan(name, now), step: rangeStep(name), live: true };
  }
  const end = Math.min(range.to ?? now, now);
  const start = Math.min(range.from ?? end - 86_400_000, end - 60_000);
  const step = STEPS.find((seconds) => (end - start) / (seconds * 1000) <= MOST_BARS) ?? 86_400;
  const to = Math.ceil(end / (step * 1000)) * step * 1000;
  const bars = Math.min(MOST_BARS, Math.ceil((to - start) / (step * 1000)));
  return { from: to - bars * step * 1000, to, step, live: range.to === null || range.to >= now };
}

/** "Last 24 hours", "30 Nov, 18:20 – 19:05", "Any time". */
export function rangeWord(range: Range, zone: string): string {
  if (range.kind === "any") return words.anyTime;
  if (range.kind === "last") return rangeWords.last[range.name];
  const { from, to } = range;
  if (from === null) return words.until(dayAndClock(to ?? 0, zone));
  if (to === null) return words.since(dayAndClock(from, zone));
  const start = dayAndClock(from, zone);
  const end = dayAndClock(to, zone);
  const sameDay = start.split(",")[0] === end.split(",")[0];
  return words.fromTo(start, sameDay ? clockMinutes(to, zone) : end);
}

/** The same inside of a sentence: "in the last 24 hours"; nothing where there is no limit. */
export function rangeInSentence(range: Range, zone: string): string {
  if (range.kind === "any") return "";
  if (range.kind === "last") return rangeWords.inLast[range.name];
  const { from, to } = range;
  if (from === null) return words.inUntil(dayAndClock(to ?? 0, zone));
  if (to === null) return words.inSince(dayAndClock(from, zone));
  return words.inRange(dayAndClock(from, zone), dayAndClock(to, zone));
}

/** Widen a range: the next one that the picker offers, or no limit. */
export function widened(range: Range): Range {
  if (range.kind !== "last") return ANY;
  const next = RANGES[RANGES.indexOf(range.name) + 1];
  return next ? last(next) : ANY;
}
