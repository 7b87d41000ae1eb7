import { useState } from "react";
import { serverNow } from "@/lib/clock";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/errors";
import { Confirm } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { ReasonField } from "@/ui/reason-field";
import { Select } from "@/ui/select";
import { Time } from "@/ui/time";

const HOUR_MS = 3_600_000;
const CHOICES = [1, 8, 24, 72, 168, 720, 2160] as const;

interface Props {
  busy: boolean;
  onClose: () => void;
  onMute: (until: string, reason: string | null) => void;
}

/** For how long a group is hidden. */
export function MuteDialog({ busy, onClose, onMute }: Props) {
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const until = new Date(serverNow() + Number(hours) * HOUR_MS).toISOString();
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={words.muteTitle}
      description={words.muteHint}
      verb={words.muteVerb}
      busy={busy}
      refusal={reasonRefusal(reason)}
      onConfirm={() => onMute(until, reasonOf(reason))}
    >
      <Field label={words.muteFor}>
        <Select
          value={hours}
          onChange={setHours}
          options={CHOICES.map((n) => ({
            value: String(n),
            label: n < 24 ? words.hours(n) : words.days(n / 24),
          }))}
        />
      </Field>
      <p className="mt-2 text-12 text-text-3">
        {words.mutedUntil} <Time at={until} show="day" />
      </p>
      <ReasonField value={reason} onChange={setReason} className="mt-4" />
    </Confirm>
  );
}
