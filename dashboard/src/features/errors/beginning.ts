import type { InfiniteData } from "@tanstack/react-query";
import type { ErrorSort } from "@/api/errors";
import type { ErrorGroup, ErrorPage } from "@/api/types";

export type ErrorPages = InfiniteData<ErrorPage, string | null>;

const PLACE: Record<ErrorSort, (group: ErrorGroup) => number> = {
  last: (group) => Date.parse(group.last_at),
  first: (group) => Date.parse(group.first_at),
  count: (group) => group.count,
};

/**
 * A list whose first page was asked for again, while the pages behind it stay.
 *
 * A group that others have pushed out of the first page is kept behind it. One that would still belong there and is
 * missing has left the list: it was resolved or muted.
 */
export function withBeginning(data: ErrorPages, first: ErrorPage, sort: ErrorSort): ErrorPages {
  const [before, next, ...others] = data.pages;
  if (!before || !next) return { ...data, pages: [first] };
  const placeOf = PLACE[sort];
  const last = first.items.at(-1);
  const lowest = last && first.next !== null ? placeOf(last) : Number.NEGATIVE_INFINITY;
  const shown = new Set(first.items.map((group) => group.fingerprint));
  const rest = (page: ErrorPage) => page.items.filter((group) => !shown.has(group.fingerprint));
  const pushedOut = rest(before).filter((group) => placeOf(group) <= lowest);
  return {
    ...data,
    pages: [
      first,
      { ...next, items: [...pushedOut, ...rest(next)] },
      ...others.map((page) => ({ ...page, items: rest(page) })),
    ],
  };
}

/** The first page alone: what a list begins anew from. */
export function onlyFirst(data: ErrorPages): ErrorPages {
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}
