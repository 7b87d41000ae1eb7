import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Flame, Layers } from "lucide-react";
import { useState } from "react";
import { askProfile, askStack, profileQuery, type StackRequest, stackQuery } from "@/api/inspections";
import type { Job } from "@/api/job";
import { keys } from "@/api/queries";
import { useRefusal } from "@/lib/session";
import { inspect as words } from "@/lib/text/inspect";
import { visible } from "@/lib/visible";
import { askReason, type Told } from "@/ui/ask-reason";
import { Button } from "@/ui/button";
import { Select } from "@/ui/select";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { BodyLine, Stacks } from "./call-stacks";
import { Profile } from "./profile";
import { Section } from "./section";

const SECONDS = [1, 5, 15, 30, 60].map((n) => ({ value: String(n), label: words.secondsOption(n) }));

/** What a job that runs does now, and where its time goes: nothing is asked of its worker before someone wants it. */
export function Inspect({ job }: { job: Job }) {
  const cache = useQueryClient();
  const [seconds, setSeconds] = useState("5");
  const permission = useRefusal("jobs:inspect");
  const { data: stack } = useQuery({ ...stackQuery(job.id), enabled: isOpen });
  const { data: profile } = useQuery({ ...profileQuery(job.id), enabled: isOpen });
  const onError = (error: Error) => toast({ title: words.failed, detail: error.message, tone: "danger" });
  const stacking = useMutation({
    mutationFn: ({ reason }: Told) => askStack(job.id, reason),
    onSuccess: (asked) => cache.setQueryData(keys.stack(job.id), asked),
    onError,
  });
  const profiling = useMutation({
    mutationFn: ({ reason }: Told) => askProfile(job.id, Number(seconds), reason),
    onSuccess: (asked) => cache.setQueryData(keys.profile(job.id), asked),
    onError,
  });
  const runs = job.state === "running" && job.gone !== true;
  if (!runs && !stack && !profile) return null;
  const refusal = permission ?? (runs ? undefined : words.notRunning);
  return (
    <Section title={words.title}>
      <div className="flex flex-wrap items-center gap-2">
        <Button
          icon={<Layers aria-hidden size={14} />}
          refusal={refusal}
          busy={stacking.isPending || stack?.state === "waiting"}
          onClick={() => void whenTold(words.show, stacking.mutate)}
        >
          {stack ? words.refresh : words.show}
        </Button>
        <Button
          icon={<Flame aria-hidden size={14} />}
          refusal={refusal}
          busy={profiling.isPending || profile?.state === "waiting"}
          onClick={() => void whenTold(words.profile, profiling.mutate)}
        >
          {words.profile}
        </Button>
        <Select label={words.seconds} value={seconds} onChange={setSeconds} options={SECONDS} className="w-20" />
      </div>
      <div role="status" className="text-12 text-text-2">
        {stack ? <State asked={stack} at={words.stackAt} waiting={words.waiting} /> : null}
      </div>
      {stack?.answer ? (
        <>
          <BodyLine facts={stack.answer} />
          <Stacks stacks={stack.answer.stacks} />
        </>
      ) : null}
      <div role="status" className="text-12 text-text-2">
        {profile ? <State asked={profile} at={words.profileAt} waiting={words.profiling(profile.seconds)} /> : null}
      </div>
      {profile?.answer ? (
        <>
          <BodyLine facts={profile.answer} />
          <Profile profile={profile.answer} />
        </>
      ) : null}
    </Section>
  );
}

/** Ask why, where the server requires that; a look changes nothing. */
async function whenTold(verb: string, act: (told: Told) => void): Promise<void> {
  const told = await askReason({ title: words.whyTitle, verb, quiet: true });
  if (told) act(told);
}

/** Nothing is asked before something was requested here. */
function isOpen(query: { state: { data: unknown } }): boolean {
  return query.state.data !== undefined;
}

function State({
  asked,
  at,
  waiting,
}: {
  asked: Pick<StackRequest, "state" | "detail" | "answered_at">;
  at: string;
  waiting: string;
}) {
  return (
    <p className="mt-3">
      {asked.state === "waiting" ? (
        waiting
      ) : asked.answered_at === null ? (
        words.sentence(visible(asked.detail))
      ) : (
        <>
          {at} <Time at={asked.answered_at} show="clock" />
        </>
      )}
    </p>
  );
}
