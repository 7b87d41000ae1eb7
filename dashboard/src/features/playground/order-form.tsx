import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { KINDS, type Kind, type RunOrder, startRun } from "@/api/playground";
import { keys } from "@/api/queries";
import { Refused } from "@/api/refused";
import { countExactly, percent } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/playground";
import { askReason, type Told } from "@/ui/ask-reason";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { toast } from "@/ui/toast";
import { type Errors, FIRST, fieldOf, readForm, type Values } from "./form";

/** What a new stress test shall do. */
export function OrderForm({ busy }: { busy: boolean }) {
  const [values, setValues] = useState<Values>(FIRST);
  const [refused, setRefused] = useState<Errors>({});
  const [tried, setTried] = useState(false);
  const { order, errors, total, shares } = readForm(values);
  const start = useStart(setRefused);
  const refusal = useRefusal("jobs:write") ?? (busy && !start.isPending ? words.busy : undefined);
  const shown = { ...(tried ? errors : {}), ...refused };
  const bind = (name: keyof Values, label: string) => ({
    value: values[name],
    "aria-label": label,
    autoComplete: "off",
    onChange: (event: { target: { value: string } }) => {
      setValues({ ...values, [name]: event.target.value });
      setRefused({});
    },
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!order || refusal || start.isPending) return;
    const told = await askReason({ title: words.startTitle, verb: words.start, quiet: true });
    if (told) start.mutate({ order, ...told });
  };
  return (
    <form
      noValidate
      aria-label={words.form}
      onSubmit={submit}
      className="grid gap-x-10 gap-y-5 border-border border-b px-5 py-5 max-md:px-4 xl:grid-cols-[minmax(0,5fr)_minmax(0,6fr)_auto]"
    >
      <div className="grid grid-cols-3 gap-3">
        <Field label={words.rate} error={shown.rate} hint={words.rateNote}>
          <Input {...bind("rate", `${words.rate}, ${words.rateNote}`)} inputMode="decimal" />
        </Field>
        <Field label={words.seconds} error={shown.seconds} hint={words.secondsNote}>
          <Input {...bind("seconds", `${words.seconds}, ${words.secondsNote}`)} inputMode="decimal" />
        </Field>
        <Field label={words.fail} error={shown.fail} hint={words.failNote}>
          <Input {...bind("fail", `${words.fail}, ${words.failNote}`)} inputMode="decimal" />
        </Field>
      </div>
      <fieldset className="min-w-0">
        <legend className="sr-only">{words.mix}</legend>
        <div className="grid grid-cols-4 gap-3 max-sm:grid-cols-2">
          {KINDS.map((kind) => (
            <Field key={kind} label={words.kind[kind]} error={shown[kind]} hint={hintOf(kind, shares[kind])}>
              <Input {...bind(kind, `${words.mix}: ${words.kind[kind]}`)} inputMode="numeric" />
            </Field>
          ))}
        </div>
        {shown.mix ? (
          <p role="alert" className="pt-1.5 text-12 text-danger">
            {shown.mix}
          </p>
        ) : null}
      </fieldset>
      <div className="flex min-w-0 flex-col gap-1.5 xl:pt-[1.375rem]">
        <Button variant="primary" type="submit" refusal={refusal} busy={start.isPending} className="max-sm:w-full">
          {words.start}
        </Button>
        <p className="whitespace-nowrap text-12 text-text-3 xl:w-36 xl:whitespace-normal">
          {total === null ? null : words.summary(total, countExactly(total))}
        </p>
      </div>
    </form>
  );
}

function hintOf(kind: Kind, share: number): string {
  return share > 0 ? words.share(percent(share), words.kindHint[kind]) : words.noShare(words.kindHint[kind]);
}

function useStart(setRefused: (errors: Errors) => void) {
  const client = useQueryClient();
  const navigate = useNavigate({ from: "/playground" });
  return useMutation({
    mutationFn: ({ order, reason }: Told & { order: RunOrder }) => startRun(order, reason),
    onSuccess: async () => {
      await navigate({ search: {} });
      await client.invalidateQueries({ queryKey: keys.playground() });
    },
    onError: (error) => {
      const named = error instanceof Refused ? error.fields : [];
      const errors: Errors = {};
      for (const { pointer, detail } of named) {
        const field = fieldOf(pointer);
        if (field) errors[field] = detail;
      }
      setRefused(errors);
      toast({ title: words.notStarted, detail: error.message, tone: "danger" });
    },
  });
}
