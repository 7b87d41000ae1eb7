import { useNow } from "@/lib/clock";
import { absolute, age, clock, dayAndClock, duration, NONE, relative } from "@/lib/format";
import { useZone } from "@/lib/zone";

interface Props {
  /** ISO text of the server; null shows a dash. */
  at: string | null | undefined;
  /** `relative` "25 s ago" (default) · `clock` "18:20:10.884" · `day` "30 Nov, 18:20" · `full` with date and zone. */
  show?: "relative" | "clock" | "day" | "full";
  className?: string;
}

const FORMAT = { clock, day: dayAndClock, full: absolute };

/** A time. On hover it says the whole, in the zone that was chosen. */
export function Time({ at, show = "relative", className }: Props) {
  const zone = useZone();
  if (!at) return <span className={className}>{NONE}</span>;
  const ms = Date.parse(at);
  // A title and not a tip: a list has a hundred of them.
  return (
    <time dateTime={at} title={show === "full" ? undefined : absolute(ms, zone)} className={className}>
      {show === "relative" ? <Relative at={ms} /> : FORMAT[show](ms, zone)}
    </time>
  );
}

// Alone, so that a tick renders the words again and nothing around them.
function Relative({ at }: { at: number }) {
  return relative(at, useNow());
}

/** How long something has run: up to `until`, or up to now and counting. */
export function Elapsed({ from, until }: { from: string; until?: string | null | undefined }) {
  return until ? duration((Date.parse(until) - Date.parse(from)) / 1000) : <Counting from={Date.parse(from)} />;
}

function Counting({ from }: { from: number }) {
  // Whole seconds: tenths that stand still for a second would look stuck.
  const seconds = Math.max(0, Math.floor((useNow() - from) / 1000));
  return seconds < 60 ? age(seconds) : duration(seconds);
}
