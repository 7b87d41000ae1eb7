import { allowedIn, type JobAction } from "@/api/job-actions";
import type { JobRow } from "@/api/types";
import { copyText } from "@/lib/copy";
import { jobLink } from "@/lib/copy-as";
import { useKeys } from "@/lib/keys";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/jobs";
import { toast } from "@/ui/toast";

interface Options {
  rows: readonly JobRow[];
  /** The row that a single key means; null while a drawer has its own. */
  active: string | null;
  /** The selected rows: they go before the active one. */
  targets: readonly JobRow[];
  act: (action: JobAction, which: readonly JobRow[]) => void;
  fresh: number;
  showFresh: () => void;
}

/** `r c Del` for the selection or the row, `y` and `Shift y` for the row, `n` for new rows. */
export function useListKeys({ rows, active, targets, act, fresh, showFresh }: Options): void {
  const permission = useRefusal("jobs:write");
  const row = rows.find((one) => one.id === active);
  const which = targets.length > 0 ? targets : row ? [row] : [];
  const press = (action: JobAction) => () => {
    if (!permission && which.some(({ state }) => allowedIn(action, state))) act(action, which);
  };
  useKeys({ r: press("retry"), c: press("cancel"), Delete: press("delete") }, which.length > 0);
  useKeys({ y: () => copy(row?.id), "Shift+Y": () => copy(row && jobLink(row.id)) }, row !== undefined);
  useKeys({ n: showFresh }, fresh > 0);
}

async function copy(text: string | undefined): Promise<void> {
  if (text && (await copyText(text))) toast({ title: words.copied, duration: 2000 });
}
