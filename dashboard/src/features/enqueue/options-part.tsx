import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { FieldErrors, UseFormRegister } from "react-hook-form";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/enqueue";
import { useZone } from "@/lib/zone";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import type { Values } from "./form";

/** Defaults of the task, as it announced them. */
export interface Defaults {
  queue?: string | null;
  priority?: number | null;
  max_attempts?: number | null;
  timeout?: number | null;
}

interface Props {
  defaults: Defaults;
  queues: readonly string[];
  when: Values["when"];
  register: UseFormRegister<Values>;
  errors: FieldErrors<Values>;
}

const WHEN = [
  ["now", words.now],
  ["delay", words.inSeconds],
  ["time", words.atTime],
] as const;

/** Queue, time, attempts …: closed at first, because the task has defaults for all of them. */
export function OptionsPart({ defaults, queues, when, register, errors }: Props) {
  const [open, setOpen] = useState(false);
  const zone = useZone();
  const shown = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
  const wrong = Object.keys(errors).some((name) => name !== "args" && name !== "json" && name !== "task");
  return (
    <section>
      <button
        type="button"
        aria-expanded={open || wrong}
        onClick={() => setOpen(!open)}
        className="flex h-8 items-center gap-1.5 rounded-s font-medium text-12 text-text-2 hover:text-text"
      >
        <ChevronRight aria-hidden size={14} className={cx("transition-transform", (open || wrong) && "rotate-90")} />
        {words.options}
      </button>
      {open || wrong ? (
        <div className="grid gap-4 pt-3 sm:grid-cols-2">
          <Field label={words.queue} error={errors.queue?.message}>
            <Input
              {...register("queue")}
              list="enqueue-queues"
              autoComplete="off"
              placeholder={defaults.queue ?? "default"}
            />
          </Field>
          <datalist id="enqueue-queues">
            {queues.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Field label={words.priority} hint={words.priorityHint} error={errors.priority?.message}>
            <Input {...register("priority")} inputMode="numeric" placeholder={shown(defaults.priority) || "0"} mono />
          </Field>
          <fieldset className="flex flex-col gap-1.5 sm:col-span-2">
            <legend className="pb-1.5 font-medium text-12">{words.when}</legend>
            <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
              {WHEN.map(([value, label]) => (
                <label key={value} className="flex min-h-6 items-center gap-2">
                  <input type="radio" value={value} {...register("when")} className="size-3.5 accent-accent" />
                  {label}
                </label>
              ))}
            </div>
          </fieldset>
          {when === "delay" ? (
            <Field label={words.delay} error={errors.delay?.message}>
              <Input {...register("delay")} inputMode="decimal" mono />
            </Field>
          ) : null}
          {when === "time" ? (
            <Field label={words.time} hint={words.timeHint(zone)} error={errors.time?.message}>
              <Input {...register("time")} type="datetime-local" step={1} mono />
            </Field>
          ) : null}
          <Field label={words.attempts} error={errors.attempts?.message}>
            <Input {...register("attempts")} inputMode="numeric" placeholder={shown(defaults.max_attempts)} mono />
          </Field>
          <Field label={words.timeout} error={errors.timeout?.message}>
            <Input {...register("timeout")} inputMode="decimal" placeholder={shown(defaults.timeout)} mono />
          </Field>
          <Field label={words.tags} hint={words.tagsHint} error={errors.tags?.message}>
            <Input {...register("tags")} autoComplete="off" />
          </Field>
          <Field label={words.unique} hint={words.uniqueHint} error={errors.unique?.message}>
            <Input {...register("unique")} autoComplete="off" mono />
          </Field>
        </div>
      ) : null}
    </section>
  );
}
