import { ArrowDown, ArrowUp } from "lucide-react";
import { cx } from "@/lib/cx";
import { type Column, columnClass, type Sort } from "./table-columns";

interface Props<Row> {
  column: Column<Row>;
  columns: readonly Column<Row>[];
  sort: Sort | undefined;
  onSort: ((id: string) => void) | undefined;
}

/** The head of one column; a button where rows can be ordered by it. */
export function TableHead<Row>({ column, columns, sort, onSort }: Props<Row>) {
  const { id, header, headerHidden, sortable, width, align } = column;
  const sorted = sort?.id === id ? (sort.descending ? "descending" : "ascending") : undefined;
  const Arrow = sorted === "descending" ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      aria-sort={sorted}
      style={width ? { width } : undefined}
      className={cx("truncate font-medium text-12 text-text-2", columnClass(column, columns))}
    >
      {sortable && onSort ? (
        <button
          type="button"
          onClick={() => onSort(id)}
          className={cx(
            "group/sort flex w-full min-w-0 items-center gap-1 rounded-s outline-offset-0 hover:text-text",
            align === "right" && "flex-row-reverse",
            sorted && "text-text",
          )}
        >
          <span className="truncate">{header}</span>
          <Arrow
            aria-hidden
            size={12}
            className={cx("shrink-0", sorted ? "" : "opacity-0 group-hover/sort:opacity-60 max-md:hidden")}
          />
        </button>
      ) : (
        <span className={headerHidden ? "sr-only" : "block truncate"}>{header}</span>
      )}
    </th>
  );
}
