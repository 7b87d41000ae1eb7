import { describe, expect, it } from "vitest";
import { niceTop } from "./scale";

describe("niceTop", () => {
  it.each([
    [0, 2],
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [11, 12],
    [13, 16],
    [20, 20],
    [96, 100],
    [112_400, 120_000],
  ])("of %d jobs is %d, which is even", (high, top) => {
    expect(niceTop(high, "count")).toBe(top);
  });

  it.each([
    [0, 1],
    [0.0004, 0.002],
    [0.0025, 0.004],
    [0.0031, 0.004],
    [0.3, 0.3],
    [0.416, 0.5],
    [38, 40],
    [47, 60],
    [61, 120],
    [90_000, 172_800],
    [200_000, 345_600],
  ])("of %d seconds is %d", (high, top) => {
    expect(niceTop(high, "seconds")).toBeCloseTo(top, 9);
  });
});

it.each([
  [0, 0.02],
  [0.03, 0.04],
  [0.3, 0.4],
  [0.75, 1],
  [1, 1],
])("the axis of a share of %d ends at %d", (high, top) => {
  expect(niceTop(high, "share")).toBe(top);
});
