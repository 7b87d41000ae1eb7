import { expect, test } from "vitest";
import { inBatches } from "./batches";

test("a few at a time, results in order", async () => {
  let under = 0;
  let most = 0;
  const results = await inBatches([5, 1, 4, 2, 3], 2, async (n) => {
    most = Math.max(most, ++under);
    for (let i = 0; i < n; i++) await Promise.resolve();
    under--;
    return n * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("of nothing comes nothing", async () => {
  expect(await inBatches([], 6, async () => 1)).toEqual([]);
});
