import { type FormEvent, useState } from "react";
import { clockMinutes } from "@/lib/format";
import { words } from "@/lib/text/jobs";
import { wallOf } from "@/lib/wall";
import { type Instant, instantOf } from "@/lib/zone";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { between, type Range } from "./range";

interface Props {
  range: Range;
  zone: string;
  onApply: (range: Range) => void;
}

/** A range between two times of a clock; either end may be left open. */
export function RangeForm({ range, zone, onApply }: Props) {
  const given = range.kind === "between" ? range : { from: null, to: null };
  const [from, setFrom] = useState(given.from === null ? "" : wallOf(given.from, zone));
  const [to, setTo] = useState(given.to === null ? "" : wallOf(given.to, zone));
  const [problem, setProblem] = useState<string>();
  const start = from ? instantOf(from, zone) : null;
  const end = to ? instantOf(to, zone) : null;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!start && !end) return setProblem(words.rangeEmpty);
    const next = between(start?.at ?? null, end?.at ?? null);
    if (next.kind === "any") return setProblem(words.rangeBackwards);
    onApply(next);
  }

  return (
    <form onSubmit={submit} className="flex flex-col gap-2.5 border-border border-t p-3" noValidate>
      <Field label={words.from} note={from ? "" : words.openStart} hint={noteOf(start, zone)}>
        <Input
          type="datetime-local"
          value={from}
          onChange={(event) => {
            setFrom(event.target.value);
            setProblem(undefined);
          }}
        />
      </Field>
      <Field label={words.to} note={to ? "" : words.openEnd} hint={noteOf(end, zone)} error={problem}>
        <Input
          type="datetime-local"
          value={to}
          onChange={(event) => {
            setTo(event.target.value);
            setProblem(undefined);
          }}
        />
      </Field>
      <div className="flex items-center justify-between gap-2">
        <span className="truncate text-11 text-text-3">{words.zone(zone)}</span>
        <Button type="submit" size="s">
          {words.apply}
        </Button>
      </div>
    </form>
  );
}

// What the clock of the zone did at that time, where it was set forward or back.
function noteOf(instant: Instant | null, zone: string): string | undefined {
  if (instant?.note === "gap") return words.clockGap(clockMinutes(instant.at, zone));
  return instant?.note === "overlap" ? words.clockOverlap : undefined;
}
