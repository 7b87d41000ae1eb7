import { describe, expect, it } from "vitest";
import { isRange, RANGES, rangeSeconds, rangeSpan, rangeStep } from "./range";
import { range as words } from "./text/range";

describe("ranges", () => {
  it("have 15 to 96 points of whole minutes", () => {
    for (const range of RANGES) {
      const points = rangeSeconds(range) / rangeStep(range);
      expect(Number.isInteger(points)).toBe(true);
      expect(points).toBeGreaterThanOrEqual(15);
      expect(points).toBeLessThanOrEqual(96);
      expect(rangeStep(range) % 60).toBe(0);
    }
  });

  it("keep their points in place while time goes on", () => {
    const early = rangeSpan("24h", Date.parse("2026-11-30T07:01:00Z"));
    const late = rangeSpan("24h", Date.parse("2026-11-30T07:14:59Z"));
    expect(late).toEqual(early);
    expect(new Date(early.to).toISOString()).toBe("2026-11-30T07:15:00.000Z");
    expect(new Date(early.from).toISOString()).toBe("2026-11-29T07:15:00.000Z");
  });

  it("are told from other texts", () => {
    expect(isRange("1h")).toBe(true);
    expect(isRange("1 h")).toBe(false);
    expect(isRange("toString")).toBe(false);
  });

  it("say the width of a point", () => {
    expect(words.per(60)).toBe("per minute");
    expect(words.per(900)).toBe("per 15 min");
    expect(words.per(28_800)).toBe("per 8 hours");
  });
});
