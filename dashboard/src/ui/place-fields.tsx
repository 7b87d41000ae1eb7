import { useId } from "react";
import { type Place, wrongIn } from "@/lib/place";
import { words } from "@/lib/text/move";
import { Field } from "./field";
import { Input } from "./input";

/** A queue that is offered, with what there is to know before jobs go there. */
export interface OfferedQueue {
  name: string;
  paused: boolean;
  slots: number | null;
}

interface Props {
  place: Place;
  onChange: (place: Place) => void;
  /** The queues that there are; undefined until they are known. */
  queues: readonly OfferedQueue[] | undefined;
  /** Whether a place was wanted and none is there. */
  missing: boolean;
}

/** Another queue, of those that there are or a new one, and another priority. */
export function PlaceFields({ place, onChange, queues, missing }: Props) {
  const list = useId();
  const wrong = wrongIn(place);
  const told = wrong.queue ? undefined : tellOf(place.queue.trim(), queues);
  return (
    <div className="flex gap-4 max-sm:flex-col">
      <Field
        label={words.queue}
        error={wrong.queue ? words.queueWrong : missing ? words.noPlace : undefined}
        hint={told}
        className="grow"
      >
        <Input
          value={place.queue}
          list={list}
          autoComplete="off"
          spellCheck={false}
          placeholder={words.asItIs}
          onChange={(event) => onChange({ ...place, queue: event.target.value })}
        />
      </Field>
      <datalist id={list}>
        {(queues ?? []).map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Field
        label={words.priority}
        hint={words.priorityHint}
        error={wrong.priority ? words.priorityWrong : undefined}
        className="w-44 max-sm:w-full"
      >
        <Input
          value={place.priority}
          inputMode="numeric"
          maxLength={4}
          placeholder={words.asItIs}
          onChange={(event) => onChange({ ...place, priority: event.target.value })}
        />
      </Field>
    </div>
  );
}

/** What there is to know of a queue; undefined while that is nothing. */
function tellOf(name: string, queues: readonly OfferedQueue[] | undefined): string | undefined {
  if (name === "" || queues === undefined) return undefined;
  const found = queues.find((queue) => queue.name === name);
  if (found === undefined) return words.isNew;
  if (found.paused) return words.isPaused;
  return found.slots === 0 ? words.isUnserved : undefined;
}
