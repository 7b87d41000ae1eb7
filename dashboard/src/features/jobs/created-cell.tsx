import { Ellipsis } from "lucide-react";
import type { JobRow } from "@/api/types";
import { words } from "@/lib/text/jobs";
import { Time } from "@/ui/time";

interface Props {
  row: JobRow;
  onMenu: (row: JobRow, at: DOMRect) => void;
}

/** Age of a row, and beside it, on hover and focus, the button of its menu. One menu serves all rows. */
export function CreatedCell({ row, onMenu }: Props) {
  return (
    <span className="flex items-center justify-end gap-1">
      <button
        type="button"
        aria-haspopup="menu"
        aria-label={words.rowMenu(row.task)}
        className="grid size-7 shrink-0 place-items-center rounded-s text-text-2 opacity-0 hover:bg-active hover:text-text focus-visible:opacity-100 group-hover/row:opacity-100 group-focus-within/row:opacity-100 max-md:hidden"
        onClick={(event) => {
          event.stopPropagation();
          onMenu(row, event.currentTarget.getBoundingClientRect());
        }}
      >
        <Ellipsis aria-hidden size={16} />
      </button>
      <Time at={row.created_at} className="text-text-3" />
    </span>
  );
}
