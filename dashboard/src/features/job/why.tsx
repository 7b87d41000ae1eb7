import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, Hourglass } from "lucide-react";
import type { Job } from "@/api/job";
import { keys, whyQuery } from "@/api/queries";
import { resumeQueue } from "@/api/queues";
import type { Cause } from "@/api/types";
import { useRefusal } from "@/lib/session";
import { job as words } from "@/lib/text/job";
import { words as queueWords } from "@/lib/text/queues";
import { visible } from "@/lib/visible";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { toast } from "@/ui/toast";
import { Section } from "./section";

/** States in which a job has not started, or has to start again. */
const WAITING = new Set(["pending", "scheduled", "retrying"]);

/** Ask what a job waits for, as long as it waits. While the first answer is on its way, nothing below is drawn: it would
 * move. */
export function useWhy(job: Job): { causes: readonly Cause[]; isPending: boolean } {
  const waits = WAITING.has(job.state) && job.gone !== true;
  const { data, isLoading } = useQuery({
    ...whyQuery(job.id, job.state),
    enabled: waits,
    // That of its state before, but never that of another job.
    placeholderData: (before, query) => (query?.queryKey[2] === job.id ? before : undefined),
  });
  return { causes: waits && data?.waiting ? data.causes : [], isPending: isLoading };
}

/** What has to happen before the job starts, and what can be done about it. */
export function Why({ causes, queue }: { causes: readonly Cause[]; queue: string }) {
  if (causes.length === 0) return null;
  return (
    <Section title={words.why}>
      {causes.map((cause) => (
        <Line key={cause.code} cause={cause} queue={queue} />
      ))}
    </Section>
  );
}

function Line({ cause, queue }: { cause: Cause; queue: string }) {
  const Icon = cause.stuck ? CircleAlert : Hourglass;
  return (
    <div className="flex gap-2.5 rounded-m border border-border px-3 py-2.5">
      <Icon
        aria-hidden
        size={16}
        className={cause.stuck ? "mt-0.5 shrink-0 text-danger" : "mt-0.5 shrink-0 text-text-3"}
      />
      <div className="min-w-0 grow">
        <p className="break-words leading-5">{sentence(visible(cause.text))}</p>
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

/** Resumes the queue of the job, where the caller may. */
function Resume({ queue }: { queue: string }) {
  const cache = useQueryClient();
  const refusal = useRefusal("queues:write");
  const resume = useMutation({
    mutationFn: () => resumeQueue(queue),
    onSuccess: () => {
      toast({ title: queueWords.resumedDone(queue), tone: "success" });
      void cache.invalidateQueries({ queryKey: keys.whys() });
      void cache.invalidateQueries({ queryKey: keys.queues() });
    },
    onError: (error) => toast({ title: queueWords.resumeFailed(queue), detail: error.message, tone: "danger" }),
  });
  return (
    <Button size="s" className="mt-2" busy={resume.isPending} refusal={refusal} onClick={() => resume.mutate()}>
      {words.resumeQueue}
    </Button>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
