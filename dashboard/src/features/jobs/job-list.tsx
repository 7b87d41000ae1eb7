import type { ReactNode } from "react";
import type { JobRow } from "@/api/types";
import { words } from "@/lib/text/jobs";
import { PagerPill } from "@/ui/pager-pill";
import { Region, type RegionQuery } from "@/ui/region";
import { type Column, type Sort, Table } from "@/ui/table";
import type { Selection } from "@/ui/use-selection";
import { ListFoot } from "./list-foot";
import { ListSkeleton } from "./list-skeleton";
import { type JobPages, rowsOf } from "./rows";
import type { JobListState } from "./use-job-list";

interface Props {
  list: JobListState;
  /** Why asking again failed, if it did: the rows are old. */
  error: unknown;
  columns: readonly Column<JobRow>[];
  sort: Sort;
  onSort: () => void;
  selection: Selection;
  active: string | null;
  onActive: (id: string) => void;
  onOpen: (id: string) => void;
  onView: (first: number, end: number) => void;
  fresh: { count: number; exact: boolean };
  onFresh: () => void;
  /** What stands in the place of the rows where there are none. */
  empty: ReactNode;
}

/** The rows, with what is above and below them. */
export function JobList(props: Props) {
  const { list, error, fresh } = props;
  const { query } = list;
  const region: RegionQuery<JobPages> = {
    data: query.data,
    // A page more that failed is said at the foot.
    error: error ?? (query.isFetchNextPageError ? null : query.error),
    isFetching: query.isFetching,
    isPlaceholderData: query.isPlaceholderData,
    refetch: list.restart,
  };
  return (
    <Region query={region} what={words.what} skeleton={<ListSkeleton columns={props.columns} />}>
      {(data) => (
        <>
          <div className="sticky top-0.5 z-20 h-0">
            <PagerPill count={fresh.count} exact={fresh.exact} onShow={props.onFresh} />
          </div>
          <Rows {...props} rows={rowsOf(data)} />
        </>
      )}
    </Region>
  );
}

function Rows({ rows, list, columns, empty, ...props }: Props & { rows: JobRow[] }) {
  const { query, last } = list;
  if (rows.length === 0) return empty;
  const more = query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError;
  return (
    <Table
      label={words.list}
      rows={rows}
      getId={idOf}
      getName={nameOf}
      columns={columns}
      {...(query.hasNextPage ? { total: "unknown" as const } : {})}
      sort={props.sort}
      onSort={props.onSort}
      active={props.active}
      onActive={props.onActive}
      onOpen={props.onOpen}
      selection={props.selection}
      // Rows of the filter before are not what a key would be meant for.
      pageKeys={!query.isPlaceholderData}
      onView={props.onView}
      // A search that reached its time limit goes on when one asks for it: else it would never end.
      onEnd={() => {
        if (more && last?.complete !== false) void query.fetchNextPage();
      }}
      footer={<ListFoot list={list} />}
    />
  );
}

const idOf = (row: JobRow) => row.id;
const nameOf = (row: JobRow) => words.jobName(row.task, row.id.slice(0, 8));
