import { cx } from "@/lib/cx";

export interface MeterPart {
  id: string;
  value: number;
  /** A whole class name: `bg-running`. */
  className: string;
}

interface Props {
  /** Name and value in words, for readers: "12 of 50 slots busy". */
  label: string;
  parts: readonly MeterPart[];
  /** What is full; without it the parts are. */
  max?: number;
  className?: string;
}

/** A bar of one line: slots in use, depth by state. */
export function Meter({ label, parts, max, className }: Props) {
  const whole =
    Math.max(
      max ?? 0,
      parts.reduce((sum, part) => sum + part.value, 0),
    ) || 1;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className={cx("flex h-1.5 w-full gap-px overflow-hidden rounded-full bg-active", className)}
    >
      {parts
        .filter((part) => part.value > 0)
        .map((part) => (
          <span
            key={part.id}
            className={cx("h-full min-w-0.5", part.className)}
            style={{ width: `${(part.value / whole) * 100}%` }}
          />
        ))}
    </span>
  );
}
