import { endedOf, marksOf, sumOf, timesOf, withTotals } from "@/api/series";
import type { SeriesOut } from "@/api/types";
import { count, duration } from "@/lib/format";
import { type Range, rangeStep } from "@/lib/range";
import { words } from "@/lib/text/overview";
import { range as rangeWords } from "@/lib/text/range";
import { useSeries } from "@/live/fresh";
import { Chart } from "@/ui/chart";
import { CHART_CELL, ChartSkeleton } from "@/ui/chart-skeleton";
import { Region } from "@/ui/region";

const CURSOR = "overview";

/** What ended, and how long it had waited; one cursor over both. */
export function Charts({ range }: { range: Range }) {
  const query = useSeries(range);
  return (
    <Region query={query} what={words.historyWhat} skeleton={<ChartsSkeleton />} className="border-border border-b">
      {(series) => (
        <div className="grid gap-px bg-border lg:grid-cols-2">
          <EndedChart series={series} range={range} />
          <WaitChart series={series} range={range} />
        </div>
      )}
    </Region>
  );
}

interface Props {
  series: SeriesOut;
  range: Range;
}

function EndedChart({ series, range }: Props) {
  const ended = endedOf(series.series[0]);
  const lines = withTotals([
    { id: "completed", label: words.completed, token: "--tf-control", values: ended.completed },
    { id: "retried", label: words.retried, token: "--tf-retrying", values: ended.retried },
    { id: "dead", label: words.deadSeries, token: "--tf-dead", values: ended.dead },
  ]);
  const none = lines.every((line) => sumOf(line.values) === 0);
  return (
    <Chart
      className={CHART_CELL}
      title={words.endedTitle(rangeWords.per(rangeStep(range)))}
      kind="bars"
      scale="count"
      at={timesOf(series)}
      series={lines}
      format={count}
      cursor={CURSOR}
      marks={marksOf(series)}
      empty={none ? words.noneEnded(rangeWords.inLast[range]) : undefined}
    />
  );
}

function WaitChart({ series, range }: Props) {
  const wait = series.series[0]?.wait ?? { p50: [], p95: [] };
  const none = wait.p95.every((value) => value === null);
  return (
    <Chart
      className={CHART_CELL}
      title={words.waitTitle}
      scale="seconds"
      at={timesOf(series)}
      series={[
        { id: "p50", label: words.median, token: "--tf-control", values: wait.p50 },
        { id: "p95", label: words.p95, token: "--tf-text", values: wait.p95 },
      ]}
      format={duration}
      cursor={CURSOR}
      marks={marksOf(series)}
      empty={none ? words.noneStarted(rangeWords.inLast[range]) : undefined}
    />
  );
}

function ChartsSkeleton() {
  return (
    <div className="grid gap-px bg-border lg:grid-cols-2">
      {["ended", "wait"].map((id) => (
        <ChartSkeleton key={id} />
      ))}
    </div>
  );
}
