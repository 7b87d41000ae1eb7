import { FIELD_KEYS, formatTerm } from "./grammar";
import type { Bounds } from "./range";
import { type JobsSearch, rangeIsOfEnd } from "./search";

/** The whole filter of a list as one text: chips, state, and the range of time. */
export function matchingText(search: JobsSearch, { from, to }: Bounds): string {
  const terms = FIELD_KEYS.flatMap((key) => (search[key] ? [formatTerm({ key, value: search[key] })] : []));
  const key = rangeIsOfEnd(search) ? "finished" : "created";
  const iso = (at: number | null) => (at === null ? "" : new Date(at).toISOString());
  if (from !== null || to !== null) terms.push(`${key}:${iso(from)}..${iso(to)}`);
  if (search.q) terms.push(search.q);
  return terms.join(" ");
}
