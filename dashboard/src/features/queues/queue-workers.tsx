import { Link } from "@tanstack/react-router";
import type { Queue } from "@/api/queues";
import type { Worker } from "@/api/workers";
import { bytes, count, NONE, percent } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/empty";
import { Meter } from "@/ui/meter";
import { Region, type RegionQuery } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Section } from "@/ui/section";
import { type Column, Table } from "@/ui/table";

type Query = RegionQuery<Worker[]>;

/** The workers that claim jobs of a queue. */
export function QueueWorkers({ query, queue }: { query: Query; queue: Queue }) {
  return (
    <Section title={words.workersOf}>
      <Region query={query} what={words.workersWhat} skeleton={<RowsSkeleton rows={3} />}>
        {(workers) =>
          workers.length > 0 ? (
            <Table
              label={words.workersOf}
              sticky={false}
              rows={workers}
              getId={(one) => one.id}
              getName={(one) => one.id}
              columns={COLUMNS}
            />
          ) : (
            <Empty
              className="border-border border-t py-10"
              title={words.noWorkers}
              hint={words.workerCommand(queue.name)}
              actions={<CopyButton text={words.workerCommand(queue.name)} label={words.copyCommand} />}
            />
          )
        }
      </Region>
    </Section>
  );
}

const COLUMNS: Column<Worker>[] = [
  {
    id: "worker",
    header: words.worker,
    cell: (one) => (
      <Link to="/workers" search={{ q: one.id }} className="truncate font-medium hover:underline">
        {one.host} <span className="font-mono font-normal text-12 text-text-3">{one.pid}</span>
      </Link>
    ),
  },
  {
    id: "slots",
    header: words.slots,
    width: 128,
    align: "right",
    cell: (one) => (
      <span className="flex items-center justify-end gap-3">
        <Meter
          label={words.slotsOf(count(one.busy), count(one.slots))}
          className="w-10"
          max={Math.max(one.slots, 1)}
          parts={[{ id: "busy", value: one.busy, className: "bg-running" }]}
        />
        <span className="w-14 shrink-0">{words.busyOf(count(one.busy), count(one.slots))}</span>
      </span>
    ),
  },
  {
    id: "cpu",
    header: words.cpu,
    width: 68,
    align: "right",
    from: 480,
    cell: (one) => (one.load ? percent(one.load.cpu) : NONE),
  },
  {
    id: "memory",
    header: words.memory,
    width: 80,
    align: "right",
    from: 480,
    cell: (one) => (one.load ? bytes(one.load.rss) : NONE),
  },
];
