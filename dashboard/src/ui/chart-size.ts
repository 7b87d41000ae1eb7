/** Of a chart that says nothing else, in pixels. */
export const CHART_HEIGHT = 180;

/** Of the line above a chart, also while that is not there yet; stands in a `@container/chart`. */
export const CHART_HEAD =
  "mb-2 flex h-7 items-center gap-3 @max-[560px]/chart:h-12 @max-[560px]/chart:flex-wrap @max-[560px]/chart:content-between @max-[560px]/chart:gap-0";

/** Whether a word whose middle is given is as a whole within a width: what is cut off would be read as another time. */
export function isInside(middle: number, word: number, width: number): boolean {
  return middle - word / 2 >= 0 && middle + word / 2 <= width;
}
