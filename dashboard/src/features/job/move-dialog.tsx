import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { moveJob } from "@/api/job-actions";
import { keys, queuesQuery } from "@/api/queries";
import type { Moved } from "@/lib/actions";
import { type NewPlace, newPlace, wrongIn } from "@/lib/place";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/move";
import { patchLists } from "@/live/patches";
import { Confirm } from "@/ui/confirm";
import { PlaceFields } from "@/ui/place-fields";
import { ReasonField } from "@/ui/reason-field";
import { toast } from "@/ui/toast";

interface Props {
  job: Moved;
  onClose: () => void;
}

/** Another queue or priority for a job that has not started. */
export default function MoveDialog({ job, onClose }: Props) {
  const cache = useQueryClient();
  const { data: queues } = useQuery(queuesQuery());
  const [place, setPlace] = useState({ queue: job.queue, priority: String(job.priority) });
  const [reason, setReason] = useState("");
  const wanted = newPlace(place, job);
  const wrong = wrongIn(place);
  const send = useMutation({
    mutationFn: (to: NewPlace) => moveJob(job.id, to, reasonOf(reason)),
    onSuccess: ({ queue, priority }) => {
      toast({ title: words.done(job.task, queue, priority), tone: "success" });
      patchLists(cache, new Map([[job.id, { id: job.id, queue, priority }]]));
      for (const queryKey of [keys.job(job.id), keys.whys(), keys.stats(), keys.queues()])
        void cache.invalidateQueries({ queryKey });
      onClose();
    },
  });
  const isWrong = wrong.queue || wrong.priority;
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open && !send.isPending) onClose();
      }}
      title={words.title(job.task)}
      description={words.hint(job.state === "pending")}
      verb={words.verb}
      refusal={wanted === null && !isWrong ? words.nothing : reasonRefusal(reason)}
      busy={send.isPending}
      error={send.error}
      onConfirm={() => {
        if (wanted !== null) send.mutate(wanted);
      }}
    >
      <div className="flex flex-col gap-4">
        <PlaceFields
          place={place}
          onChange={(next) => {
            setPlace(next);
            send.reset();
          }}
          queues={queues?.items}
          missing={false}
        />
        <ReasonField value={reason} onChange={setReason} />
      </div>
    </Confirm>
  );
}
