import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { splitUnit } from "@/lib/format";
import { Skeleton, useSlow } from "./skeleton";

interface Props {
  label: string;
  /** Formatted; a dash where nothing is known, null while that is asked. A unit behind one number is set small. */
  value: string | null;
  /** Behind the number, smaller: "of 200". */
  unit?: ReactNode;
  /** At the right: a sparkline. */
  aside?: ReactNode;
  /** Below: what it is compared with. */
  note?: ReactNode;
  tone?: "neutral" | "danger";
  className?: string;
}

// In the height of the number, so that nothing moves when it comes.
function Waiting() {
  const slow = useSlow();
  return (
    <span className="flex h-9 items-center">
      <Skeleton className={cx("h-6 w-20", !slow && "invisible")} />
    </span>
  );
}

/** One number of the overview: a term and its value, for a `dl`. */
export function Stat({ label, value, unit, aside, note, tone = "neutral", className }: Props) {
  const [number, own] = splitUnit(value ?? "");
  return (
    <div className={cx("min-w-0", className)}>
      <dt className="truncate text-12 text-text-2">{label}</dt>
      <dd className="mt-0.5 flex items-center gap-3">
        {value === null ? <Waiting /> : null}
        <span className="flex min-w-0 items-baseline gap-1.5 whitespace-nowrap">
          <span className={cx("font-semibold text-28 leading-9 tracking-[-0.01em]", tone === "danger" && "text-dead")}>
            {number}
          </span>
          {own || unit ? <span className="truncate text-text-3">{own || unit}</span> : null}
        </span>
        {aside ? <span className="ml-auto shrink-0">{aside}</span> : null}
      </dd>
      <dd className="mt-0.5 h-5 truncate text-12 text-text-3">{note}</dd>
    </div>
  );
}
