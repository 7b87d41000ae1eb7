import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { groupWorkers, type Worker, workerMatches } from "@/api/workers";
import { count } from "@/lib/format";
import { shortId } from "@/lib/id";
import { useRefusal } from "@/lib/session";
import { shell } from "@/lib/text/shell";
import { words } from "@/lib/text/workers";
import { WORKER_STATES, type WorkerState } from "@/lib/worker-state";
import { useWorkers } from "@/live/fresh";
import { Button } from "@/ui/button";
import { Code } from "@/ui/code";
import { Empty } from "@/ui/empty";
import { FilterInput } from "@/ui/filter-input";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Table } from "@/ui/table";
import { Tabs } from "@/ui/tabs";
import { columnsOf, type Row } from "./columns";
import { GroupHead } from "./group-head";
import { useCommands } from "./use-commands";
import { WorkerStateIcon } from "./worker-state";

export const route = createLazyRoute("/workers")({ component: WorkersPage });

const ALL = "all";
/** As wide as a digit, so that tabs keep their place when the counts come. */
const NO_COUNT = "\u2007";

function WorkersPage() {
  const { show, q = "" } = route.useSearch();
  const navigate = useNavigate({ from: "/workers" });
  const query = useWorkers();
  const setShow = (next: WorkerState | undefined) => navigate({ search: (old) => ({ ...old, show: next }) });
  const setText = (text: string) => navigate({ search: (old) => ({ ...old, q: text || undefined }), replace: true });
  return (
    <Page title={shell.workers} live flush>
      <Tabs
        label={words.states}
        tabs={[
          { id: ALL, label: words.all, count: query.data ? count(query.data.length) : NO_COUNT },
          ...WORKER_STATES.map((state) => {
            const found = query.data?.filter((worker) => worker.state === state).length;
            return {
              id: state,
              label: words.state(state),
              icon: <WorkerStateIcon state={state} quiet={!found} />,
              count: found === undefined ? NO_COUNT : count(found),
            };
          }),
        ]}
        value={show ?? ALL}
        onChange={(id) => setShow(id === ALL ? undefined : (id as WorkerState))}
        keys
      >
        <div className="flex items-center gap-4 px-5 py-3 max-md:px-4">
          <FilterInput label={words.filter} placeholder={words.filterPlaceholder} value={q} onChange={setText} />
        </div>
        <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={6} />}>
          {(workers) => (
            <Workers
              workers={workers}
              show={show}
              text={q}
              onClear={() => setText("")}
              onShowAll={() => setShow(undefined)}
            />
          )}
        </Region>
      </Tabs>
    </Page>
  );
}

interface Props {
  workers: readonly Worker[];
  show: WorkerState | undefined;
  text: string;
  onClear: () => void;
  onShowAll: () => void;
}

function Workers({ workers, show, text, onClear, onShowAll }: Props) {
  const refusal = useRefusal("workers:write");
  const send = useCommands();
  const rows = useMemo(() => rowsOf(workers, show, text), [workers, show, text]);
  if (workers.length === 0) {
    return (
      <Empty
        title={words.none}
        hint={words.noneHint}
        actions={<Code text={words.command} copyLabel={words.copyCommand} className="w-80 max-w-full text-left" />}
      />
    );
  }
  if (rows.length === 0) {
    return text.trim() ? (
      <Empty title={words.noMatch(text)} actions={<Button onClick={onClear}>{words.clear}</Button>} />
    ) : (
      <Empty title={words.noneOf(show ?? "living")} actions={<Button onClick={onShowAll}>{words.showAll}</Button>} />
    );
  }
  const columns = columnsOf({
    refusal,
    onDrain: (worker) => void send(worker, "drain"),
    onResume: (worker) => void send(worker, "resume"),
    onStop: (worker) => void send(worker, "stop"),
  });
  return (
    <Table
      label={words.list}
      rows={rows}
      getId={(row) => row.worker?.id ?? row.group.supervisor}
      getName={(row) => (row.worker ? shortId(row.worker.id) : row.group.host)}
      columns={columns}
      section={(row) => (row.worker ? null : <GroupHead group={row.group} />)}
    />
  );
}

function rowsOf(workers: readonly Worker[], show: WorkerState | undefined, text: string): Row[] {
  const shown = workers.filter((worker) => (!show || worker.state === show) && workerMatches(worker, text));
  return groupWorkers(shown).flatMap((group): Row[] => [
    { group },
    ...group.workers.map((worker) => ({ group, worker })),
  ]);
}
