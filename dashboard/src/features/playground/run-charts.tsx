import { type RunDetail, ratesOf, timesOfRun } from "@/api/playground";
import { count, rate } from "@/lib/format";
import { words } from "@/lib/text/playground";
import { Chart } from "@/ui/chart";
import { CHART_CELL, ChartSkeleton } from "@/ui/chart-skeleton";

const GRID = "grid gap-px border-border border-b bg-border lg:grid-cols-2";
const CURSOR = "playground";

/** The course of a stress test: how fast jobs came and went, and how many were on their way. */
export function RunCharts({ run }: { run: RunDetail }) {
  const { points } = run;
  const at = timesOfRun(run);
  const empty = at.length < 3 ? words.noPoints : undefined;
  const perSecond = (sums: readonly number[]) => ratesOf(points.seconds, sums);
  const shared = { at, cursor: CURSOR, className: CHART_CELL, empty } as const;
  return (
    <div className={GRID}>
      <Chart
        {...shared}
        title={words.ratesTitle}
        scale="count"
        format={rate}
        series={[
          { id: "enqueued", label: words.enqueuedLine, token: "--tf-control", values: perSecond(points.enqueued) },
          { id: "completed", label: words.completedLine, token: "--tf-text", values: perSecond(points.completed) },
          { id: "failed", label: words.failedLine, token: "--tf-dead", values: perSecond(points.failed) },
        ]}
      />
      <Chart
        {...shared}
        title={words.openTitle}
        scale="count"
        format={count}
        series={[
          { id: "waiting", label: words.waitingLine, token: "--tf-pending", values: points.waiting, fill: true },
          { id: "running", label: words.runningLine, token: "--tf-running", values: points.running },
        ]}
      />
    </div>
  );
}

export function RunChartsSkeleton() {
  return (
    <div className={GRID}>
      {["rates", "open"].map((id) => (
        <ChartSkeleton key={id} />
      ))}
    </div>
  );
}
