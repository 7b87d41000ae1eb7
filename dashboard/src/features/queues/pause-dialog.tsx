import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pauseQueue, type Queue } from "@/api/queues";
import type { QueueRow } from "@/api/types";
import { count } from "@/lib/format";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/queues";
import { Confirm } from "@/ui/confirm";
import { ReasonField } from "@/ui/reason-field";

interface Props {
  queue: Queue;
  onClose: () => void;
  onDone: (answer: QueueRow) => void;
}

/** Asks for a reason, then pauses. */
export function PauseDialog({ queue, onClose, onDone }: Props) {
  const [reason, setReason] = useState("");
  const refusal = reasonRefusal(reason);
  const pause = useMutation({
    mutationFn: () => pauseQueue(queue.name, reasonOf(reason)),
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
      refusal={refusal}
      busy={pause.isPending}
      error={pause.error}
      onConfirm={() => pause.mutate()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!pause.isPending && !refusal) pause.mutate();
        }}
      >
        <ReasonField value={reason} onChange={setReason} hint={words.reasonHint} first />
      </form>
    </Confirm>
  );
}
