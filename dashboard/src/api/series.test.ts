import { describe, expect, it } from "vitest";
import { seriesOf } from "@/test/rows";
import { endedOf, sumOf, throughputOf, timesOf } from "./series";

const one = seriesOf({ "": { completed: [10, 0, 30], failed: [3, 0, 1], retried: [2, 0, 1], dead: [1, 0, 2] } })
  .series[0];
if (!one) throw new Error("no series");

describe("history", () => {
  it("tells apart what completed, is tried again, and died", () => {
    expect(endedOf(one)).toEqual({ completed: [10, 0, 30], retried: [2, 0, 1], dead: [1, 0, 2] });
    expect(endedOf(undefined)).toEqual({ completed: [], retried: [], dead: [] });
  });

  it("counts the attempts that ended", () => {
    expect(throughputOf(one)).toEqual([13, 0, 31]);
    expect(sumOf([1, null, 2])).toBe(3);
  });

  it("has times in milliseconds", () => {
    expect(timesOf(seriesOf({}, 2))).toEqual([Date.parse("2026-11-30T12:00:00Z"), Date.parse("2026-11-30T12:01:00Z")]);
  });
});
