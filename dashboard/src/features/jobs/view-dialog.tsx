import { type FormEvent, useId, useState } from "react";
import { Refused } from "@/api/refused";
import type { View } from "@/api/views";
import { useRefusal } from "@/lib/session";
import { kit } from "@/lib/text/kit";
import { words } from "@/lib/text/views";
import { Button } from "@/ui/button";
import { Checkbox } from "@/ui/checkbox";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import type { Naming } from "./use-views";

interface Props {
  /** The view that is renamed; null: a new one is saved. */
  view: View | null;
  busy: boolean;
  error: Error | null;
  onClose: () => void;
  onSave: (naming: Naming) => void;
}

/** The name of a view, and who has it. */
export function ViewDialog({ view, busy, error, onClose, onSave }: Props) {
  const form = useId();
  const box = useId();
  const [name, setName] = useState(view?.name ?? "");
  const [shared, setShared] = useState(view?.kind === "shared");
  const [missing, setMissing] = useState(false);
  const share = useRefusal("views:share");
  const ofName = error instanceof Refused && (error.code === "conflict" || error.fields.some(isOfName));
  function submit(event: FormEvent) {
    event.preventDefault();
    setMissing(name.trim() === "");
    if (name.trim() !== "") onSave({ name: name.trim(), shared });
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={view ? words.renameTitle : words.saveTitle}
      description={view ? undefined : words.saveHint}
      footer={
        <>
          <Button variant="ghost" onClick={onClose}>
            {kit.cancel}
          </Button>
          <Button variant="primary" type="submit" form={form} busy={busy}>
            {view ? words.renameVerb : words.saveVerb}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="flex flex-col gap-4">
        <Field label={words.name} error={missing ? words.nameMissing : ofName ? error?.message : undefined}>
          <Input value={name} maxLength={60} autoComplete="off" onChange={(event) => setName(event.target.value)} />
        </Field>
        <div>
          <label htmlFor={box} className="flex items-center gap-2.5">
            <Checkbox id={box} checked={shared} onChange={setShared} disabled={share !== undefined} />
            {words.shareWithAll}
          </label>
          {share ? <p className="mt-1 text-12 text-text-3">{share}</p> : null}
        </div>
        {error && !ofName ? (
          <p role="alert" className="text-danger">
            {error.message}
          </p>
        ) : null}
      </form>
    </Dialog>
  );
}

function isOfName({ pointer }: { pointer: string }): boolean {
  return pointer === "/name";
}
