import { ChartColumn, ChartLine, Download, Table2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { cx } from "@/lib/cx";
import { dayAndClock } from "@/lib/format";
import { type Mark, marksByStep } from "@/lib/marks";
import type { Unit } from "@/lib/scale";
import { kit } from "@/lib/text/kit";
import { useZone } from "@/lib/zone";
import { saveChart } from "./chart-csv";
import { CHART_HEAD, CHART_HEIGHT } from "./chart-size";
import { ChartSwatch } from "./chart-swatch";
import { ChartTable } from "./chart-table";
import { IconButton } from "./icon-button";

export interface ChartSeries {
  id: string;
  label: string;
  /** A token's name, read from the document: `--tf-dead`. */
  token: string;
  values: readonly (number | null)[];
  /** Formatted, before its label: the sum of the range. */
  total?: string | undefined;
  dash?: readonly number[];
  fill?: boolean;
}

export interface ChartProps {
  /** What it shows; also its heading. */
  title: string;
  /** Start of each step, in milliseconds. */
  at: readonly number[];
  /** Of bars from the foot up. */
  series: readonly ChartSeries[];
  kind?: "lines" | "bars";
  scale: Unit;
  /** Words of a value, on the axis, in the tip and in the table. */
  format: (value: number) => string;
  height?: number;
  className?: string;
  /** Charts with the same name share one cursor. */
  cursor?: string;
  /** Moments in its range, oldest first. */
  marks?: readonly Mark[] | undefined;
  /** What it says instead of a line at zero. */
  empty?: string | undefined;
}

/** How many marks the name of a chart says; its table has all. */
const NAMED = 5;

function nameOf({ title, at, marks = [] }: ChartProps, zone: string): string {
  const shown = [...marksByStep(at, marks).values()].flat();
  if (shown.length === 0) return title;
  const named = shown.slice(-NAMED).map((mark) => kit.markAt(mark.label, dayAndClock(mark.at, zone)));
  return kit.marked(title, named, shown.length - named.length);
}

// uPlot comes with the first chart, not with the first page.
const Canvas = lazy(() => import("./chart-canvas"));

/** Lines or stacked bars over time, with a table of the same numbers. */
export function Chart(props: ChartProps) {
  const { title, series, kind = "lines", height = CHART_HEIGHT, className, empty } = props;
  const [asTable, setAsTable] = useState(false);
  const zone = useZone();
  const Icon = !asTable ? Table2 : kind === "bars" ? ChartColumn : ChartLine;
  return (
    <section aria-label={title} className={cx("@container/chart min-w-0", className)}>
      <header className={CHART_HEAD}>
        <h2 className="truncate font-medium">{title}</h2>
        <div className="flex min-w-0 gap-3 overflow-hidden text-12 text-text-2 @max-[560px]/chart:order-last @max-[560px]/chart:basis-full">
          {series.map((line) => (
            <span key={line.id} className="flex items-center gap-1.5 whitespace-nowrap">
              <ChartSwatch series={line} kind={kind} />
              {line.total !== undefined ? <span className="font-medium text-text">{line.total}</span> : null}
              <span className={line.total !== undefined ? "text-text-3" : undefined}>{line.label}</span>
            </span>
          ))}
        </div>
        <span className="ml-auto flex shrink-0">
          <IconButton
            size="s"
            label={kit.saveCsv(title)}
            icon={<Download aria-hidden size={14} />}
            onClick={() => saveChart(props)}
          />
          <IconButton
            size="s"
            aria-pressed={asTable}
            label={asTable ? kit.showChart(title) : kit.showTable(title)}
            icon={<Icon aria-hidden size={14} />}
            onClick={() => setAsTable(!asTable)}
          />
        </span>
      </header>
      <div style={{ height }} className="relative">
        {asTable ? (
          <ChartTable {...props} />
        ) : (
          <Suspense fallback={<div aria-busy />}>
            <Canvas {...props} name={nameOf(props, zone)} height={height} />
          </Suspense>
        )}
        {empty && !asTable ? (
          <p className="pointer-events-none absolute inset-0 bottom-6 grid place-items-center text-text-3">
            <span className="bg-surface px-2">{empty}</span>
          </p>
        ) : null}
      </div>
    </section>
  );
}
