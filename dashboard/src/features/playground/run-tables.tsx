import { Link } from "@tanstack/react-router";
import type { Run, RunDetail, RunWorker } from "@/api/playground";
import { clockSeconds, count, NONE, percent, rate } from "@/lib/format";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/playground";
import { visible } from "@/lib/visible";
import { useZone } from "@/lib/zone";
import { Empty } from "@/ui/empty";
import { Meter } from "@/ui/meter";
import { Section } from "@/ui/section";
import { type Column, Table } from "@/ui/table";
import { orderOf } from "./run-view";

/** The workers on which the jobs of a stress test ended. */
export function RunWorkers({ run }: { run: RunDetail }) {
  const all = run.workers.reduce((sum, one) => sum + one.jobs, 0);
  return (
    <Section title={words.workers}>
      {run.workers.length === 0 ? (
        <Empty className="border-border border-t py-10" title={words.noWorkers} />
      ) : (
        <Table
          label={words.workers}
          sticky={false}
          rows={run.workers}
          getId={(one) => one.id}
          getName={(one) => one.id}
          columns={workerColumns(all)}
        />
      )}
    </Section>
  );
}

function workerColumns(all: number): Column<RunWorker>[] {
  return [
    {
      id: "worker",
      header: words.worker,
      cell: (one) => (
        <Link to="/workers" search={{ q: one.id }} className="truncate font-medium hover:underline">
          {one.host === null ? words.unknownWorker : <bdi>{visible(one.host)}</bdi>}{" "}
          <span className="font-mono font-normal text-12 text-text-3">{one.pid ?? shortId(one.id)}</span>
        </Link>
      ),
    },
    { id: "jobs", header: words.jobsColumn, width: 80, align: "right", cell: (one) => count(one.jobs) },
    {
      id: "share",
      header: words.shareColumn,
      width: 140,
      align: "right",
      cell: (one) => (
        <span className="flex items-center justify-end gap-3">
          <Meter
            label={words.shareOf(percent(one.jobs / all))}
            className="w-14"
            max={all}
            parts={[{ id: "jobs", value: one.jobs, className: "bg-control" }]}
          />
          <span className="w-12 shrink-0">{percent(one.jobs / all)}</span>
        </span>
      ),
    },
  ];
}

/** Every stress test that the server remembers; a row leads to it. */
export function History({ runs, shown }: { runs: readonly Run[]; shown: string | undefined }) {
  const zone = useZone();
  return (
    <Section title={words.history} aside={<span className="truncate text-12 text-text-3">{words.historyNote}</span>}>
      <Table
        label={words.history}
        sticky={false}
        rows={runs}
        getId={(one) => one.id}
        getName={(one) => words.runOf(clockSeconds(Date.parse(one.started_at), zone))}
        active={shown ?? null}
        columns={historyColumns(zone)}
      />
    </Section>
  );
}

function historyColumns(zone: string): Column<Run>[] {
  return [
    {
      id: "started",
      header: words.started,
      width: 84,
      cell: (one) => (
        <Link to="/playground" search={{ run: one.id }} className="font-medium hover:underline">
          {clockSeconds(Date.parse(one.started_at), zone)}
        </Link>
      ),
    },
    {
      id: "order",
      header: words.orderColumn,
      cell: (one) => <span className="block truncate text-text-2">{orderOf(one)}</span>,
    },
    { id: "state", header: words.state, width: 110, from: 640, cell: (one) => words.states[one.state] },
    { id: "completed", header: words.completedColumn, width: 92, align: "right", cell: (one) => count(one.completed) },
    { id: "dead", header: words.deadColumn, width: 64, align: "right", from: 480, cell: (one) => count(one.dead) },
    {
      id: "rate",
      header: words.rateColumn,
      width: 96,
      align: "right",
      from: 480,
      cell: (one) => (one.throughput === null ? NONE : rate(one.throughput)),
    },
  ];
}
