import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { rescheduleJob } from "@/api/job-actions";
import { keys } from "@/api/queries";
import type { Rescheduled } from "@/lib/actions";
import { storeNow, useNow } from "@/lib/clock";
import { clockMinutes, dayAndClock } from "@/lib/format";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/reschedule";
import { wallOf } from "@/lib/wall";
import { type Instant, instantOf, useZone } from "@/lib/zone";
import { patchLists } from "@/live/patches";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { ReasonField } from "@/ui/reason-field";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";

const HOUR_MS = 3_600_000;
const PRESETS = [
  [words.inOneHour, HOUR_MS],
  [words.inOneDay, 24 * HOUR_MS],
  [words.inOneWeek, 168 * HOUR_MS],
] as const;

interface Props {
  job: Rescheduled;
  onClose: () => void;
}

/** Another time for a job that waits, on the clock of the zone that is shown. */
export default function RescheduleDialog({ job, onClose }: Props) {
  const zone = useZone();
  const cache = useQueryClient();
  const group = useId();
  const [wall, setWall] = useState(() => wallOf(Math.max(Date.parse(job.run_at), storeNow() + HOUR_MS), zone));
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
        <Field
          label={words.time}
          error={isEmpty ? words.noTime : undefined}
          hint={
            <>
              {words.timeHint(zone)}
              {instant ? <> · </> : null}
              {instant ? <Note instant={instant} zone={zone} /> : null}
            </>
          }
        >
          <Input type="datetime-local" value={wall} onChange={(event) => set(event.target.value)} />
        </Field>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a frame and a legend of its own */}
        <div role="group" aria-labelledby={group} className="-mt-1 flex flex-wrap gap-2">
          <span id={group} className="sr-only">
            {words.presets}
          </span>
          {PRESETS.map(([label, after]) => (
            <Button key={label} size="s" onClick={() => set(wallOf(storeNow() + after, zone))}>
              {label}
            </Button>
          ))}
        </div>
        <ReasonField value={reason} onChange={setReason} />
      </div>
    </Confirm>
  );
}

/** How far away that is, or what is special about it. */
function Note({ instant, zone }: { instant: Instant; zone: string }) {
  const now = useNow();
  if (instant.at <= now) return words.over;
  if (instant.note === "gap") return words.gap(clockMinutes(instant.at, zone));
  if (instant.note === "overlap") return words.overlap;
  return <Time at={new Date(instant.at).toISOString()} />;
}
