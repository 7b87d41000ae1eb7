import { type FormEvent, useId, useMemo, useState } from "react";
import { kit } from "@/lib/text/kit";
import { shell } from "@/lib/text/shell";
import { isZone, zoneChoice, zoneNames } from "@/lib/zone";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Any zone by its name. */
export function ZoneDialog({ open, onOpenChange }: Props) {
  const [name, setName] = useState("");
  const [refused, setRefused] = useState(false);
  const names = useMemo(() => (open ? zoneNames() : []), [open]);
  const list = useId();
  const form = useId();

  function submit(event: FormEvent) {
    event.preventDefault();
    const wanted = name.trim();
    if (!wanted.includes("/") && wanted !== "UTC") return setRefused(true);
    if (!isZone(wanted)) return setRefused(true);
    zoneChoice.set(wanted);
    setName("");
    onOpenChange(false);
  }

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={shell.zone}
      footer={
        <>
          <Button variant="ghost" onClick={() => onOpenChange(false)}>
            {kit.cancel}
          </Button>
          <Button variant="primary" type="submit" form={form}>
            {shell.zoneUse}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} noValidate>
        <Field label={shell.zoneName} hint={shell.zoneHint} error={refused ? shell.zoneUnknown : undefined}>
          <Input
            list={list}
            value={name}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => {
              setName(event.target.value);
              setRefused(false);
            }}
          />
        </Field>
        <datalist id={list}>
          {names.map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </form>
    </Dialog>
  );
}
