import type { Attempt, Job } from "@/api/job";
import { isFinal } from "@/lib/state";

/** An attempt as it is drawn. Times in milliseconds, durations in seconds. */
export interface Run {
  attempt: Attempt;
  started: number | null;
  ended: number | null;
  /** So far, while it runs. */
  ran: number | null;
  /** Attempts before this one that the server does not list. */
  skipped: number;
}

const ms = (at: string | null | undefined) => (at ? Date.parse(at) : null);

/** The attempts of a job, oldest first. */
export function runsOf(job: Job, now: number): Run[] {
  const { attempts } = job;
  const gap = Math.max(0, job.attempts_total - attempts.length);
  // What is not listed lies between the first ten and the last ones, where the numbers of claims jump.
  const jump =
    gap > 0 ? attempts.findIndex((one, i) => i > 0 && one.lease_no - (attempts[i - 1]?.lease_no ?? 0) > 1) : -1;
  return attempts.map((attempt, index) => {
    const started = ms(attempt.started_at);
    const ended = ms(attempt.finished_at);
    return {
      attempt,
      started,
      ended,
      ran: started === null ? null : Math.max(0, ((ended ?? now) - started) / 1000),
      skipped: index === jump ? gap : 0,
    };
  });
}

/** A part of the strip: a wait or a run, with its length. */
export interface Part {
  key: string;
  kind: "wait" | "run" | "gap";
  outcome: string | null;
  seconds: number;
}

/** From its creation to its end, or up to now. */
export function partsOf(job: Job, runs: readonly Run[], now: number): Part[] {
  const parts: Part[] = [];
  let at = ms(job.created_at) ?? now;
  for (const run of runs) {
    if (run.started === null) continue;
    const key = String(run.attempt.lease_no);
    const idle = Math.max(0, (run.started - at) / 1000);
    if (run.skipped > 0) parts.push({ key: `gap${key}`, kind: "gap", outcome: null, seconds: idle });
    else if (idle > 0) parts.push({ key: `wait${key}`, kind: "wait", outcome: null, seconds: idle });
    parts.push({ key: `run${key}`, kind: "run", outcome: run.attempt.outcome, seconds: run.ran ?? 0 });
    at = run.ended ?? now;
  }
  const end = ms(job.finished_at) ?? (isFinal(job.state) ? at : now);
  if (end - at > 500) parts.push({ key: "rest", kind: "wait", outcome: null, seconds: (end - at) / 1000 });
  return parts;
}

export type Step =
  | { kind: "enqueued"; at: number }
  | { kind: "run"; run: Run; last: boolean }
  | { kind: "skipped"; count: number; before: number }
  | { kind: "round"; round: number }
  | { kind: "folded"; count: number }
  | { kind: "cancel-requested"; at: number }
  | { kind: "due"; at: number; attempt: number }
  | { kind: "ready"; since: number }
  | { kind: "ended"; at: number; state: string; reason: string | null };

const HEAD = 3;
const TAIL = 12;

/** What happened, one line each. Of many attempts the middle is folded, unless `all`. */
export function stepsOf(job: Job, runs: readonly Run[], all: boolean): Step[] {
  const steps: Step[] = [{ kind: "enqueued", at: ms(job.created_at) ?? 0 }];
  const folded = all || runs.length <= HEAD + TAIL + 1 ? 0 : runs.length - HEAD - TAIL;
  let round = 1;
  runs.forEach((run, index) => {
    if (run.skipped > 0) steps.push({ kind: "skipped", count: run.skipped, before: run.attempt.lease_no });
    if (folded > 0 && index >= HEAD && index < HEAD + folded) {
      if (index === HEAD) steps.push({ kind: "folded", count: folded });
      round = run.attempt.round;
      return;
    }
    if (run.attempt.round > round) steps.push({ kind: "round", round: run.attempt.round });
    round = run.attempt.round;
    steps.push({ kind: "run", run, last: index === runs.length - 1 });
  });
  if (job.round > round) steps.push({ kind: "round", round: job.round });
  return [...steps, ...present(job, runs.at(-1))];
}

/** Where it stands now, unless the last attempt says it. */
function present(job: Job, last: Run | undefined): Step[] {
  const finished = ms(job.finished_at);
  switch (job.state) {
    case "running":
      return job.cancel_requested_at ? [{ kind: "cancel-requested", at: ms(job.cancel_requested_at) ?? 0 }] : [];
    case "scheduled":
    case "retrying":
      return [{ kind: "due", at: ms(job.next_attempt_at ?? job.run_at) ?? 0, attempt: job.attempt + 1 }];
    case "pending":
      return [{ kind: "ready", since: Math.max(ms(job.run_at) ?? 0, ms(job.created_at) ?? 0) }];
    default: {
      const said =
        last !== undefined && last.ended !== null && finished !== null && Math.abs(finished - last.ended) < 1000;
      if (finished === null || (said && job.state !== "cancelled") || (said && last.attempt.outcome === "cancelled")) {
        return [];
      }
      return [{ kind: "ended", at: finished, state: job.state, reason: job.reason }];
    }
  }
}
