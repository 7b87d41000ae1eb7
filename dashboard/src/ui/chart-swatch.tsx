import { cx } from "@/lib/cx";
import type { ChartProps, ChartSeries } from "./chart";

// Both ends and the gap between them are as wide as the whole of a line without gaps.
const DASHES = (ink: string) => `linear-gradient(90deg, ${ink} 5px, transparent 5px 7px, ${ink} 7px)`;

/** What stands for a series beside its name: the colour of its bars, or a piece of its line with its dashes. */
export function ChartSwatch({ series, kind }: { series: ChartSeries; kind: ChartProps["kind"] }) {
  const ink = `var(${series.token})`;
  return (
    <span
      aria-hidden
      className={cx("shrink-0", kind === "bars" ? "size-2 rounded-[2px]" : "h-0.5 w-3 rounded-full")}
      style={{ background: series.dash ? DASHES(ink) : ink }}
    />
  );
}
