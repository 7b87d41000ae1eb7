import { useId } from "react";
import { serverNow, useNow } from "@/lib/clock";
import { clockMinutes } from "@/lib/format";
import { words } from "@/lib/text/reschedule";
import { wallOf } from "@/lib/wall";
import { type Instant, instantOf, useZone } from "@/lib/zone";
import { Button } from "./button";
import { Field } from "./field";
import { Input } from "./input";
import { Time } from "./time";

const HOUR_MS = 3_600_000;
const PRESETS = [
  [words.inOneHour, HOUR_MS],
  [words.inOneDay, 24 * HOUR_MS],
  [words.inOneWeek, 168 * HOUR_MS],
] as const;

interface Props {
  /** The time on the clock of the zone that is shown; empty: none. */
  wall: string;
  onChange: (wall: string) => void;
  /** Whether a time was wanted and none is there. */
  missing: boolean;
}

/** A time at which jobs are due, on the clock of the zone that is shown, with times that are often wanted. */
export function DueField({ wall, onChange, missing }: Props) {
  const zone = useZone();
  const group = useId();
  const instant = instantOf(wall, zone);
  return (
    <>
      <Field
        label={words.time}
        error={missing ? words.noTime : undefined}
        hint={
          <>
            {words.timeHint(zone)}
            {instant ? <> · </> : null}
            {instant ? <Note instant={instant} zone={zone} /> : null}
          </>
        }
      >
        <Input type="datetime-local" value={wall} onChange={(event) => onChange(event.target.value)} />
      </Field>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a frame and a legend of its own */}
      <div role="group" aria-labelledby={group} className="-mt-1 flex flex-wrap gap-2">
        <span id={group} className="sr-only">
          {words.presets}
        </span>
        {PRESETS.map(([label, after]) => (
          <Button key={label} size="s" onClick={() => onChange(wallOf(serverNow() + after, zone))}>
            {label}
          </Button>
        ))}
      </div>
    </>
  );
}

/** How far away that is, or what is special about it. */
function Note({ instant, zone }: { instant: Instant; zone: string }) {
  const now = useNow();
  if (instant.at <= now) return words.over;
  if (instant.note === "gap") return words.gap(clockMinutes(instant.at, zone));
  if (instant.note === "overlap") return words.overlap;
  return <Time at={new Date(instant.at).toISOString()} />;
}
