import type { ActResult, ActTarget, JobAction } from "@/api/job-actions";
import { isState } from "@/lib/state";
import { acts } from "@/lib/text/acts";
import { STATE_WORD } from "@/lib/text/states";

/** One job that nothing was done to. */
export interface Failure {
  id: string;
  task: string;
  why: string;
}

export interface Told {
  title: string;
  detail: string | undefined;
  failures: Failure[];
}

/** The message about an act: what was done to how many, and why not to the others. */
export function toldOf(action: JobAction, targets: readonly ActTarget[], results: readonly ActResult[]): Told {
  const byId = new Map(targets.map((target) => [target.id, target]));
  const failures = results.flatMap(({ id, problem }): Failure[] =>
    problem ? [{ id, task: byId.get(id)?.task ?? "", why: whyOf(problem, byId.get(id)?.state) }] : [],
  );
  const good = results.filter(({ problem }) => problem === null);
  const requested = good.filter(({ answer }) => answer === "requested").length;
  const done = good.length - requested;
  const [only] = targets;
  if (only && targets.length === 1 && good[0]?.answer === "due_now") {
    return { title: acts.dueNowTask(only.task), detail: undefined, failures };
  }
  return { title: titleOf(action, targets, done, requested, failures.length), detail: detailOf(failures), failures };
}

function titleOf(
  action: JobAction,
  targets: readonly ActTarget[],
  done: number,
  requested: number,
  failed: number,
): string {
  const only = targets.length === 1 ? targets[0] : undefined;
  if (done + requested === 0) return only ? acts.failedOne(action, only.task) : acts.noneDone(action, failed);
  if (only) return requested ? acts.requestedTask(only.task) : acts.doneTask(action, only.task);
  if (failed === 0 && requested === 0) return acts.done(action, done);
  if (failed === 0 && done === 0) return acts.requested(requested);
  const parts = [
    ...(done > 0 ? [acts.short(action, done)] : []),
    ...(requested > 0 ? [acts.shortRequested(requested, done === 0)] : []),
  ];
  return failed > 0 ? acts.mixed(parts, failed) : parts.join("; ");
}

function detailOf(failures: readonly Failure[]): string | undefined {
  if (failures.length === 0) return undefined;
  const reasons = new Map<string, number>();
  for (const { why } of failures) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  if (reasons.size === 1) return failures[0]?.why;
  return [...reasons].map(([why, n]) => acts.whyCount(why, n)).join(" · ");
}

// A conflict is about the state: the page knows it, so it need not repeat the id that the server says.
function whyOf({ code, detail }: { code: string; detail: string }, state: string | undefined): string {
  if (code === "not_found") return acts.gone;
  if (code === "conflict" && state !== undefined && isState(state)) return acts.itIs(STATE_WORD[state].toLowerCase());
  return detail;
}
