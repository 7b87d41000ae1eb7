import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import type { Job } from "@/api/job";
import { keys, whyQuery } from "@/api/queries";
import { resumeQueue } from "@/api/queues";
import type { Cause, Wait } from "@/api/types";
import { age, count, countAtLeast, duration } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { job as words } from "@/lib/text/job";
import { words as queueWords } from "@/lib/text/queues";
import { visible } from "@/lib/visible";
import { askReason } from "@/ui/ask-reason";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { Section } from "./section";

/** States in which a job has not started, or has to start again. */
const WAITING = new Set(["pending", "scheduled", "retrying"]);

/** Ask what a job waits for, as long as it waits. While the first answer is on its way, nothing below is drawn: it would
 * move. */
export function useWhy(job: Job): { wait: Wait | null; isPending: boolean } {
  const waits = WAITING.has(job.state) && job.gone !== true;
  const { data, isLoading } = useQuery({
    ...whyQuery(job.id, job.state),
    enabled: waits,
    // That of its state before, but never that of another job.
    placeholderData: (before, query) => (query?.queryKey[2] === job.id ? before : undefined),
  });
  return { wait: waits && data?.waiting ? data : null, isPending: isLoading };
}

/** What has to happen before the job starts, what can be done about it, and its place in the queue. */
export function Why({ wait, queue }: { wait: Wait | null; queue: string }) {
  if (wait === null || wait.causes.length === 0) return null;
  return (
    <Section title={words.why}>
      {wait.causes.map((cause, at) => (
        <Line key={cause.code} cause={cause} queue={queue}>
          {at === wait.causes.length - 1 ? <Place wait={wait} stuck={cause.stuck} /> : null}
        </Line>
      ))}
    </Section>
  );
}

function Line({ cause, queue, children }: { cause: Cause; queue: string; children: ReactNode }) {
  const Icon = cause.stuck ? CircleAlert : Hourglass;
  return (
    <div className="flex gap-2.5 rounded-m border border-border px-3 py-2.5">
      <Icon
        aria-hidden
        size={16}
        className={cause.stuck ? "mt-0.5 shrink-0 text-danger" : "mt-0.5 shrink-0 text-text-3"}
      />
      <div className="min-w-0 grow">
        <p className="break-words leading-5">
          {cause.paused_at === null ? sentence(visible(cause.text)) : <Paused cause={cause} queue={queue} />}
        </p>
        {children}
        {cause.code === "paused" ? (
          <Resume queue={queue} />
        ) : cause.fix === null ? null : (
          <p className="mt-1 flex items-start gap-1 text-12 text-text-2 leading-4.5">
            <code className="min-w-0 break-words font-mono">{visible(cause.fix)}</code>
            <CopyButton text={cause.fix} label={words.copyFix} className="-my-1 shrink-0" />
          </p>
        )}
      </div>
    </div>
  );
}

/** The same as the sentence of the server, with the time in the zone that is shown. */
function Paused({ cause, queue }: { cause: Cause; queue: string }) {
  return (
    <>
      {words.pausedSince(visible(queue), cause.paused_by === null ? null : visible(cause.paused_by))}{" "}
      <Time at={cause.paused_at} show="day" />
      {cause.reason === null ? "." : words.pausedWhy(visible(cause.reason))}
    </>
  );
}

/** How many jobs are claimed before it, and about how long that takes; nothing for one that is not ready. */
function Place({ wait, stuck }: { wait: Wait; stuck: boolean }) {
  const { ahead, ahead_exact: exact, eta_seconds: eta } = wait;
  if (ahead === null) return null;
  const jobs = words.ahead(exact ? ahead : null, exact ? count(ahead) : countAtLeast(ahead));
  const takes =
    eta === null
      ? stuck
        ? null // An operator has to act first, as the sentence above says.
        : words.etaUnknown
      : eta === 0
        ? words.startsNow
        : words.eta(exact, eta < 1 ? duration(eta) : age(eta));
  return <p className="mt-0.5 text-12 text-text-2 leading-4.5">{takes === null ? jobs : `${jobs} · ${takes}`}</p>;
}

/** Resumes the queue of the job, where the caller may. */
function Resume({ queue }: { queue: string }) {
  const cache = useQueryClient();
  const refusal = useRefusal("queues:write");
  const resume = useMutation({
    mutationFn: (reason: string | null) => resumeQueue(queue, reason),
    onSuccess: () => {
      toast({ title: queueWords.resumedDone(queue), tone: "success" });
      void cache.invalidateQueries({ queryKey: keys.whys() });
      void cache.invalidateQueries({ queryKey: keys.queues() });
    },
    onError: (error) => toast({ title: queueWords.resumeFailed(queue), detail: error.message, tone: "danger" }),
  });
  const ask = async () => {
    const told = await askReason({ title: queueWords.resumeTitle(queue), verb: queueWords.resumeVerb });
    if (told) resume.mutate(told.reason);
  };
  return (
    <Button size="s" className="mt-2" busy={resume.isPending} refusal={refusal} onClick={ask}>
      {words.resumeQueue}
    </Button>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
