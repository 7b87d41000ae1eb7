import { describe, expect, it } from "vitest";
import { marksByStep } from "./marks";

describe("marks of a step", () => {
  const at = [0, 60_000, 120_000];

  it("are those from its start to its end", () => {
    const marks = [0, 59_999, 60_000, 179_999].map((time) => ({ at: time, label: String(time) }));
    const found = [...marksByStep(at, marks)].map(([index, some]) => [index, some.map((mark) => mark.label)]);
    expect(found).toEqual([
      [0, ["0", "59999"]],
      [1, ["60000"]],
      [2, ["179999"]],
    ]);
  });

  it("are none before the first and after the last", () => {
    const marks = [-1, 180_000].map((time) => ({ at: time, label: "v1" }));
    expect(marksByStep(at, marks).size).toBe(0);
    expect(marksByStep([], marks).size).toBe(0);
  });
});
