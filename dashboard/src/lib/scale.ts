/** What the numbers of an axis count; round numbers differ. */
export type Unit = "count" | "seconds" | "share";

// From a minute on round numbers are those of a clock.
const CLOCK = [60, 120, 240, 600, 1200, 3600, 7200, 14_400, 43_200, 86_400, 172_800];
// Shares whose half is a round number of percent.
const SHARES = [0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 1];
const ROUND = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];

/**
 * The top of an axis: a round number that is not below the highest value, and whose half is round too.
 *
 * @param high the highest value
 */
export function niceTop(high: number, unit: Unit): number {
  if (unit === "share") return SHARES.find((value) => value >= high) ?? 1;
  if (!(high > 0)) return unit === "count" ? 2 : 1;
  // Below a second times are shown in whole milliseconds, so the half is a whole number of them.
  if (unit === "seconds" && high < 1) return niceTop(Math.max(2, high * 1000), "count") / 1000;
  if (unit === "seconds" && high > 40) {
    const top = CLOCK.find((value) => value >= high);
    return top ?? Math.ceil(high / 172_800) * 172_800;
  }
  const power = 10 ** Math.floor(Math.log10(high));
  // Powers of ten have no exact form below 1.
  const fits = (top: number) => top >= high * (1 - 1e-9) && (unit === "seconds" || top % 2 === 0);
  return ROUND.map((value) => Number((value * power).toPrecision(3))).find(fits) ?? 10 * power;
}
