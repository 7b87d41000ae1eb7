import { MAX_FILTER } from "@/filter/parse";
import { type Fault, FILTER_KEYS } from "@/filter/terms";
import { STATES } from "@/filter/values";
import { words } from "@/lib/text/jobs";

/** Why a filter cannot be applied, in words. */
export function problemWords(fault: Fault, text: string): string {
  const wrong = Array.from(text).slice(fault.start, fault.end).join("");
  return fault.hint === null
    ? whatIsWrong(fault.kind, wrong)
    : `${whatIsWrong(fault.kind, wrong, true)} ${words.didYouMean(fault.hint)}`;
}

function whatIsWrong(kind: Fault["kind"], wrong: string, hinted = false): string {
  switch (kind) {
    case "unknown_key":
      return hinted ? words.unknownKey(wrong) : `${words.unknownKey(wrong)} ${words.possible(FILTER_KEYS)}`;
    case "bad_state":
      return hinted ? words.unknownState(wrong) : `${words.unknownState(wrong)} ${words.possible(STATES)}`;
    case "too_long":
      return words.tooLong(MAX_FILTER);
    default:
      return words.filterFaults[kind];
  }
}

/** Where the fault is, as the field counts: in UTF-16, where the filter counts code points. */
export function placeOf(fault: Fault, text: string): { from: number; to: number } {
  const units = Array.from(text);
  const from = units.slice(0, fault.start).join("").length;
  return { from, to: Math.max(from, units.slice(0, fault.end).join("").length) };
}
