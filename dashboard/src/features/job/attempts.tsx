import { ChevronRight } from "lucide-react";
import { Fragment, type ReactNode, useState } from "react";
import type { Job } from "@/api/job";
import { cx } from "@/lib/cx";
import { duration, NONE } from "@/lib/format";
import { shortId } from "@/lib/id";
import { job as words } from "@/lib/text/job";
import { visible } from "@/lib/visible";
import { Empty } from "@/ui/empty";
import { StateIcon } from "@/ui/state-icon";
import { Elapsed, Time } from "@/ui/time";
import { Traceback } from "@/ui/traceback";
import { shapeOf } from "./outcome";
import { type Run, runsOf } from "./timeline";

/** Every attempt that is kept, newest first; one that failed opens its error. */
export function Attempts({ job }: { job: Job }) {
  const runs = runsOf(job, Date.parse(job.created_at));
  const [open, setOpen] = useState<number | null>(null);
  if (runs.length === 0) return <Empty title={words.noAttempts} hint={words.noAttemptsHint} />;
  const rounds = job.round > 1;
  return (
    <div className="@container/attempts -mx-5 max-md:-mx-4">
      <table className="w-full table-fixed border-border border-b">
        <thead>
          <tr className="h-8 text-left text-12 text-text-2 [&>th]:px-2 [&>th]:font-medium">
            <th scope="col" className="w-36 !pl-5 max-md:!pl-4 @max-[480px]/attempts:w-28">
              {words.attempt}
            </th>
            <th scope="col">{words.error}</th>
            <th scope="col" className={cx("w-20", WORKER)}>
              {words.worker}
            </th>
            <th scope="col" className={cx("w-17 text-right", WAITED)}>
              {words.wait}
            </th>
            <th scope="col" className={cx("w-17 text-right", RAN)}>
              {words.ranFor}
            </th>
            <th scope="col" className={cx("w-29 !pr-5 text-right", STARTED)}>
              {words.started}
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.toReversed().map((run, index) => (
            <Fragment key={run.attempt.lease_no}>
              <Row
                run={run}
                name={words.attemptNumber(run.attempt.attempt, rounds ? run.attempt.round : null)}
                died={index === 0 && job.state === "dead"}
                open={open === run.attempt.lease_no}
                onToggle={() => setOpen(open === run.attempt.lease_no ? null : run.attempt.lease_no)}
              />
              {run.skipped > 0 ? (
                <Wide className="flex h-(--tf-row) items-center border-border border-t text-text-3">
                  {words.notListed(run.skipped)}
                </Wide>
              ) : null}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// How wide the table must be for a column; the attempt, its error and how long it ran are always there.
const STARTED = "@max-[560px]/attempts:hidden";
const WORKER = "@max-[480px]/attempts:hidden";
const WAITED = "@max-[400px]/attempts:hidden";
/** The last column where the table is narrow. */
const RAN = "@max-[560px]/attempts:!pr-5 max-md:@max-[560px]/attempts:!pr-4";

/** A row of one cell. It spans no columns: those that are hidden would take a share of the width. */
function Wide({ className, children }: { className: string; children: ReactNode }) {
  return (
    <tr>
      <td className="max-w-0 p-0">
        <div className={cx("w-[100cqw] px-5 max-md:px-4", className)}>{children}</div>
      </td>
    </tr>
  );
}

interface RowProps {
  run: Run;
  name: string;
  died: boolean;
  open: boolean;
  onToggle: () => void;
}

function Row({ run, name, died, open, onToggle }: RowProps) {
  const { attempt, ran } = run;
  const { error, worker, host, pid, waited } = attempt;
  return (
    <>
      <tr className="h-(--tf-row) border-border border-t [&>td]:truncate [&>td]:px-2">
        <td className="!pl-5 max-md:!pl-4">
          <span className="flex min-w-0 items-center gap-2">
            <StateIcon live state={shapeOf(attempt.outcome, died)} />
            <span className="font-medium">{name}</span>
            <span className="truncate text-text-3">{words.outcome(attempt.outcome)}</span>
          </span>
        </td>
        <td>
          {error ? (
            <button
              type="button"
              aria-expanded={open}
              title={visible(`${error.type}: ${error.message}`)}
              onClick={onToggle}
              className="group/error flex h-6 w-full min-w-0 items-center gap-1 rounded-s text-left outline-offset-[-2px]"
            >
              <ChevronRight aria-hidden size={14} className={cx("shrink-0 text-text-3", open && "rotate-90")} />
              <span className="truncate group-hover/error:underline">
                <span className="font-mono text-12 text-danger">{visible(shortType(error.type))}</span>{" "}
                <span className="text-text-2">{visible(error.message)}</span>
              </span>
              <span className="sr-only">{words.ofAttempt(name)}</span>
            </button>
          ) : (
            <span className="text-text-3">{NONE}</span>
          )}
        </td>
        <td
          className={cx("font-mono text-12 text-text-2", WORKER)}
          title={host && pid ? words.host(host, pid) : (worker ?? undefined)}
        >
          {worker ? shortId(worker) : NONE}
        </td>
        <td className={cx("text-right text-text-2", WAITED)}>{waited === null ? NONE : duration(waited)}</td>
        <td className={cx("text-right text-text-2", RAN)}>
          {attempt.outcome === "running" && attempt.started_at ? (
            <Elapsed from={attempt.started_at} />
          ) : ran === null ? (
            NONE
          ) : (
            duration(ran)
          )}
        </td>
        <td className={cx("!pr-5 text-right", STARTED)}>
          <Time at={attempt.started_at} show="clock" className="font-mono text-12 text-text-2" />
        </td>
      </tr>
      {error && open ? (
        <Wide className="pt-1 pb-4">
          <Traceback
            type={visible(error.type)}
            message={visible(error.message)}
            traceback={visible(error.traceback)}
            note={words.noteOf(name)}
            copyLabel={words.copyTraceback}
          />
        </Wide>
      ) : null}
    </>
  );
}

/** Without its modules: "ConnectTimeout" of "httpx.ConnectTimeout". */
function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1) || type;
}
