import type { JobAction } from "@/api/job-actions";
import { shortId } from "@/lib/id";
import { acts } from "@/lib/text/acts";
import { Dialog } from "@/ui/dialog";
import type { Failure } from "./told-of";

export interface Failed {
  action: JobAction;
  failures: readonly Failure[];
}

/** The jobs that nothing was done to, and why. */
export function FailedActs({ failed, onClose }: { failed: Failed | null; onClose: () => void }) {
  return (
    <Dialog
      open={failed !== null}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      size="m"
      title={failed ? acts.noneDone(failed.action, failed.failures.length) : ""}
    >
      <ul className="divide-y divide-border">
        {failed?.failures.map(({ id, task, why }) => (
          <li key={id} className="flex gap-3 py-2">
            <span className="min-w-0 grow truncate">
              <span className="font-medium">{task}</span>{" "}
              <span className="font-mono text-12 text-text-3" title={id}>
                {shortId(id)}
              </span>
            </span>
            <span className="text-right text-text-2">{why}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
