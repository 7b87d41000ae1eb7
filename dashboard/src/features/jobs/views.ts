import { nameOf, type View, type ViewContent } from "@/api/views";
import { type Choice, readColumns, writeColumns } from "./choices";
import { FIELD_KEYS, formatFilter, parseFilter, type Term, termsOfText } from "./grammar";
import { formatRange, parseRange } from "./range";
import type { JobsSearch } from "./search";

/** The address of a view: what it shows, and which one it is, so that changes of it can be saved. */
export function searchOfView(view: View): JobsSearch {
  return { ...shownBy(view), view: nameOf(view) };
}

/** What the list shows, as a view keeps it. */
export function contentOf(search: JobsSearch, chosen: readonly Choice[] | null): ViewContent {
  const fields: Term[] = FIELD_KEYS.flatMap((key) => (search[key] ? [{ key, value: search[key] }] : []));
  const columns = search.columns === undefined ? chosen : (readColumns(search.columns) ?? null);
  return {
    filter: formatFilter([...fields, ...termsOfText(search.q)]),
    sort: search.sort ?? "newest",
    range: search.range ?? null,
    columns: columns === null ? null : [...columns],
  };
}

/** Whether the list shows what a view says. */
export function shows(search: JobsSearch, view: View): boolean {
  const wanted = shownBy(view);
  return SHOWING.every((name) => (search[name] ?? "") === (wanted[name] ?? ""));
}

const SHOWING = [...FIELD_KEYS, "q", "sort", "range", "columns"] as const;

function shownBy({ filter, sort, range, columns }: ViewContent): JobsSearch {
  const { terms } = parseFilter(filter);
  const fields = terms.flatMap(({ key, value }) => (key === "q" ? [] : [[key, value] as const]));
  const q = formatFilter(terms.filter(({ key }) => key === "q"));
  const span = formatRange(parseRange(range ?? undefined));
  return {
    ...(Object.fromEntries(fields) as Partial<JobsSearch>),
    ...(q ? { q } : {}),
    ...(sort === "oldest" ? { sort } : {}),
    ...(span ? { range: span } : {}),
    ...(columns ? { columns: writeColumns(columns) } : {}),
  };
}
