import type { Worker, WorkerGroup } from "@/api/workers";
import { bytes, NONE, percent } from "@/lib/format";
import { words } from "@/lib/text/workers";
import { isAlive } from "@/lib/worker-state";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";
import { JobsCell, ServesCell, SlotsCell, WorkerCell } from "./cells";
import { WorkerMenu } from "./worker-menu";

/** A row of the table: the head of a group, or a worker. */
export type Row = { group: WorkerGroup; worker?: undefined } | { group: WorkerGroup; worker: Worker };

interface Options {
  refusal: string | undefined;
  onDrain: (worker: Worker) => void;
  onResume: (worker: Worker) => void;
  onStop: (worker: Worker) => void;
}

export function columnsOf({ refusal, onDrain, onResume, onStop }: Options): Column<Row>[] {
  const of = (cell: (worker: Worker) => React.ReactNode) => (row: Row) => (row.worker ? cell(row.worker) : null);
  return [
    { id: "worker", header: words.worker, cell: of((worker) => <WorkerCell worker={worker} />) },
    {
      id: "serves",
      header: words.serves,
      width: "14%",
      from: 760,
      cell: of((worker) => <ServesCell worker={worker} />),
    },
    { id: "slots", header: words.slots, width: 132, from: 640, cell: of((worker) => <SlotsCell worker={worker} />) },
    {
      id: "jobs",
      header: words.jobs,
      width: "34%",
      from: 480,
      cell: of((worker) => <JobsCell worker={worker} />),
    },
    {
      id: "cpu",
      header: words.cpu,
      width: 68,
      align: "right",
      from: 1000,
      cell: of(({ load, state }) => (load && isAlive(state) ? percent(load.cpu) : NONE)),
    },
    {
      id: "memory",
      header: words.memory,
      width: 80,
      align: "right",
      from: 1000,
      cell: of(({ load, state }) => (load && isAlive(state) ? bytes(load.rss) : NONE)),
    },
    {
      id: "heartbeat",
      header: words.heartbeat,
      width: 88,
      align: "right",
      from: 880,
      cell: of((worker) => <Time at={seenAt(worker)} className="text-text-2" />),
    },
    {
      id: "actions",
      header: words.actions,
      headerHidden: true,
      width: 60,
      align: "right",
      cell: of((worker) => (
        <WorkerMenu
          worker={worker}
          refusal={refusal}
          onDrain={() => onDrain(worker)}
          onResume={() => onResume(worker)}
          onStop={() => onStop(worker)}
        />
      )),
    },
  ];
}

/** When it was last heard of; one that ended, when it did. */
function seenAt(worker: Worker): string | null {
  return worker.ended_at ?? worker.load?.at ?? null;
}
