import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useState } from "react";
import { type ActResult, type ActTarget, actOnJobs, allowedIn, type JobAction, type JobActs } from "@/api/job-actions";
import { keys } from "@/api/queries";
import { acts } from "@/lib/text/acts";
import { askReason, type ReasonQuestion } from "@/ui/ask-reason";
import { toast } from "@/ui/toast";
import { type Failed, FailedActs } from "./failed-acts";
import { heldRows, patchAfter } from "./patch-after";
import { toldOf } from "./told-of";

const NONE: readonly string[] = [];

/** Retry, cancel and delete, with their question, message and details. */
export function useJobActs(): JobActs & { dialogs: ReactNode } {
  const client = useQueryClient();
  const [busy, setBusy] = useState<JobAction | null>(null);
  const [failed, setFailed] = useState<Failed | null>(null);

  const act = useCallback(
    async (action: JobAction, targets: readonly ActTarget[]): Promise<readonly string[]> => {
      if (targets.length === 0) return NONE;
      const told = await askReason(questionOf(action, targets));
      if (told === null) return NONE;
      setBusy(action);
      const held = heldRows(client);
      const results = await actOnJobs(
        action,
        targets.map(({ id }) => id),
        told.reason,
      );
      patchAfter(client, results, held);
      setBusy(null);
      tell(action, targets, results, setFailed);
      void client.invalidateQueries({ queryKey: keys.stats() });
      return results.filter(({ problem }) => problem === null).map(({ id }) => id);
    },
    [client],
  );

  return { act, busy, dialogs: <FailedActs failed={failed} onClose={() => setFailed(null)} /> };
}

function questionOf(action: JobAction, targets: readonly ActTarget[]): ReasonQuestion {
  const fit = targets.filter(({ state }) => allowedIn(action, state)).length;
  return {
    title: acts.question(action, targets.length),
    description: <Consequence action={action} targets={targets} fit={fit} />,
    verb: acts.verbOf(action, fit || targets.length),
    danger: action === "delete",
    quiet: action === "retry",
  };
}

function Consequence({ action, targets, fit }: { action: JobAction; targets: readonly ActTarget[]; fit: number }) {
  const some = fit > 0 && fit < targets.length ? acts.onlySome(fit, targets.length - fit) : null;
  return (
    <>
      <p>{acts.consequence(action, targets.length)}</p>
      {some ? <p className="mt-1">{some}</p> : null}
    </>
  );
}

function tell(
  action: JobAction,
  targets: readonly ActTarget[],
  results: readonly ActResult[],
  show: (failed: Failed) => void,
): void {
  const { title, detail, failures } = toldOf(action, targets, results);
  const none = failures.length === results.length;
  toast({
    title,
    detail,
    tone: failures.length === 0 ? "success" : none ? "danger" : "neutral",
    ...(failures.length > 0 ? { duration: 12_000 } : {}),
    ...(failures.length > 1 ? { action: { label: acts.details, run: () => show({ action, failures }) } } : {}),
  });
}
