import { Ban, CalendarClock, CornerDownRight, RotateCw, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { type ActTarget, type BulkAct, fitsIn, type JobActs } from "@/api/job-actions";
import { useRefusal } from "@/lib/session";
import { acts as actWords } from "@/lib/text/acts";
import { words } from "@/lib/text/jobs";
import { Button } from "@/ui/button";
import { SelectionBar } from "@/ui/selection-bar";

const ACTIONS = [
  { action: "retry", Icon: RotateCw, variant: "ghost" },
  { action: "cancel", Icon: Ban, variant: "ghost" },
  { action: "reschedule", Icon: CalendarClock, variant: "ghost" },
  { action: "move", Icon: CornerDownRight, variant: "ghost" },
  { action: "delete", Icon: Trash2, variant: "danger" },
] as const;

interface Props {
  /** All that match the filter are meant: "All 412 that match", and the states that it names, none for any. */
  all: { label: string; states: readonly string[] } | null;
  /** Offers that. */
  extra: ReactNode;
  targets: readonly ActTarget[];
  busy: JobActs["busy"];
  onAct: (action: BulkAct) => void;
  onClear: () => void;
}

/** What can be done with the selected jobs. What fits some of them is offered; the answer says what fitted. */
export function JobSelectionBar({ all, extra, targets, busy, onAct, onClear }: Props) {
  const permission = useRefusal("jobs:write");
  return (
    <SelectionBar label={all?.label ?? words.selected(targets.length)} extra={extra} onClear={onClear}>
      {ACTIONS.map(({ action, Icon, variant }) => (
        <Button
          key={action}
          variant={variant}
          // The words alone fit a narrow page.
          icon={<Icon aria-hidden size={14} className="max-sm:hidden" />}
          busy={busy === action}
          refusal={permission ?? (all === null ? noneFits(action, targets) : noneOf(action, all.states))}
          onClick={() => onAct(action)}
        >
          {actWords.verb(action)}
        </Button>
      ))}
    </SelectionBar>
  );
}

// Where the filter names no state, the dialog says whether one fits: it counts them.
function noneOf(action: BulkAct, states: readonly string[]): string | undefined {
  if (states.length === 0) return undefined;
  return states.some((state) => fitsIn(action, state)) ? undefined : actWords.noneFit(action);
}

/** Why an act would be refused for every one of the jobs; undefined if it fits one. */
export function noneFits(action: BulkAct, targets: readonly ActTarget[]): string | undefined {
  return targets.some(({ state }) => fitsIn(action, state)) ? undefined : actWords.noneFit(action);
}
