import { cx } from "@/lib/cx";
import { kit } from "@/lib/text/kit";

interface Props {
  /** Whether something is being fetched. The line takes no room. */
  active: boolean;
  className?: string;
}

/** Two pixels at the top of a region while its next data is on the way. */
export function ProgressLine({ active, className }: Props) {
  if (!active) return null;
  return (
    <div
      role="progressbar"
      aria-label={kit.loading}
      className={cx("pointer-events-none absolute inset-x-0 top-0 z-20 h-0.5 overflow-hidden", className)}
    >
      <div className="slide h-full w-1/3 bg-accent" />
    </div>
  );
}
