import { type MouseEvent, memo, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { kit } from "@/lib/text/kit";
import { Checkbox } from "./checkbox";
import { type Column, columnClass } from "./table-columns";

interface Props<Data> {
  id: string;
  row: Data;
  /** `aria-rowindex`: the head is 1. */
  index: number;
  columns: readonly Column<Data>[];
  /** Begins a group: this stands over all columns. */
  section: ReactNode | null;
  name: string;
  active: boolean;
  /** The one row that Tab reaches. */
  focusable: boolean;
  /** Null: the table has no selection. */
  selected: boolean | null;
  onActive: ((id: string) => void) | undefined;
  onOpen: ((id: string) => void) | undefined;
  onSelect: (id: string, range: boolean) => void;
}

// A click that ends a selection of text, or meets a control, is not meant for the row.
function isForRow(event: MouseEvent): boolean {
  const control = (event.target as Element).closest("a, button, input, label, summary");
  const text = globalThis.getSelection?.()?.toString() ?? "";
  return !control && text === "" && !event.defaultPrevented;
}

/** Drawn anew only when something of its own has changed: a list of thousands scrolls by drawing what comes into view. */
export const TableRow = memo(Row) as typeof Row;

function Row<Data>(props: Props<Data>) {
  const { id, row, index, columns, section, name, active, focusable, selected, ...on } = props;
  if (section !== null) {
    return (
      <tr aria-rowindex={index} className="h-(--tf-row)">
        {/* One cell as wide as the table: a span over columns that are hidden would make the browser invent others. */}
        <th scope="rowgroup" className="relative p-0 text-left font-normal">
          <div className="absolute inset-y-0 left-0 flex w-[100cqw] items-center border-border border-b bg-app px-5 max-md:px-4">
            {section}
          </div>
        </th>
      </tr>
    );
  }
  return (
    <tr
      data-row={id}
      aria-rowindex={index}
      aria-current={active || undefined}
      tabIndex={focusable ? 0 : -1}
      className={cx(
        "row group/row h-(--tf-row) border-border border-b outline-offset-[-2px]",
        on.onOpen && "cursor-pointer",
        selected ? "bg-accent-soft" : active ? "bg-active" : "hover:bg-hover",
        active && "shadow-[inset_2px_0_0_var(--tf-accent)]",
      )}
      onFocus={(event) => {
        if (event.target === event.currentTarget && !active) on.onActive?.(id);
      }}
      onClick={(event) => {
        if (!isForRow(event)) return;
        on.onActive?.(id);
        on.onOpen?.(id);
      }}
    >
      {selected === null ? null : (
        <td className="pl-5 max-md:pl-4">
          <span className="flex items-center">
            <Checkbox
              label={kit.selectRow(name)}
              checked={selected}
              onChange={(_checked, event) => on.onSelect(id, event.shiftKey)}
            />
          </span>
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={cx("truncate", columnClass(column, columns), column.className)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
