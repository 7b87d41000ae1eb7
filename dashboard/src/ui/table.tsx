import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { useStored } from "@/lib/storage";
import { kit } from "@/lib/text/kit";
import { densityChoice } from "@/lib/theme";
import { useEvent } from "@/lib/use-event";
import { Checkbox } from "./checkbox";
import { useScroller } from "./scroller";
import type { Column, Sort } from "./table-columns";
import { TableHead } from "./table-head";
import { TableRow } from "./table-row";
import type { Selection } from "./use-selection";
import { useTableKeys } from "./use-table-keys";

export { BELOW, type Column, type From, type Sort } from "./table-columns";

// Up to here every row is in the document: find-in-page and readers see them all.
const VIRTUAL_FROM = 60;
const NO_ROW = "none";
const HEAD = 32;

interface Props<Row> {
  /** Name of the table, for readers. */
  label: string;
  rows: readonly Row[];
  getId: (row: Row) => string;
  /** What a row is called where its checkbox is read out. */
  getName: (row: Row) => string;
  columns: readonly Column<Row>[];
  /** What stands in a row that begins a group, over all columns; null for a row like others. */
  section?: (row: Row) => ReactNode | null;
  sort?: Sort | undefined;
  /** A head of a sortable column was pressed. */
  onSort?: (id: string) => void;
  /** How many rows there are in all, where `rows` is not all of them. */
  total?: number | "unknown" | undefined;
  active?: string | null;
  onActive?: (id: string) => void;
  /** A click or Enter on a row. */
  onOpen?: (id: string) => void;
  selection?: Selection | undefined;
  /** `j k x a Enter` act from anywhere on the page: for the one list that the page is about. */
  pageKeys?: boolean;
  /** Rows that are in the document: the first, and one after the last. */
  onView?: (first: number, end: number) => void;
  /** The last rows came into view: fetch more. */
  onEnd?: () => void;
  /** The head stays below the header of the page while the rows scroll. */
  sticky?: boolean;
  footer?: ReactNode;
  className?: string;
}

/** A real table whose rows have one fixed height; only those in view are in the document. */
export function Table<Row>(props: Props<Row>) {
  const { rows, getId, getName, columns, selection, active = null, onActive, onOpen, pageKeys = false, onEnd } = props;
  const { section, onView } = props;
  const root = useRef<HTMLDivElement>(null);
  const scroller = useScroller();
  const height = useStored(densityChoice) === "compact" ? 32 : 40;
  const [margin, setMargin] = useState(0);
  const virtual = rows.length > VIRTUAL_FROM && scroller !== undefined;
  const wanted = useRef<string>(NO_ROW);

  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: virtual,
    getScrollElement: () => scroller ?? null,
    estimateSize: () => height,
    scrollMargin: margin,
    // The sticky head hides the first pixels, the selection bar the last.
    scrollPaddingStart: HEAD,
    scrollPaddingEnd: 64,
    overscan: 12,
  });
  // After every render: what stands above the table may have grown or gone. Not while it scrolls: that is a layout a frame.
  const scrolls = virtual && virtualizer.isScrolling;
  useLayoutEffect(() => {
    const element = root.current;
    if (!element || !scroller || scrolls) return;
    const top = element.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    setMargin(top + scroller.scrollTop + HEAD);
  });

  const items = virtual ? virtualizer.getVirtualItems() : null;
  const first = items ? (items[0]?.index ?? 0) : 0;
  const last = items ? (items.at(-1)?.index ?? -1) : rows.length - 1;

  useEffect(() => {
    if (last >= rows.length - 10 && rows.length > 0) onEnd?.();
  }, [last, rows.length, onEnd]);

  useEffect(() => onView?.(first, last + 1), [first, last, onView]);

  // A row that begins a group is read, not chosen.
  const ids = useMemo(
    () => (section ? rows.filter((row) => section(row) === null) : rows).map(getId),
    [rows, section, getId],
  );
  const { onKeyDown, select, selectAll } = useTableKeys({
    ids,
    active,
    onActive: (id) => onActive?.(id),
    onOpen,
    selection,
    pageKeys,
    table: root,
    focusRow(index) {
      wanted.current = ids[index] ?? NO_ROW;
      if (virtual) virtualizer.scrollToIndex(section ? rows.findIndex((row) => getId(row) === ids[index]) : index);
    },
  });

  const activate = useEvent((id: string) => onActive?.(id));
  const open = useEvent((id: string) => onOpen?.(id));
  const choose = useEvent(select);

  // Also for rows that scrolling has just put into the document.
  useEffect(() => {
    if (wanted.current === NO_ROW) return;
    const row = root.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(wanted.current)}"]`);
    if (!row) return;
    wanted.current = NO_ROW;
    row.focus({ preventScroll: virtual });
    if (!virtual) row.scrollIntoView?.({ block: "nearest" });
  });

  const chosen = selection ? ids.filter((id) => selection.ids.has(id)).length : 0;
  const focusable = active !== null && ids.includes(active) ? active : ids[0];

  return (
    <div ref={root} className={cx("@container/table", props.className)}>
      <table
        aria-label={props.label}
        aria-rowcount={props.total === "unknown" ? -1 : (props.total ?? rows.length) + 1}
        className="w-full table-fixed border-collapse"
      >
        <thead className={cx("z-10 bg-app", props.sticky !== false && "sticky top-0")}>
          <tr aria-rowindex={1} className="h-8 shadow-[inset_0_-1px_0_var(--tf-border),inset_0_1px_0_var(--tf-border)]">
            {selection ? (
              <th scope="col" className="w-13 pl-5 text-left max-md:w-12 max-md:pl-4">
                <span className="flex items-center">
                  <Checkbox
                    label={kit.selectAll}
                    checked={chosen === 0 ? false : chosen === ids.length ? true : "indeterminate"}
                    onChange={selectAll}
                  />
                </span>
              </th>
            ) : null}
            {columns.map((column) => (
              <TableHead key={column.id} column={column} columns={columns} sort={props.sort} onSort={props.onSort} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          {first > 0 ? <Spacer height={first * height} /> : null}
          {rows.slice(first, last + 1).map((row, offset) => {
            const id = getId(row);
            return (
              <TableRow
                key={id}
                id={id}
                row={row}
                index={first + offset + 2}
                columns={columns}
                section={section?.(row) ?? null}
                name={getName(row)}
                active={id === active}
                focusable={id === focusable}
                selected={selection ? selection.ids.has(id) : null}
                onActive={activate}
                onOpen={onOpen ? open : undefined}
                onSelect={choose}
              />
            );
          })}
          {last < rows.length - 1 ? <Spacer height={(rows.length - 1 - last) * height} /> : null}
        </tbody>
      </table>
      {props.footer}
    </div>
  );
}

// One cell: a span over columns that are hidden would make the browser invent others.
function Spacer({ height }: { height: number }) {
  return (
    <tr aria-hidden>
      <td style={{ height }} />
    </tr>
  );
}
