import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pauseQueue, type Queue } from "@/api/queues";
import type { QueueRow } from "@/api/types";
import { count } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { Confirm } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";

interface Props {
  queue: Queue;
  onClose: () => void;
  onDone: (answer: QueueRow) => void;
}

/** Asks for a reason, then pauses. */
export function PauseDialog({ queue, onClose, onDone }: Props) {
  const [reason, setReason] = useState("");
  const pause = useMutation({
    mutationFn: () => pauseQueue(queue.name, reason),
    onSuccess: (answer) => {
      onDone(answer);
      onClose();
    },
  });
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={words.pauseTitle(queue.name)}
      description={words.pauseHint(queue.ready, count(queue.ready))}
      verb={words.pauseVerb}
      busy={pause.isPending}
      error={pause.error}
      onConfirm={() => pause.mutate()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!pause.isPending) pause.mutate();
        }}
      >
        <Field label={words.reason} note={words.reasonNote} hint={words.reasonHint}>
          <Input value={reason} autoFocus maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </Field>
      </form>
    </Confirm>
  );
}
