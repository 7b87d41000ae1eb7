import { words } from "@/lib/text/jobs";
import type { ListRow } from "@/live/patch";
import { StateLabel } from "@/ui/state-label";

/** State of a row, and what is under way with it. */
export function StateCell({ row }: { row: ListRow }) {
  if (row.gone) return <span className="text-text-3 line-through">{words.deleted}</span>;
  const cancelling = row.state === "running" && row.cancel_requested_at !== null;
  return (
    <span title={cancelling ? words.cancelling : undefined}>
      <StateLabel state={row.state} className={cancelling ? "text-text-3" : undefined} />
    </span>
  );
}
