import { ListChecks } from "lucide-react";
import type { ReactNode } from "react";
import { isState } from "@/lib/state";
import { words } from "@/lib/text/jobs";
import { STATE_WORD } from "@/lib/text/states";
import { useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { Code } from "@/ui/code";
import { Empty } from "@/ui/empty";
import { formatFilter, type Term } from "./grammar";
import { LookedThrough, SearchOn } from "./list-foot";
import { type Range, rangeInSentence, widened } from "./range";
import { type JobsSearch, termsOf } from "./search";
import type { JobListState } from "./use-job-list";

interface Props {
  list: JobListState;
  search: JobsSearch;
  range: Range;
  /** Whether the store has any job at all; null: not known. */
  any: boolean | null;
  onClear: () => void;
  onRange: (range: Range) => void;
}

/** Why there is no row, and what would find some. */
export function ListEmpty({ list, search, range, any, onClear, onRange }: Props) {
  const zone = useZone();
  const terms = termsOf(search);
  const filtered = terms.length > 0 || search.state !== undefined || range.kind !== "any";
  if (!filtered) return any === true ? <NoneLeft /> : <FirstUse />;
  const where = range.kind === "any" ? "" : ` ${rangeInSentence(range, zone)}`;
  const wider = widened(range);
  const partial = list.query.hasNextPage;
  const actions: ReactNode[] = [
    ...(partial ? [<SearchOn key="on" list={list} />] : []),
    ...(range.kind === "any"
      ? []
      : [
          <Button key="wider" size="s" onClick={() => onRange(wider)}>
            {wider.kind === "any" ? words.showAny : words.widen(rangeInSentence(wider, zone))}
          </Button>,
        ]),
    <Button key="clear" size="s" variant="ghost" onClick={onClear}>
      {words.clearAll}
    </Button>,
  ];
  return (
    <Empty
      title={titleOf(terms, search.state, where, partial)}
      hint={partial ? <LookedThrough list={list} /> : undefined}
      actions={actions}
    />
  );
}

function titleOf(terms: readonly Term[], state: string | undefined, where: string, partial: boolean): string {
  const state_ = state && !state.includes(",") ? [{ key: "state", value: state } as Term] : [];
  if (partial) return words.noneYet(formatFilter([...terms, ...state_]));
  if (terms.length > 0) return words.notFound(formatFilter([...terms, ...state_]), where);
  if (state && isState(state)) return words.noneInState(STATE_WORD[state].toLowerCase(), where);
  return words.noneInRange(where);
}

function NoneLeft() {
  return <Empty icon={<ListChecks aria-hidden size={24} />} title={words.noneLeft} />;
}

function FirstUse() {
  return (
    <Empty
      icon={<ListChecks aria-hidden size={24} />}
      title={words.firstUse}
      hint={words.firstUseHint}
      actions={<Code text={words.firstUseCommand} className="text-left" />}
    />
  );
}
