import { describe, expect, it } from "vitest";
import { flagsOf } from "./chart-marks";

// Ten pixels a character.
const room = { width: 600, measure: (text: string) => 10 * text.length };
const shown = (flags: ReturnType<typeof flagsOf>) => flags.map((flag) => [flag.text, flag.left, flag.width]);

describe("labels of marks", () => {
  it("begin at their mark", () => {
    const marks = [
      { x: 100, label: "v1" },
      { x: 300, label: "v2" },
    ];
    expect(shown(flagsOf(marks, room))).toEqual([
      ["v1", 100, 30],
      ["v2", 300, 30],
    ]);
  });

  it("end at their mark where the plot ends, and never begin outside of it", () => {
    expect(shown(flagsOf([{ x: 590, label: "v1" }], room))).toEqual([["v1", 560, 30]]);
    expect(shown(flagsOf([{ x: 10, label: "v1" }], { ...room, width: 20 }))).toEqual([["v1", 0, 30]]);
  });

  it("become one where they would lie on top of each other: the newest name, and how many more", () => {
    const marks = [
      { x: 50, label: "v1" },
      { x: 300, label: "v2" },
      { x: 310, label: "v3" },
      { x: 320, label: "v4" },
    ];
    expect(shown(flagsOf(marks, room))).toEqual([
      ["v1", 50, 30],
      ["v4 +2", 320, 60],
    ]);
  });

  it("become one, too, where the label of several has grown onto the next one", () => {
    const marks = [
      { x: 100, label: "v1" },
      { x: 110, label: "v2" },
      { x: 150, label: "v3" },
    ];
    // "v2" ends at 140 and leaves room before "v3"; "v2 +1" would end at 170.
    expect(shown(flagsOf(marks, room))).toEqual([["v3 +2", 150, 60]]);
  });

  it("never lie on top of each other, however many there are", () => {
    const marks = Array.from({ length: 200 }, (_, index) => ({ x: 3 * index, label: `release-${index}` }));
    const flags = flagsOf(marks, room);
    for (const [index, flag] of flags.slice(1).entries()) {
      const before = flags[index];
      expect(flag.left).toBeGreaterThan((before?.left ?? 0) + (before?.width ?? 0));
    }
    expect(flags.reduce((sum, flag) => sum + flag.marks.length, 0)).toBe(200);
  });

  it("are cut in the middle where a name is long", () => {
    const [flag] = flagsOf([{ x: 0, label: "shop-checkout-2026-11-30-hotfix-3" }], room);
    expect(flag?.text).toBe("shop-check…0-hotfix-3");
  });
});
