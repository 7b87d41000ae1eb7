import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Job } from "@/api/job";
import type { JobRow } from "@/api/types";
import { duration, NONE } from "@/lib/format";
import { lastOf, shortId } from "@/lib/id";
import { job as words } from "@/lib/text/job";
import { visible } from "@/lib/visible";
import { type Fact, Facts } from "@/ui/facts";
import { Time } from "@/ui/time";

interface Props {
  /** The row of a list, until the whole job is there. */
  job: Job | JobRow;
  className?: string;
}

/** Where it runs and under which rules. What applies to few jobs is shown for those only. */
export function JobFacts({ job, className }: Props) {
  const whole = "raw" in job ? job : null;
  const waits = job.state === "scheduled" || job.state === "retrying";
  const facts: Fact[] = [
    { label: words.queue, value: <To search={{ queue: job.queue }}>{job.queue}</To> },
    { label: words.priority, value: job.priority },
    { label: words.attempt, value: words.attemptOf(job.attempt, job.max_attempts) },
    { label: words.round, value: job.round },
    {
      label: words.worker,
      value: job.worker ? (
        <To search={{ worker: job.worker }} title={job.worker}>
          {shortId(job.worker)}
        </To>
      ) : (
        NONE
      ),
      mono: true,
    },
    { label: words.timeout, value: whole?.timeout ? duration(whole.timeout) : NONE },
    { label: words.tags, value: job.tags.length > 0 ? <Tags tags={job.tags} /> : NONE },
    { label: words.uniqueKey, value: whole?.unique_key ? <bdi>{visible(whole.unique_key)}</bdi> : NONE },
    ...(waits ? [{ label: words.due, value: <Time at={job.run_at} /> }] : []),
    ...(whole?.expires_at ? [{ label: words.expires, value: <Time at={whole.expires_at} /> }] : []),
    ...(whole?.links.replay_of
      ? [{ label: words.replayOf, value: <Copy id={whole.links.replay_of} />, mono: true }]
      : []),
    ...(whole && whole.links.replays.length > 0
      ? [{ label: words.replays, value: <Copies ids={whole.links.replays} />, mono: true }]
      : []),
    ...(whole && whole.crashes > 0 ? [{ label: words.crashes, value: whole.crashes }] : []),
    ...(whole && whole.losses > 0 ? [{ label: words.losses, value: whole.losses }] : []),
  ];
  return <Facts facts={facts} {...(className ? { className } : {})} />;
}

function Copy({ id }: { id: string }) {
  return (
    <Link to="/jobs/$id" params={{ id }} title={id} preload={false} className="hover:underline">
      {lastOf(id)}
    </Link>
  );
}

function Copies({ ids }: { ids: readonly string[] }) {
  return ids.map((id, index) => (
    <span key={id}>
      {index > 0 ? ", " : null}
      <Copy id={id} />
    </span>
  ));
}

function Tags({ tags }: { tags: readonly string[] }) {
  return tags.map((tag, index) => (
    <span key={tag}>
      {index > 0 ? ", " : null}
      <To search={{ tag }}>
        <bdi>{visible(tag)}</bdi>
      </To>
    </span>
  ));
}

interface ToProps {
  search: { queue?: string; worker?: string; tag?: string };
  title?: string;
  children: ReactNode;
}

/** All jobs that have this in common. */
function To({ search, title, children }: ToProps) {
  return (
    <Link to="/jobs" search={search} title={title} preload={false} className="hover:underline">
      {children}
    </Link>
  );
}
