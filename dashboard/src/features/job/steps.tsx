import type { ReactNode } from "react";
import type { Job } from "@/api/job";
import { useNow } from "@/lib/clock";
import { cx } from "@/lib/cx";
import { age, duration, relative } from "@/lib/format";
import { shortId } from "@/lib/id";
import { isState } from "@/lib/state";
import { job as words } from "@/lib/text/job";
import { reasonWord, STATE_WORD } from "@/lib/text/states";
import { StateIcon } from "@/ui/state-icon";
import { Time } from "@/ui/time";
import { shapeOf } from "./outcome";
import type { Run, Step } from "./timeline";

interface Props {
  job: Job;
  steps: readonly Step[];
  onUnfold: () => void;
}

/** What happened to the job, one line each, with the time of day. */
export function Steps({ job, steps, onUnfold }: Props) {
  return (
    <ol className="mt-3">
      {steps.map((step, index) => (
        <StepLine key={keyOf(step)} step={step} job={job} last={index === steps.length - 1} onUnfold={onUnfold} />
      ))}
    </ol>
  );
}

function keyOf(step: Step): string {
  switch (step.kind) {
    case "run":
      return `run${step.run.attempt.lease_no}`;
    case "skipped":
      return `skipped${step.before}`;
    case "round":
      return `round${step.round}`;
    default:
      return step.kind;
  }
}

function StepLine({ step, job, last, onUnfold }: { step: Step; job: Job; last: boolean; onUnfold: () => void }) {
  switch (step.kind) {
    case "enqueued":
      // To which queue is not known: an operator may have moved it since.
      return <Line icon="pending" title={words.enqueued} at={step.at} last={last} />;
    case "run":
      return <RunLine run={step.run} died={step.last && job.state === "dead"} last={last} />;
    case "round":
      return <Line icon={null} title={words.roundBegan(step.round)} aside={words.roundHint} last={last} />;
    case "skipped":
      return <Line icon={null} aside={words.notListed(step.count)} last={last} />;
    case "folded":
      return (
        <Line icon={null} last={last}>
          <button type="button" className="text-accent hover:underline" onClick={onUnfold}>
            {words.unfold(step.count)}
          </button>
        </Line>
      );
    case "cancel-requested":
      return (
        <Line icon="cancelled" title={words.cancelRequested} at={step.at} last={last}>
          {words.cancelRequestedHint}
        </Line>
      );
    case "due":
      return (
        <Line
          icon="scheduled"
          title={words.nextAttempt(step.attempt)}
          aside={<Due at={step.at} />}
          at={step.at}
          last={last}
        />
      );
    case "ready":
      return (
        <Line icon="pending" title={words.ready} aside={words.readyHint} at={step.since} last={last}>
          <Waiting since={step.since} />
        </Line>
      );
    case "ended":
      return (
        <Line
          icon={step.state}
          title={isState(step.state) ? STATE_WORD[step.state] : step.state}
          aside={step.reason ? reasonWord(step.reason) : undefined}
          at={step.at}
          last={last}
        />
      );
  }
}

function Due({ at }: { at: number }) {
  return words.dueIn(relative(at, useNow()));
}

function Waiting({ since }: { since: number }) {
  return words.waiting(age((useNow() - since) / 1000));
}

function Running({ since }: { since: number }) {
  const seconds = Math.max(0, (useNow() - since) / 1000);
  return words.running(seconds < 60 ? age(seconds) : duration(seconds));
}

function RunLine({ run, died, last }: { run: Run; died: boolean; last: boolean }) {
  const { attempt, ran, started } = run;
  const { outcome, worker, host, pid, waited } = attempt;
  return (
    <Line
      icon={shapeOf(outcome, died)}
      title={words.attemptEnded(attempt.attempt, outcome)}
      aside={
        worker ? (
          <span title={host && pid ? words.host(host, pid) : worker}>{words.onWorker(shortId(worker))}</span>
        ) : undefined
      }
      at={started ?? undefined}
      last={last}
    >
      {waited === null ? null : words.waited(duration(waited))}
      {waited === null || ran === null ? null : " · "}
      {ran === null || started === null ? null : outcome === "running" ? (
        <Running since={started} />
      ) : (
        words.ran(duration(ran))
      )}
    </Line>
  );
}

interface LineProps {
  icon: string | null;
  title?: ReactNode;
  aside?: ReactNode;
  at?: number | undefined;
  last: boolean;
  children?: ReactNode;
}

function Line({ icon, title, aside, at, last, children }: LineProps) {
  return (
    <li className={cx("relative flex gap-2.5 pb-3.5", last && "pb-0")}>
      {last ? null : <span aria-hidden className="absolute top-5 bottom-0 left-[6.5px] w-px bg-border" />}
      <span className="grid h-5 w-3.5 shrink-0 place-items-center">
        {icon ? <StateIcon live state={icon} /> : <span aria-hidden className="size-1 rounded-full bg-border-strong" />}
      </span>
      <div className="min-w-0 grow">
        <p className="truncate leading-5">
          {title ? <span className="font-medium">{title}</span> : null}
          {title && aside ? " " : null}
          {aside ? <span className="text-text-3">{aside}</span> : null}
        </p>
        {children ? <p className="text-12 text-text-3 leading-4.5">{children}</p> : null}
      </div>
      {at === undefined ? null : (
        <Time
          at={new Date(at).toISOString()}
          show="clock"
          className="shrink-0 pt-px font-mono text-12 text-text-3 leading-5"
        />
      )}
    </li>
  );
}
