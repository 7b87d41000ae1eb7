// @vitest-environment node
import { describe, expect, test } from "vitest";
import {
  absolute,
  bytes,
  clock,
  clockMinutes,
  count,
  countAtLeast,
  countExactly,
  dayAndClock,
  duration,
  percent,
  rate,
  relative,
} from "./format";

const AT = Date.UTC(2026, 10, 30, 17, 20, 10, 884);

test.each([
  [0, "0 ms"],
  [0.0002, "<1 ms"],
  [0.001, "1 ms"],
  [0.84, "840 ms"],
  [0.9994, "999 ms"],
  [0.9996, "1.0 s"],
  [3.24, "3.2 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [42.4, "42 s"],
  [59.4, "59 s"],
  [59.7, "1 m 00 s"],
  [60, "1 m 00 s"],
  [248, "4 m 08 s"],
  [3599.9, "59 m 59 s"],
  [7500, "2 h 05 m"],
  [86_399, "23 h 59 m"],
  [86_400 * 3 + 4 * 3600, "3 d 04 h"],
  [-1.5, "−1.5 s"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("counts", () => {
  expect(count(1204)).toBe("1,204");
  expect(count(93_615)).toBe("93,615");
  expect(count(120_400)).toBe("120.4K");
  expect(count(1_284_031)).toBe("1.3M");
  expect(countExactly(1_284_031)).toBe("1,284,031");
  expect(countAtLeast(10_000)).toBe("10K+");
  expect(countAtLeast(500)).toBe("500+");
});

test("rates, shares and sizes", () => {
  expect([rate(1284.4), rate(3.24), rate(0.424), rate(0)]).toEqual(["1,284/s", "3.2/s", "0.42/s", "0/s"]);
  expect([rate(0.042), rate(0.0033), rate(0.0005)]).toEqual(["2.5/min", "0.2/min", "1.8/h"]);
  expect([percent(0.008), percent(0.123), percent(0.0001), percent(0)]).toEqual(["0.8 %", "12 %", "<0.1 %", "0 %"]);
  expect([bytes(512), bytes(12_400), bytes(1_300_000_000), bytes(999_600)]).toEqual([
    "512 B",
    "12.4 kB",
    "1.3 GB",
    "1 MB",
  ]);
});

test.each([
  [AT, "now"],
  [AT - 4_900, "now"],
  [AT - 25_000, "25 s ago"],
  [AT - 119_000, "1 m ago"],
  [AT - 3 * 3_600_000, "3 h ago"],
  [AT - 40 * 86_400_000, "40 d ago"],
  [AT + 61_000, "in 1 m"],
])("%d is %s", (at, text) => {
  expect(relative(at, AT)).toBe(text);
});

describe("times", () => {
  test("in their zone", () => {
    expect(clock(AT, "UTC")).toBe("17:20:10.884");
    expect(clock(AT, "Asia/Kolkata")).toBe("22:50:10.884");
    expect(dayAndClock(AT, "Pacific/Auckland")).toBe("1 Dec, 06:20");
    expect(absolute(AT, "UTC")).toBe("30 Nov 2026, 17:20:10.884 UTC");
  });

  test("midnight is 00:00, never 24:00", () => {
    expect(clockMinutes(Date.UTC(2026, 10, 30), "UTC")).toBe("00:00");
  });

  // Berlin: 2026-03-29 02:00 → 03:00 at 01:00 UTC, and 2026-10-25 03:00 → 02:00 at 01:00 UTC.
  test("either side of the change to summer time", () => {
    const change = Date.UTC(2026, 2, 29, 1);
    expect(clockMinutes(change - 60_000, "Europe/Berlin")).toBe("01:59");
    expect(clockMinutes(change, "Europe/Berlin")).toBe("03:00");
    expect(absolute(change, "Europe/Berlin")).toMatch(/^29 Mar 2026, 03:00:00\.000 (CEST|GMT\+2)$/);
  });

  test("the hour that comes twice is told apart by its zone", () => {
    const change = Date.UTC(2026, 9, 25, 1);
    expect(clockMinutes(change - 1_800_000, "Europe/Berlin")).toBe("02:30");
    expect(clockMinutes(change + 1_800_000, "Europe/Berlin")).toBe("02:30");
    expect(absolute(change - 1_800_000, "Europe/Berlin")).toMatch(/(CEST|GMT\+2)$/);
    expect(absolute(change + 1_800_000, "Europe/Berlin")).toMatch(/(CET|GMT\+1)$/);
  });
});
