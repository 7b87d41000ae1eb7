import { expect, test } from "vitest";
import { boundsOf, formatRange, parseRange, rangeWord, widened, windowOf } from "./range";

const NOW = Date.parse("2026-11-30T12:07:30Z");
const BETWEEN = "2026-11-30T06:00Z..2026-11-30T07:30Z";

test.each(["24h", "15m", BETWEEN, "2026-11-30T06:00Z..", "..2026-11-30T07:00:05.123Z"])("%s round the URL", (text) => {
  expect(formatRange(parseRange(text))).toBe(text);
});

test.each([undefined, "", "23h", "x..y", "..", "2026-11-30T07:00Z..2026-11-30T06:00Z", "a..b..c"])(
  "%s is no range",
  (text) => {
    expect(parseRange(text)).toEqual({ kind: "any" });
    expect(formatRange(parseRange(text))).toBeUndefined();
  },
);

test("a range that ends with the present keeps that end open", () => {
  expect(boundsOf(parseRange("1h"), NOW)).toEqual({ from: NOW - 3_600_000, to: null });
  expect(boundsOf(parseRange(BETWEEN), NOW)).toEqual({
    from: Date.parse("2026-11-30T06:00Z"),
    to: Date.parse("2026-11-30T07:30Z"),
  });
  expect(boundsOf(parseRange(undefined), NOW)).toEqual({ from: null, to: null });
});

test.each([undefined, "15m", "1h", "6h", "24h", "7d", "30d", BETWEEN, "2026-11-01T00:00Z.."])(
  "the bars of %s are at most 96 and whole",
  (text) => {
    const { from, to, step } = windowOf(parseRange(text), NOW);
    const bars = (to - from) / (step * 1000);
    expect(Number.isInteger(bars)).toBe(true);
    expect(bars).toBeLessThanOrEqual(96);
    expect(bars).toBeGreaterThan(8);
  },
);

test("without a range the bars show the last day", () => {
  expect(windowOf(parseRange(undefined), NOW)).toEqual(windowOf(parseRange("24h"), NOW));
  expect(windowOf(parseRange(BETWEEN), NOW).live).toBe(false);
});

test("in words", () => {
  expect(rangeWord(parseRange(undefined), "UTC")).toBe("Any time");
  expect(rangeWord(parseRange("24h"), "UTC")).toBe("Last 24 hours");
  expect(rangeWord(parseRange(BETWEEN), "Europe/Berlin")).toBe("30 Nov, 07:00 – 08:30");
  expect(rangeWord(parseRange("2026-11-29T22:30Z..2026-11-29T23:30Z"), "Europe/Berlin")).toBe(
    "29 Nov, 23:30 – 30 Nov, 00:30",
  );
  expect(rangeWord(parseRange("2026-11-30T06:00Z.."), "UTC")).toBe("Since 30 Nov, 06:00");
  expect(rangeWord(parseRange("..2026-11-30T06:00Z"), "UTC")).toBe("Until 30 Nov, 06:00");
});

test("it is widened step by step, to no limit", () => {
  expect(formatRange(widened(parseRange("15m")))).toBe("1h");
  expect(formatRange(widened(parseRange("30d")))).toBeUndefined();
  expect(formatRange(widened(parseRange(BETWEEN)))).toBeUndefined();
});
