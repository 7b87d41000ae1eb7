import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import type { JobAction, JobActs } from "@/api/job-actions";
import { statsQuery } from "@/api/queries";
import type { JobRow } from "@/api/types";
import { useAction } from "@/lib/actions";
import { words } from "@/lib/text/jobs";
import { shell } from "@/lib/text/shell";
import { Page } from "@/ui/page";
import { useChosenColumns } from "./column-menu";
import { columnsOf } from "./columns";
import { EnqueueButton } from "./enqueue-button";
import { History } from "./history";
import { InView } from "./in-view";
import { JobList } from "./job-list";
import { JobSelectionBar } from "./job-selection-bar";
import { ListEmpty } from "./list-empty";
import { parseRange } from "./range";
import { RowMenu, type RowMenuAt } from "./row-menu";
import { RowWatch } from "./row-watch";
import { Toolbar, useFilters } from "./toolbar";
import { useJobList } from "./use-job-list";
import { useJobSelection } from "./use-job-selection";
import { useListKeys } from "./use-list-keys";
import { useListLive } from "./use-list-live";
import { useMatching } from "./use-matching";

/** What the frame renders beside the list: the features of the list and of a job do not know each other. */
export interface DrawerSlot {
  id: string;
  tab: string | undefined;
  onTab: (tab: string) => void;
  log: string | undefined;
  onLog: (log: string | undefined) => void;
  onClose: () => void;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  keys: boolean;
}

interface Props {
  acts: JobActs;
  drawer: (slot: DrawerSlot) => ReactNode;
}

/** All jobs: filtered, watched, acted on. Dead letters are the same list in one state. */
export function JobsPage({ acts, drawer }: Props) {
  const search = useSearch({ from: "/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  const range = useMemo(() => parseRange(search.range), [search.range]);
  const filters = useFilters();
  const stats = useQuery(statsQuery()).data;
  const list = useJobList(search, range);
  const [inView] = useState(() => new InView());
  const { fresh, error, showFresh } = useListLive(list, inView);
  const selection = useJobSelection();
  const [active, setActive] = useState<string | null>(search.job ?? null);
  const [menu, setMenu] = useState<RowMenuAt | null>(null);
  const chosen = useChosenColumns(search);
  const { rows } = list;
  const opened = search.job;

  const open = useCallback(
    (id: string) => {
      setActive(id);
      // The first opening is a step of the history, moving on from job to job is not.
      void navigate({ search: (old) => ({ ...old, job: id }), replace: opened !== undefined, resetScroll: false });
    },
    [navigate, opened],
  );
  const onActive = useCallback(
    (id: string) => {
      setActive(id);
      if (opened !== undefined && opened !== id) open(id);
    },
    [open, opened],
  );
  const close = useCallback(
    () =>
      void navigate({
        search: (old) => ({ ...old, job: undefined, tab: undefined, log: undefined }),
        resetScroll: false,
      }),
    [navigate],
  );
  const onView = useCallback((first: number, end: number) => inView.set(rows.slice(first, end)), [rows, inView]);
  const columns = useMemo(
    () => columnsOf(chosen, { open, menu: (row: JobRow, at: DOMRect) => setMenu({ row, at }) }),
    [chosen, open],
  );

  const targets = useMemo(() => rows.filter((row) => selection.ids.has(row.id)), [rows, selection.ids]);
  const act = useCallback(
    async (action: JobAction, which: readonly JobRow[]) => {
      const done = await acts.act(action, which);
      selection.put(done, false);
    },
    [acts, selection],
  );
  const bulk = useAction("bulk");
  const matching = useMatching(search, list.filter, targets.length, selection.clear);
  useListKeys({ rows, active: opened ? null : active, targets, act, fresh: fresh.count, showFresh });

  const current = opened ?? active;
  const index = opened ? rows.findIndex((row) => row.id === opened) : -1;
  const neighbour = (by: number) => {
    const row = index < 0 ? undefined : rows[index + by];
    return row ? () => open(row.id) : undefined;
  };
  const showMore =
    list.query.hasNextPage && index === rows.length - 1 ? () => void list.query.fetchNextPage() : undefined;
  return (
    <Page
      title={search.state === "dead" ? shell.dead : shell.jobs}
      live
      flush
      actions={<EnqueueButton task={search.task} />}
      toolbar={<Toolbar search={search} range={range} filter={list.filter} onOpenJob={open} />}
      floating={
        targets.length > 0 ? (
          <JobSelectionBar
            targets={targets}
            all={matching.all}
            extra={matching.extra}
            busy={acts.busy}
            onAct={(action) => {
              if (matching.all !== null) matching.start(action);
              else if (action !== "reschedule" && action !== "move") void act(action, targets);
              else bulk?.(action, { q: "", ids: targets.map(({ id }) => id) }, selection.clear);
            }}
            onClear={selection.clear}
          />
        ) : null
      }
      drawer={
        opened
          ? drawer({
              id: opened,
              tab: search.tab,
              onTab: (tab) =>
                void navigate({
                  search: (old) => ({ ...old, tab: tab === "overview" ? undefined : tab }),
                  replace: true,
                  resetScroll: false,
                }),
              log: search.log,
              onLog: (log) => void navigate({ search: (old) => ({ ...old, log }), replace: true, resetScroll: false }),
              onClose: close,
              onPrevious: neighbour(-1),
              onNext: neighbour(1) ?? showMore,
              keys: targets.length === 0,
            })
          : null
      }
    >
      <History range={range} search={search} onRange={filters.setRange} />
      <JobList
        list={list}
        error={error}
        columns={columns}
        sort={{ id: "created", descending: search.sort !== "oldest" }}
        onSort={filters.toggleSort}
        selection={selection}
        active={current}
        onActive={onActive}
        onOpen={open}
        onView={onView}
        fresh={fresh}
        onFresh={showFresh}
        empty={
          <ListEmpty
            list={list}
            search={search}
            range={range}
            any={stats ? Object.values(stats.states).some((n) => n > 0) : null}
            onClear={filters.clearAll}
            onRange={filters.setRange}
          />
        }
      />
      <RowWatch inView={inView} />
      <RowMenu
        shown={menu}
        onClose={() => setMenu(null)}
        onOpen={open}
        onAct={(action, row) => void act(action, [row])}
        onFilter={(term) => filters.add([term])}
      />
      <span aria-live="polite" className="sr-only">
        {fresh.count > 0 ? words.waitingAbove(fresh.count) : ""}
      </span>
    </Page>
  );
}
