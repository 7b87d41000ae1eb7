import { cx } from "@/lib/cx";
import { CHART_HEAD, CHART_HEIGHT } from "./chart-size";
import { Skeleton } from "./skeleton";

/** Room around a chart that stands in a grid. */
export const CHART_CELL = "bg-surface px-5 pt-3 pb-3 max-md:px-4";

/** A chart in its cell, as large as it will be, while its numbers come. */
export function ChartSkeleton({ className }: { className?: string | undefined }) {
  return (
    <div className={cx("@container/chart", CHART_CELL, className)}>
      <div className={CHART_HEAD}>
        <Skeleton className="w-40" />
      </div>
      <div style={{ height: CHART_HEIGHT }} className="flex flex-col justify-between pb-6">
        <Skeleton className="h-px w-full" />
        <Skeleton className="h-px w-full" />
        <Skeleton className="h-px w-full" />
      </div>
    </div>
  );
}
