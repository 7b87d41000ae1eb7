import { Flag } from "lucide-react";
import { clockSeconds, NONE, pointTime } from "@/lib/format";
import { marksByStep } from "@/lib/marks";
import { useZone } from "@/lib/zone";
import type { ChartProps } from "./chart";
import { ChartSwatch } from "./chart-swatch";

interface Props extends Pick<ChartProps, "at" | "series" | "format" | "kind" | "marks"> {
  index: number;
  /** Pixels from the left of the chart. */
  left: number;
}

/** Releases of one step that are named, the newest. */
const NAMED = 3;

/** The numbers below the cursor, in the order in which they stand. */
export function ChartTip({ at, series, format, kind, marks = [], index, left }: Props) {
  const zone = useZone();
  const time = at[index];
  if (time === undefined) return null;
  const lines = kind === "bars" ? [...series].reverse() : series;
  return (
    <div
      aria-hidden
      className="-translate-x-1/2 pointer-events-none absolute top-1 z-10 min-w-32 rounded-m border border-border bg-raised px-2.5 py-2 text-12 shadow-2"
      style={{ left: `clamp(4.5rem, ${left}px, calc(100% - 4.5rem))` }}
    >
      <p className="mb-1 whitespace-nowrap text-text-3">{pointTime(at, index, zone)}</p>
      {lines.map((line) => {
        const value = line.values[index] ?? null;
        return (
          <p key={line.id} className="flex items-center gap-2 whitespace-nowrap">
            <ChartSwatch series={line} kind={kind} />
            <span className="text-text-2">{line.label}</span>
            <span className="ml-auto pl-3 font-medium">{value === null ? NONE : format(value)}</span>
          </p>
        );
      })}
      {(marksByStep(at, marks).get(index) ?? []).slice(-NAMED).map((mark) => (
        <p key={mark.label} className="mt-1 flex items-center gap-2 whitespace-nowrap text-text-2">
          <Flag size={10} className="shrink-0" />
          <span className="max-w-40 truncate font-medium text-text">{mark.label}</span>
          <span className="ml-auto pl-3">{clockSeconds(mark.at, zone)}</span>
        </p>
      ))}
    </div>
  );
}
