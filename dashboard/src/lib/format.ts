import { time } from "./text/time";

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const ONE_DIGIT = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const UP_TO_ONE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const UP_TO_TWO = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });

/** What stands where nothing is known or nothing applies. */
export const NONE = "–";

/** `1,204`; from a hundred thousand `1.3M`. */
export function count(value: number): string {
  return Math.abs(value) < 100_000 ? GROUPED.format(value) : COMPACT.format(value);
}

/**
 * `120K`, `60K`: short enough for an axis.
 *
 * @param top the largest number beside it: all of them are shortened, or none
 */
export function countShort(value: number, top: number): string {
  return Math.abs(top) < 10_000 ? GROUPED.format(value) : COMPACT.format(value);
}

/** Every digit, with groups: `1,284,031`. */
export function countExactly(value: number): string {
  return GROUPED.format(value);
}

/** A lower bound: `10K+`. */
export function countAtLeast(value: number): string {
  return `${value < 10_000 ? GROUPED.format(value) : COMPACT.format(value)}+`;
}

/** `1,284/s`, `3.2/s`; what is rare in a larger unit of time: `2.5/min`, `4/h`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return time.perSecond("0");
  if (perSecond < 0.1 / 60) return time.perHour(UP_TO_ONE.format(perSecond * 3600));
  if (perSecond < 0.1) return time.perMinute(UP_TO_ONE.format(perSecond * 60));
  if (perSecond < 1) return time.perSecond(UP_TO_TWO.format(perSecond));
  return time.perSecond(perSecond < 10 ? UP_TO_ONE.format(perSecond) : count(perSecond));
}

/** A share of 1: `0.8 %`, `12 %`; what is more than nothing is never shown as `0 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return time.percent("<0.1");
  return time.percent(value < 10 ? UP_TO_ONE.format(value) : GROUPED.format(value));
}

/** `512 B`, `12.4 kB`, `1.3 GB`. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit > 0 && size < 99.95 ? UP_TO_ONE.format(size) : GROUPED.format(size)} ${units[unit]}`;
}

/** `840 ms`, `3.2 s`, `42 s`, `4 m 08 s`, `2 h 05 m`, `3 d 04 h`. */
export function duration(seconds: number): string {
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  if (size === 0) return time.milliseconds("0");
  if (size < 0.001) return `${sign}${time.milliseconds("<1")}`;
  if (size < 0.9995) return sign + time.milliseconds(GROUPED.format(size * 1000));
  if (size < 9.95) return sign + time.seconds(ONE_DIGIT.format(size));
  if (size < 59.5) return sign + time.seconds(GROUPED.format(size));
  // Cut from here on: what ran 59 m 59.6 s has not run an hour.
  const whole = Math.max(60, Math.floor(size));
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return sign + time.minutesAndSeconds(String(Math.floor(whole / 60)), pad(whole % 60));
  const minutes = Math.floor(whole / 60);
  if (whole < 86_400) return sign + time.hoursAndMinutes(String(Math.floor(minutes / 60)), pad(minutes % 60));
  const hours = Math.floor(whole / 3600);
  return sign + time.daysAndHours(GROUPED.format(Math.floor(hours / 24)), pad(hours % 24));
}

/** One unit: `40 s`, `5 m`, `3 h`, `12 d`. */
export function age(seconds: number): string {
  const size = Math.max(0, Math.floor(seconds));
  if (size < 60) return time.seconds(String(size));
  if (size < 3600) return time.minutes(String(Math.floor(size / 60)));
  if (size < 86_400) return time.hours(String(Math.floor(size / 3600)));
  return time.days(GROUPED.format(Math.floor(size / 86_400)));
}

/** `now`, `25 s ago`, `in 3 m`. Under five seconds both ways is `now`: clocks differ by more. */
export function relative(at: number, now: number): string {
  const seconds = (now - at) / 1000;
  if (Math.abs(seconds) < 5) return time.now;
  return seconds > 0 ? time.ago(age(seconds)) : time.ahead(age(-seconds));
}

type Fields = Intl.DateTimeFormatOptions;
const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(name: string, zone: string, fields: Fields): Intl.DateTimeFormat {
  const key = `${name} ${zone}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...fields });
    formats.set(key, format);
  }
  return format;
}

/** `30 Nov 2026, 18:20:10.884 GMT+1`. */
export function absolute(at: number, zone: string): string {
  const date = dateFormat("date", zone, { day: "numeric", month: "short", year: "numeric" }).format(at);
  const name = dateFormat("name", zone, { timeZoneName: "short" })
    .formatToParts(at)
    .find((part) => part.type === "timeZoneName");
  return `${date}, ${clock(at, zone)} ${name?.value ?? zone}`;
}

/** `18:20:10.884`. */
export function clock(at: number, zone: string): string {
  const fields: Fields = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };
  return dateFormat("clock", zone, fields).format(at);
}

/** `18:20:10`. */
export function clockSeconds(at: number, zone: string): string {
  return dateFormat("seconds", zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

/** `18:20`. */
export function clockMinutes(at: number, zone: string): string {
  return dateFormat("minutes", zone, { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** `30 Nov, 18:20`. */
export function dayAndClock(at: number, zone: string): string {
  return `${dateFormat("day", zone, { day: "numeric", month: "short" }).format(at)}, ${clockMinutes(at, zone)}`;
}

/**
 * The time of a point of a chart; with seconds where the points are closer than a minute: `18:20:10`.
 *
 * @param at of all points, in milliseconds
 */
export function pointTime(at: readonly number[], index: number, zone: string): string {
  const time = at[index] ?? 0;
  const span = (at.at(-1) ?? 0) - (at[0] ?? 0);
  return span < (at.length - 1) * 60_000 ? clockSeconds(time, zone) : dayAndClock(time, zone);
}

/**
 * A time on the axis of a chart: the clock, with seconds on a short axis; the day where the clock alone would not tell.
 *
 * @param span seconds of the whole axis
 */
export function axisTime(at: number, span: number, zone: string): string {
  if (span <= 600) return clockSeconds(at, zone);
  const minutes = clockMinutes(at, zone);
  if (span <= 129_600 && minutes !== "00:00") return minutes;
  const day = dateFormat("day", zone, { day: "numeric", month: "short" }).format(at);
  return span > 129_600 && minutes !== "00:00" ? `${day}, ${minutes}` : day;
}

/** A number and its unit apart, for type of two sizes: `3.2 s`, `1,284/s`. What is not one number and a unit stays whole. */
export function splitUnit(text: string): [string, string] {
  const match = /^([−<]?[\d.,]+[KMBT]?)\s?(\/s|\/min|\/h|%|ms|s|[kMGT]?B)$/.exec(text);
  return match ? [match[1] ?? text, match[2] ?? ""] : [text, ""];
}
