import { Link } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import type { Worker } from "@/api/workers";
import { cx } from "@/lib/cx";
import { count } from "@/lib/format";
import { shortId } from "@/lib/id";
import { useSession } from "@/lib/session";
import { words } from "@/lib/text/workers";
import { Meter } from "@/ui/meter";
import { BELOW } from "@/ui/table";
import { Elapsed } from "@/ui/time";
import { WorkerStateIcon, WorkerStateLabel } from "./worker-state";

const NAMED = 3;

/** Whether it has slots: a worker that ended or was lost has none. */
function claims({ state }: Worker): boolean {
  return state === "living" || state === "draining";
}

export function WorkerCell({ worker }: { worker: Worker }) {
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <WorkerStateIcon state={worker.state} />
      <span className={cx("shrink-0 font-mono", worker.state === "ended" && "text-text-3")}>{shortId(worker.id)}</span>
      <WorkerStateLabel worker={worker} />
      {claims(worker) ? (
        <span className={cx("ml-auto shrink-0 text-text-2", BELOW[640])}>
          {words.busyOf(count(worker.busy), count(worker.slots))}
        </span>
      ) : null}
    </span>
  );
}

export function ServesCell({ worker }: { worker: Worker }) {
  const { queues, tenants = [], isolated } = worker.info;
  const { tenant } = useSession();
  if (isolated) return <span className="text-text-3">{words.isolated}</span>;
  const names = [...queues].sort();
  return (
    <span className={claims(worker) ? "text-text-2" : "text-text-3"} title={names.join(", ")}>
      {names.length > 0 ? names.join(", ") : words.everyQueue}
      {tenants.some((name) => name !== tenant) ? (
        <span className="ml-2 text-text-3">{words.tenants([...tenants].sort())}</span>
      ) : null}
    </span>
  );
}

export function SlotsCell({ worker }: { worker: Worker }) {
  if (!claims(worker)) return null;
  return (
    <span className="flex items-center gap-2.5">
      <Meter
        label={words.slotsOf(count(worker.busy), count(worker.slots))}
        className="w-14 shrink-0"
        max={worker.slots}
        parts={[{ id: "busy", value: worker.busy, className: "bg-running" }]}
      />
      <span>{words.busyOf(count(worker.busy), count(worker.slots))}</span>
    </span>
  );
}

/** What it runs, why it does not, or what became of what it ran. */
export function JobsCell({ worker }: { worker: Worker }) {
  const { state, running, jobs } = worker;
  if (state === "lost" || state === "ended") return <Fate worker={worker} />;
  const note = Object.values(worker.info.notes ?? {})[0];
  if (note) {
    return (
      <span className="flex min-w-0 items-center gap-2" title={note}>
        <TriangleAlert aria-hidden size={14} className="shrink-0 text-retrying" />
        <span className="truncate">{note}</span>
      </span>
    );
  }
  const shown = jobs.slice(0, NAMED);
  const all = Math.max(running, worker.busy);
  if (shown.length === 0 && all === 0) return <span className="text-text-3">{words.idle}</span>;
  return (
    <span className="flex min-w-0 items-center gap-3">
      {/* What does not fit as a whole wraps out of sight; the link at the end leads to all. */}
      <span className="flex h-6 min-w-0 flex-wrap gap-x-3 overflow-hidden leading-6">
        {shown.map((job) => (
          <Link key={job.id} to="/jobs/$id" params={{ id: job.id }} className="max-w-full truncate hover:underline">
            {job.task}
            <span className="ml-1.5 text-12 text-text-3">
              <Elapsed from={job.started_at} />
            </span>
          </Link>
        ))}
      </span>
      {all > 1 ? (
        <Link
          to="/jobs"
          search={{ worker: worker.id }}
          className="ml-auto shrink-0 leading-6 text-12 text-text-2 hover:text-text hover:underline"
        >
          {words.allJobs(count(all))}
        </Link>
      ) : null}
    </span>
  );
}

function Fate({ worker }: { worker: Worker }) {
  const { state, running, id } = worker;
  const text =
    state === "lost"
      ? running > 0
        ? words.lostHolds(running)
        : words.lostNone
      : running > 0
        ? words.endedHolds(running)
        : words.endedNone;
  return (
    <span className={state === "lost" && running > 0 ? undefined : "text-text-3"}>
      {text}
      {" · "}
      <Link to="/jobs" search={{ worker: id }} className="text-text-2 underline underline-offset-2 hover:text-text">
        {words.itsJobs}
      </Link>
    </span>
  );
}
