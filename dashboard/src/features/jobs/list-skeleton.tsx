import type { JobRow } from "@/api/types";
import { words } from "@/lib/text/jobs";
import { Skeleton } from "@/ui/skeleton";
import { type Column, Table } from "@/ui/table";

const ROWS = Array.from({ length: 16 }, (_, index) => index);
const WIDTHS = ["w-3/5", "w-2/5", "w-1/2", "w-3/4"];

interface Props {
  columns: readonly Column<JobRow>[];
}

/** The list before its rows: the same columns, in the same places. */
export function ListSkeleton({ columns }: Props) {
  const grey: Column<number>[] = columns.map(({ id, header, width, align, from }) => ({
    id,
    header,
    ...(width ? { width } : {}),
    ...(align ? { align } : {}),
    ...(from ? { from } : {}),
    cell: (index: number) => (
      <Skeleton className={width ? "w-4/5 max-w-full" : (WIDTHS[index % WIDTHS.length] ?? "w-1/2")} />
    ),
  }));
  return (
    <div aria-hidden inert>
      <Table label={words.list} rows={ROWS} getId={String} getName={String} columns={grey} selection={NO_SELECTION} />
    </div>
  );
}

const NO_SELECTION = { ids: new Set<string>(), toggle: () => {}, put: () => {}, clear: () => {} };
