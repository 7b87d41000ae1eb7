import type { ReactNode } from "react";

/** Width of the table in pixels, from which on a column is shown. */
export type From = 480 | 640 | 760 | 880 | 1000 | 1120;

// Whole class names. A container query: what counts is the room of the table beside a drawer, not the window.
const SHOWN: Record<From, string> = {
  480: "hidden @min-[480px]/table:table-cell",
  640: "hidden @min-[640px]/table:table-cell",
  760: "hidden @min-[760px]/table:table-cell",
  880: "hidden @min-[880px]/table:table-cell",
  1000: "hidden @min-[1000px]/table:table-cell",
  1120: "hidden @min-[1120px]/table:table-cell",
};

/** For content of another column that stands in only while a column is hidden. */
export const BELOW: Record<From, string> = {
  480: "@min-[480px]/table:hidden",
  640: "@min-[640px]/table:hidden",
  760: "@min-[760px]/table:hidden",
  880: "@min-[880px]/table:hidden",
  1000: "@min-[1000px]/table:hidden",
  1120: "@min-[1120px]/table:hidden",
};

// The last column that is shown keeps the gutter of the page.
const LAST_BELOW: Record<From, string> = {
  480: "@max-[480px]/table:pr-4",
  640: "@max-[640px]/table:pr-4",
  760: "@max-[760px]/table:pr-4",
  880: "@max-[880px]/table:pr-5",
  1000: "@max-[1000px]/table:pr-5",
  1120: "@max-[1120px]/table:pr-5",
};

export interface Column<Row> {
  id: string;
  /** Head of the column; also its name for readers. */
  header: string;
  /** Only read out: a column of buttons. */
  headerHidden?: boolean;
  /** The head is a button that sorts, where the table has `onSort`. */
  sortable?: boolean;
  /** Pixels, or a share as `40%`; without it the column takes what is left. */
  width?: number | `${number}%`;
  /** Numbers and times: right. */
  align?: "left" | "right";
  from?: From;
  cell: (row: Row) => ReactNode;
  className?: string;
}

/** By which column the rows are ordered. */
export interface Sort {
  id: string;
  descending: boolean;
}

/** @param columns all of the table, in their order: the ends of a row keep more room */
export function columnClass<Row>(column: Column<Row>, columns: readonly Column<Row>[]): string {
  const shown = column.from ? SHOWN[column.from] : "";
  const align = column.align === "right" ? "text-right" : "text-left";
  return `px-2 first:pl-5 max-md:first:pl-4 last:pr-5 max-md:last:pr-4 ${shown} ${align} ${lastClass(column, columns)}`;
}

function lastClass<Row>(column: Column<Row>, columns: readonly Column<Row>[]): string {
  const after = columns.slice(columns.indexOf(column) + 1).map((one) => one.from);
  const froms = after.filter((from) => from !== undefined);
  if (froms.length === 0 || froms.length < after.length) return "";
  const least = Math.min(...froms) as From;
  return LAST_BELOW[least];
}
