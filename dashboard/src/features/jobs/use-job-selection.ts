import { useMemo } from "react";
import { MOST_JOBS } from "@/api/job-actions";
import { words } from "@/lib/text/jobs";
import { toast } from "@/ui/toast";
import { type Selection, useSelection } from "@/ui/use-selection";

/** Rows that are selected, as many as one act takes. */
export function useJobSelection(): Selection {
  const all = useSelection();
  return useMemo(() => {
    const { ids, put, toggle, clear } = all;
    return {
      ids,
      clear,
      toggle(id) {
        if (!ids.has(id) && ids.size >= MOST_JOBS) refuse();
        else toggle(id);
      },
      put(changed, on) {
        if (!on) return put(changed, false);
        const added = changed.filter((id) => !ids.has(id));
        const room = MOST_JOBS - ids.size;
        if (added.length > room) refuse();
        put(added.slice(0, room), true);
      },
    };
  }, [all]);
}

function refuse(): void {
  toast({ title: words.mostSelected(MOST_JOBS) });
}
