import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useState } from "react";
import { type ActResult, type ActTarget, actOnJobs, allowedIn, type JobAction, type JobActs } from "@/api/job-actions";
import { keys } from "@/api/queries";
import { acts } from "@/lib/text/acts";
import { Confirm } from "@/ui/confirm";
import { toast } from "@/ui/toast";
import { type Failed, FailedActs } from "./failed-acts";
import { heldRows, patchAfter } from "./patch-after";
import { toldOf } from "./told-of";

interface Question {
  targets: readonly ActTarget[];
  answer: (done: readonly string[]) => void;
}

const NONE: readonly string[] = [];

/** Retry, cancel and delete, with their question, message and details. */
export function useJobActs(): JobActs & { dialogs: ReactNode } {
  const client = useQueryClient();
  const [busy, setBusy] = useState<JobAction | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const [failed, setFailed] = useState<Failed | null>(null);

  const run = useCallback(
    async (action: JobAction, targets: readonly ActTarget[]): Promise<readonly string[]> => {
      setBusy(action);
      const held = heldRows(client);
      const results = await actOnJobs(
        action,
        targets.map(({ id }) => id),
      );
      patchAfter(client, results, held);
      setBusy(null);
      tell(action, targets, results, setFailed);
      void client.invalidateQueries({ queryKey: keys.stats() });
      return results.filter(({ problem }) => problem === null).map(({ id }) => id);
    },
    [client],
  );

  const act = useCallback(
    (action: JobAction, targets: readonly ActTarget[]) => {
      if (targets.length === 0) return Promise.resolve(NONE);
      if (action !== "delete") return run(action, targets);
      return new Promise<readonly string[]>((answer) => setQuestion({ targets, answer }));
    },
    [run],
  );

  const close = (done: readonly string[]) => {
    question?.answer(done);
    setQuestion(null);
  };
  const targets = question?.targets ?? [];
  const fit = targets.filter(({ state }) => allowedIn("delete", state)).length;
  const dialogs = (
    <>
      <Confirm
        open={question !== null}
        onOpenChange={(open) => {
          if (!open && !busy) close(NONE);
        }}
        danger
        title={acts.deleteTitle(targets.length || 1)}
        description={targets.length > 1 ? acts.deleteHint : acts.deleteOneHint}
        verb={acts.verbOf("delete", fit || targets.length || 1)}
        busy={busy === "delete"}
        onConfirm={async () => close(await run("delete", targets))}
      >
        {fit > 0 && fit < targets.length ? (
          <p className="text-text-2">{acts.deleteSome(fit, targets.length - fit)}</p>
        ) : null}
      </Confirm>
      <FailedActs failed={failed} onClose={() => setFailed(null)} />
    </>
  );
  return { act, busy, dialogs };
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
