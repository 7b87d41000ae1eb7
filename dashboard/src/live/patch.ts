import type { InfiniteData } from "@tanstack/react-query";
import type { JobRow, JobRowPage } from "@/api/types";

/** A row of a list; `gone`: the job was deleted while the row was shown. */
export type ListRow = JobRow & { gone?: boolean };

/** What is new of a job: its id and the fields that moved. */
export type RowChange = { id: string } & Partial<ListRow>;

type Pages = InfiniteData<JobRowPage, unknown>;

function same(one: unknown, other: unknown): boolean {
  return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}

function moved(row: ListRow, change: RowChange): boolean {
  return (Object.keys(change) as (keyof RowChange)[]).some((field) => !same(row[field], change[field]));
}

// Two answers may overtake each other: what a later claim says is newer, and so is what a later round says.
function isOlder(row: ListRow, change: RowChange): boolean {
  return change.lease_no !== undefined && change.lease_no < row.lease_no;
}

/**
 * Put new values into the rows of a list. Order and length never change, and what did not move stays the same object.
 *
 * @param data pages of a list
 * @param changes by id
 */
export function patchPages(data: Pages | undefined, changes: ReadonlyMap<string, RowChange>): Pages | undefined {
  if (!data || changes.size === 0) return data;
  let touched = false;
  const pages = data.pages.map((page) => {
    let mine = false;
    const items = page.items.map((row: ListRow) => {
      const change = changes.get(row.id);
      if (!change || isOlder(row, change) || !moved(row, change)) return row;
      mine = true;
      return { ...row, ...change };
    });
    if (!mine) return page;
    touched = true;
    return { ...page, items };
  });
  return touched ? { ...data, pages } : data;
}

/** Index changes by id. */
export function byId(changes: readonly RowChange[]): Map<string, RowChange> {
  return new Map(changes.map((change) => [change.id, change]));
}
