import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { countQuery } from "@/api/bulks";
import type { BulkAct } from "@/api/job-actions";
import type { JobsQuery } from "@/api/types";
import { useAction } from "@/lib/actions";
import { countAtLeast, countExactly } from "@/lib/format";
import { words } from "@/lib/text/bulk";
import { Button } from "@/ui/button";
import { matchingText } from "./matching";
import { type JobsSearch, statesOf } from "./search";

interface Matching {
  /** What is meant, once all that match are; null: the selected rows. */
  all: { label: string; states: readonly string[] } | null;
  /** Offers to mean all that match. */
  extra: ReactNode;
  start: (action: BulkAct) => void;
}

/**
 * From selected rows to all that match the filter of the list.
 *
 * @param asked the question of the list, with its instants
 * @param selected how many rows are selected; with none, nothing is counted
 * @param onStarted clears the selection
 */
export function useMatching(search: JobsSearch, asked: JobsQuery, selected: number, onStarted: () => void): Matching {
  const text = matchingText(search, boundsOf(asked));
  const [chosen, setChosen] = useState<string | null>(null);
  const begin = useAction("bulk");
  const { data } = useQuery({ ...countQuery(text), enabled: selected > 0 });
  // Another filter, or no row: all of it is meant no longer.
  const isAll = selected > 0 && chosen === text;
  const number = data ? (data.exact ? countExactly(data.value) : countAtLeast(data.value)) : null;
  const offers = begin !== undefined && number !== null && !isAll && data !== undefined && data.value > selected;
  return {
    all: isAll && number !== null ? { label: words.allSelected(number), states: statesOf(search) } : null,
    extra: offers ? (
      <Button size="s" variant="ghost" onClick={() => setChosen(text)}>
        {words.selectAll(number)}
      </Button>
    ) : null,
    start: (action) =>
      begin?.(action, { q: text }, () => {
        setChosen(null);
        onStarted();
      }),
  };
}

function boundsOf(asked: JobsQuery) {
  const at = (time: string | undefined) => (time === undefined ? null : Date.parse(time));
  return {
    from: at(asked.created_after ?? asked.finished_after),
    to: at(asked.created_before ?? asked.finished_before),
  };
}
