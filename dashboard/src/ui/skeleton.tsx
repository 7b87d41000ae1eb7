import { useEffect, useState } from "react";
import { cx } from "@/lib/cx";

/** A grey bar in the place of a text; give it the final size by classes. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cx("block h-3 rounded-s bg-active", className)} />;
}

/** False for the first 150 ms: what is fast shows no skeleton. The space is taken from the start. */
export function useSlow(after = 150): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), after);
    return () => clearTimeout(timer);
  }, [after]);
  return slow;
}
