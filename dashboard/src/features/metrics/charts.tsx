import { endedOf, failingOf, type Kind, marksOf, sumOf, timesOf, withTotals } from "@/api/series";
import type { SeriesOut } from "@/api/types";
import { cx } from "@/lib/cx";
import { count, duration, percent } from "@/lib/format";
import type { Mark } from "@/lib/marks";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/metrics";
import { range as rangeWords } from "@/lib/text/range";
import { Chart } from "@/ui/chart";
import { CHART_CELL, ChartSkeleton } from "@/ui/chart-skeleton";

type One = SeriesOut["series"][number];

const GRID = "grid gap-px border-border border-b bg-border lg:grid-cols-2";
/** One cursor over all charts of the page. */
const CURSOR = "metrics";
const PARTS = ["p50", "p95", "p99"] as const;
// Of no state: they differ by shade, and the rarest by its dashes.
const LINE = {
  p50: { token: "--tf-control" },
  p95: { token: "--tf-text" },
  p99: { token: "--tf-text-2", dash: [4, 3] },
};

interface Props {
  series: SeriesOut;
  one: One;
  range: Range;
  by: "none" | Kind;
}

/** What ended and failed, how long it waited and ran, what is left: of all jobs, or of one queue, task or node. */
export function Charts({ series, one, range, by }: Props) {
  const at = timesOf(series);
  const inLast = rangeWords.inLast[range];
  const ended = endedOf(one);
  const bars = withTotals([
    { id: "completed", label: words.completed, token: "--tf-control", values: ended.completed },
    { id: "retried", label: words.retried, token: "--tf-retrying", values: ended.retried },
    { id: "dead", label: words.dead, token: "--tf-dead", values: ended.dead },
  ]);
  const nothing = bars.every((line) => sumOf(line.values) === 0);
  const failing = failingOf(one);
  const notCounted = one.backlog.every((value) => value === null);
  const shared = { at, cursor: CURSOR, marks: marksOf(series), className: CHART_CELL };
  return (
    <div className={GRID}>
      <Chart
        {...shared}
        title={words.throughput(rangeWords.per(series.step))}
        kind="bars"
        scale="count"
        series={bars}
        format={count}
        empty={nothing ? words.noneEnded(inLast) : undefined}
      />
      <Chart
        {...shared}
        title={words.failing}
        scale="share"
        series={[{ id: "share", label: words.share, token: "--tf-dead", values: failing }]}
        format={percent}
        empty={nothing ? words.noneEnded(inLast) : undefined}
      />
      <Times {...shared} title={words.wait} columns={one.wait} empty={words.noneStarted(inLast)} />
      <Times {...shared} title={words.run} columns={one.run} empty={words.noneEnded(inLast)} />
      <Chart
        {...shared}
        className={cx(CHART_CELL, "lg:col-span-2")}
        title={words.backlog}
        scale="count"
        series={[
          { id: "ready", label: words.ready, token: "--tf-text", values: one.backlog },
          { id: "arrived", label: words.arrived, token: "--tf-control", values: one.arrived },
        ]}
        format={count}
        empty={notCounted ? (by === "node" ? words.noBacklog : words.notCounted(inLast)) : undefined}
      />
    </div>
  );
}

interface TimesProps {
  title: string;
  at: readonly number[];
  marks: readonly Mark[];
  columns: One["wait"];
  empty: string;
  cursor: string;
  className: string;
}

function Times({ title, columns, empty, ...shared }: TimesProps) {
  return (
    <Chart
      {...shared}
      title={title}
      scale="seconds"
      series={PARTS.map((part) => ({ id: part, label: words[part], ...LINE[part], values: columns[part] }))}
      format={duration}
      empty={columns.p50.every((value) => value === null) ? empty : undefined}
    />
  );
}

export function ChartsSkeleton() {
  return (
    <div className={GRID}>
      {["ended", "failing", "wait", "run", "backlog"].map((id) => (
        <ChartSkeleton key={id} className={id === "backlog" ? "lg:col-span-2" : undefined} />
      ))}
    </div>
  );
}
