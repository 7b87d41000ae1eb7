import { stored, useStored } from "./storage";

/** `local`, `utc`, or an IANA name such as `Europe/Berlin`. */
export type ZoneChoice = string;

export function isZone(text: string): text is ZoneChoice {
  if (text === "local" || text === "utc") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

export const zoneChoice = stored<ZoneChoice>("zone", "local", isZone);

/** The IANA name that a choice stands for. */
export function zoneName(choice: ZoneChoice): string {
  if (choice === "utc") return "UTC";
  if (choice === "local") return localZone();
  return choice;
}

// Asking costs a hundred times as much as remembering, and each time on the page asks.
let local = "";
let askedAt = Number.NEGATIVE_INFINITY;

function localZone(): string {
  const now = performance.now();
  if (now - askedAt > 10_000) {
    local = new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    askedAt = now;
  }
  return local;
}

/** The IANA name of the zone in which this browser shows times. */
export function useZone(): string {
  return zoneName(useStored(zoneChoice));
}

/** Every zone this browser knows; `UTC` alone where it cannot list them. */
export function zoneNames(): string[] {
  return typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : ["UTC"];
}

/** Minutes that the clock of a zone is ahead of UTC at an instant. */
export function offsetMinutes(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const field = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(
    field("year"),
    field("month") - 1,
    field("day"),
    field("hour"),
    field("minute"),
    field("second"),
  );
  return Math.round((wall - Math.floor(at / 1000) * 1000) / 60_000);
}

export interface Instant {
  /** Milliseconds since 1970. */
  at: number;
  /** `gap`: the clock skips this time, the instant is as much later; `overlap`: it comes twice, this is the first. */
  note: "once" | "gap" | "overlap";
}

/**
 * The instant of a wall clock time.
 *
 * @param wall as `<input type="datetime-local">` gives it: `2026-03-29T02:30` or with seconds
 * @param zone an IANA name
 * @returns the instant, or null if the text is no time
 */
export function instantOf(wall: string, zone: string): Instant | null {
  const utc = Date.parse(`${wall}Z`);
  if (Number.isNaN(utc)) return null;
  // The offset before and after any change that is near: 24 hours are more than any offset.
  const before = offsetMinutes(zone, utc - 86_400_000);
  const after = offsetMinutes(zone, utc + 86_400_000);
  const candidates = [before, after].map((minutes) => ({ minutes, at: utc - minutes * 60_000 }));
  const fits = candidates.filter(({ minutes, at }) => offsetMinutes(zone, at) === minutes);
  const first = fits[0];
  if (!first) return { at: utc - before * 60_000, note: "gap" };
  const twice = before !== after && fits.length === 2;
  return { at: Math.min(...fits.map(({ at }) => at)), note: twice ? "overlap" : "once" };
}

const WITH_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/i;
const DAY_ALONE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * The instant that somebody wrote: with an offset of its own, or on the clock of a zone.
 *
 * @param text `2026-03-29T02:30Z`, `2026-03-29T02:30`, `2026-03-29`
 * @param zone an IANA name
 * @returns milliseconds since 1970, or null if the text is no time
 */
export function writtenInstant(text: string, zone: string): number | null {
  const wall = DAY_ALONE.test(text) ? `${text}T00:00` : text;
  if (!WITH_OFFSET.test(wall)) return instantOf(wall, zone)?.at ?? null;
  const at = Date.parse(wall);
  return Number.isNaN(at) ? null : at;
}
