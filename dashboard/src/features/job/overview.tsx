import { useMemo, useState } from "react";
import type { Job } from "@/api/job";
import { useNow } from "@/lib/clock";
import { indentJson, isEmptyJson } from "@/lib/raw-json";
import { job as words } from "@/lib/text/job";
import { Json } from "@/ui/json";
import { Inspect } from "./inspect";
import { JobError } from "./job-error";
import { Progress } from "./progress";
import { Result } from "./result";
import { Section } from "./section";
import { Steps } from "./steps";
import { partsOf, runsOf, stepsOf } from "./timeline";
import { TimelineStrip } from "./timeline-strip";
import { useWhy, Why } from "./why";

/** What one wants to know first: the error, how it went, what it was asked to do, what came of it. */
export function Overview({ job }: { job: Job }) {
  const why = useWhy(job);
  if (why.isPending) return null;
  return (
    <>
      <JobError job={job} />
      <Why wait={why.wait} queue={job.queue} />
      <Progress job={job} />
      <Inspect job={job} />
      <Timeline job={job} />
      <Section title={words.arguments}>
        {isEmptyJson(job.raw.args) ? (
          <p className="text-text-3">{words.noArguments}</p>
        ) : (
          <Json text={indentJson(job.raw.args)} copyLabel={words.copyArguments} />
        )}
      </Section>
      <Result job={job} />
      {isEmptyJson(job.raw.meta) ? null : (
        <Section title={words.meta}>
          <Json text={indentJson(job.raw.meta)} copyLabel={words.copyMeta} />
        </Section>
      )}
    </>
  );
}

function Timeline({ job }: { job: Job }) {
  const [all, setAll] = useState(false);
  const moving = job.finished_at === null;
  return (
    <Section title={words.timeline}>
      {moving ? <MovingStrip job={job} /> : <Strip job={job} now={0} />}
      <StepList job={job} all={all} onUnfold={() => setAll(true)} />
    </Section>
  );
}

// Alone, so that a tick draws the strip again and not the lines below it.
function MovingStrip({ job }: { job: Job }) {
  return <Strip job={job} now={useNow()} />;
}

function Strip({ job, now }: { job: Job; now: number }) {
  return <TimelineStrip parts={partsOf(job, runsOf(job, now), now)} />;
}

function StepList({ job, all, onUnfold }: { job: Job; all: boolean; onUnfold: () => void }) {
  const steps = useMemo(() => stepsOf(job, runsOf(job, Date.parse(job.created_at)), all), [job, all]);
  return <Steps job={job} steps={steps} onUnfold={onUnfold} />;
}
