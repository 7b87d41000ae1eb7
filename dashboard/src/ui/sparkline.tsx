import { cx } from "@/lib/cx";

interface Props {
  /** In words, for readers: "Depth of the last hour, now 12". */
  label: string;
  /** Null where nothing was measured: the line has a gap. */
  values: readonly (number | null)[];
  width?: number;
  height?: number;
  className?: string;
}

/** A line without axes, beside a number. Neutral unless its class says otherwise. */
export function Sparkline({ label, values, width = 80, height = 20, className }: Props) {
  const known = values.filter((value): value is number => value !== null);
  const top = Math.max(...known, 0) || 1;
  const step = values.length > 1 ? (width - 2) / (values.length - 1) : 0;
  let path = "";
  let pen = false;
  values.forEach((value, index) => {
    if (value === null) {
      pen = false;
      return;
    }
    const x = 1 + index * step;
    const y = height - 1.5 - (value / top) * (height - 3);
    path += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  });
  return (
    <svg
      role="img"
      aria-label={label}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className={cx("block shrink-0 text-control", className)}
    >
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
