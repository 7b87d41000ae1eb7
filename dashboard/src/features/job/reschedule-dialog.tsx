import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rescheduleJob } from "@/api/job-actions";
import { keys } from "@/api/queries";
import type { Rescheduled } from "@/lib/actions";
import { serverNow } from "@/lib/clock";
import { dayAndClock } from "@/lib/format";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/reschedule";
import { wallOf } from "@/lib/wall";
import { instantOf, useZone } from "@/lib/zone";
import { patchLists } from "@/live/patches";
import { Confirm } from "@/ui/confirm";
import { DueField } from "@/ui/due-field";
import { ReasonField } from "@/ui/reason-field";
import { toast } from "@/ui/toast";

const HOUR_MS = 3_600_000;
interface Props {
  job: Rescheduled;
  onClose: () => void;
}

/** Another time for a job that waits, on the clock of the zone that is shown. */
export default function RescheduleDialog({ job, onClose }: Props) {
  const zone = useZone();
  const cache = useQueryClient();
  const [wall, setWall] = useState(() => wallOf(Math.max(Date.parse(job.run_at), serverNow() + HOUR_MS), zone));
  const [reason, setReason] = useState("");
  const [isEmpty, setEmpty] = useState(false);
  const instant = instantOf(wall, zone);
  const send = useMutation({
    mutationFn: (at: number) => rescheduleJob(job.id, new Date(at).toISOString(), reasonOf(reason)),
    onSuccess: ({ state, run_at }) => {
      const later = state !== "pending";
      toast({
        title: later ? words.done(job.task, dayAndClock(Date.parse(run_at), zone)) : words.doneNow(job.task),
        tone: "success",
      });
      patchLists(cache, new Map([[job.id, { id: job.id, state, run_at }]]));
      for (const queryKey of [keys.job(job.id), keys.whys(), keys.stats()]) void cache.invalidateQueries({ queryKey });
      onClose();
    },
  });
  const set = (text: string) => {
    setWall(text);
    setEmpty(false);
    send.reset();
  };
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open && !send.isPending) onClose();
      }}
      title={words.title(job.task)}
      description={words.hint(job.state === "pending")}
      verb={words.verb}
      refusal={reasonRefusal(reason)}
      busy={send.isPending}
      error={send.error}
      onConfirm={() => (instant ? send.mutate(instant.at) : setEmpty(true))}
    >
      <div className="flex flex-col gap-4">
        <DueField wall={wall} onChange={set} missing={isEmpty} />
        <ReasonField value={reason} onChange={setReason} />
      </div>
    </Confirm>
  );
}
