import { type PointerEvent, useId, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { count } from "@/lib/format";

export interface BarSeries {
  id: string;
  label: string;
  /** Whole class names: `fill-dead`, `bg-dead`. Completed work is neutral: `fill-control`. */
  fill: string;
  dot: string;
  values: readonly (number | null)[];
}

interface Props {
  /** In words, for readers: "Jobs ended in the last 24 hours". */
  label: string;
  /** From the foot of the bar up. */
  series: readonly BarSeries[];
  /** Start of each bar, in milliseconds. */
  at: readonly number[];
  /** Words of the time of a bar, for the tip. */
  formatAt: (at: number) => string;
  /** Words below the bars, spread evenly; the last one is "now". */
  axis?: readonly string[];
  height?: number;
  /** A range was drawn with the pointer: first and last bar. */
  onRange?: (first: number, last: number) => void;
  className?: string;
}

const GAP = 1.5;

/** Stacked bars over time. Sizes are fixed, so nothing moves when data arrives. */
export function Bars({ label, series, at, formatAt, axis, height = 44, onRange, className }: Props) {
  const [over, setOver] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const tip = useId();
  const totals = at.map((_, index) => series.reduce((sum, line) => sum + (line.values[index] ?? 0), 0));
  const top = Math.max(...totals, 1);

  function barAt(event: PointerEvent): number | null {
    const rect = box.current?.getBoundingClientRect();
    if (!rect || at.length === 0 || rect.width === 0) return null;
    const index = Math.floor(((event.clientX - rect.left) / rect.width) * at.length);
    return Math.max(0, Math.min(at.length - 1, index));
  }

  const first = from !== null && over !== null ? Math.min(from, over) : over;
  const last = from !== null && over !== null ? Math.max(from, over) : over;
  const unit = 1000 / Math.max(1, at.length);
  return (
    <figure className={cx("min-w-0", className)} aria-label={`${label}. ${summary(series)}`}>
      <div
        ref={box}
        aria-hidden
        className={cx("relative touch-pan-y", onRange && "cursor-crosshair")}
        style={{ height }}
        onPointerMove={(event) => setOver(barAt(event))}
        onPointerLeave={() => {
          setOver(null);
          setFrom(null);
        }}
        onPointerDown={(event) => {
          if (onRange && event.button === 0) setFrom(barAt(event));
        }}
        onPointerUp={(event) => {
          const to = barAt(event);
          if (onRange && from !== null && to !== null) onRange(Math.min(from, to), Math.max(from, to));
          setFrom(null);
        }}
      >
        <svg aria-hidden width="100%" height={height} viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none">
          {first !== null && last !== null ? (
            <rect x={first * unit} width={(last - first + 1) * unit} y="0" height={height} className="fill-active" />
          ) : null}
          {at.map((time, index) => (
            <Bar key={time} index={index} unit={unit} height={height} top={top} series={series} />
          ))}
          <rect x="0" y={height - 1} width="1000" height="1" className="fill-border" />
        </svg>
        {over !== null && at[over] !== undefined ? (
          <BarTip id={tip} share={(over + 0.5) / at.length} time={formatAt(at[over])} series={series} index={over} />
        ) : null}
      </div>
      {axis ? (
        <div aria-hidden className="mt-1.5 flex justify-between text-11 text-text-3">
          {axis.map((word) => (
            <span key={word}>{word}</span>
          ))}
        </div>
      ) : null}
    </figure>
  );
}

interface BarProps {
  index: number;
  unit: number;
  height: number;
  top: number;
  series: readonly BarSeries[];
}

function Bar({ index, unit, height, top, series }: BarProps) {
  let y = height - 1;
  return series.map((line) => {
    const value = line.values[index] ?? 0;
    if (value <= 0) return null;
    // One failure among a million must still be seen.
    const size = Math.max(1.5, (value / top) * (height - 4));
    y -= size;
    const part = (
      <rect
        key={line.id}
        x={index * unit + unit * 0.12}
        width={unit * 0.76}
        y={y}
        height={size}
        className={line.fill}
      />
    );
    y -= GAP / 2;
    return part;
  });
}

function BarTip({
  id,
  share,
  time,
  series,
  index,
}: {
  id: string;
  share: number;
  time: string;
  series: readonly BarSeries[];
  index: number;
}) {
  return (
    <div
      id={id}
      className="-translate-x-1/2 pointer-events-none absolute bottom-full z-30 mb-1.5 min-w-32 rounded-m border border-border bg-raised px-2.5 py-2 text-12 shadow-2"
      style={{ left: `clamp(4.5rem, ${share * 100}%, calc(100% - 4.5rem))` }}
    >
      <p className="mb-1 whitespace-nowrap text-text-3">{time}</p>
      {series.map((line) => (
        <p key={line.id} className="flex items-center gap-2">
          <span className={cx("size-2 rounded-[2px]", line.dot)} />
          <span className="text-text-2">{line.label}</span>
          <span className="ml-auto pl-3 font-medium">{count(line.values[index] ?? 0)}</span>
        </p>
      ))}
    </div>
  );
}

function summary(series: readonly BarSeries[]): string {
  return series
    .map((line) => `${line.label} ${count(line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0))}`)
    .join(", ");
}
