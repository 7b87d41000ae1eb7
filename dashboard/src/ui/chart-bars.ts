import type uPlot from "uplot";
import type { ChartSeries } from "./chart";

/** The height of the whole stack at each point. */
export function stackTotals(points: number, series: readonly ChartSeries[]): number[] {
  return Array.from({ length: points }, (_, index) => series.reduce((sum, line) => sum + (line.values[index] ?? 0), 0));
}

/**
 * Draw the stacks of all points on the canvas of a plot.
 *
 * @param at milliseconds; a bar stands over its own time
 * @param series from the foot of the stack up
 * @param colours of the series, in their order
 */
export function drawBars(
  plot: uPlot,
  at: readonly number[],
  series: readonly ChartSeries[],
  colours: readonly string[],
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  const gap = ratio;
  const slot = bbox.width / Math.max(1, at.length);
  const width = Math.max(ratio, Math.round(slot * 0.76));
  const base = plot.valToPos(0, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  at.forEach((time, index) => {
    const left = Math.round(plot.valToPos(time / 1000, "x", true) - width / 2);
    let bottom = base;
    series.forEach((line, layer) => {
      const value = line.values[index] ?? 0;
      if (value <= 0) return;
      // One failure among a million must still be seen.
      const height = Math.max(1.5 * ratio, base - plot.valToPos(value, "y", true));
      ctx.fillStyle = colours[layer] ?? "currentColor";
      ctx.fillRect(left, bottom - height, width, height);
      bottom -= height + gap;
    });
  });
  ctx.restore();
}
