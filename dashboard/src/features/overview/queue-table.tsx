import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import { type Queue, sortQueues, sparksOf } from "@/api/queues";
import { count, duration, NONE, rate } from "@/lib/format";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/overview";
import { range as rangeWords } from "@/lib/text/range";
import { useQueues, useSeries } from "@/live/fresh";
import { Chip } from "@/ui/chip";
import { Empty } from "@/ui/empty";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Section } from "@/ui/section";
import { Sparkline } from "@/ui/sparkline";
import { type Column, Table } from "@/ui/table";

const MOST = 8;

/** The queues that have most to do. Their order stays while the page is open: numbers change, rows do not jump. */
export function QueueTable({ range }: { range: Range }) {
  const query = useQueues();
  const sparks = useSeries(range, "queue", "sparks");
  const values = sparksOf(sparks.data);
  const order = useRef<string[]>([]);
  const columns = columnsOf(range, values);
  const all = query.data?.length ?? 0;
  return (
    <Section
      title={words.queues}
      action={
        <Link to="/queues" className="text-text-2 hover:text-text hover:underline">
          {all > MOST ? words.allQueues(count(all)) : words.toQueues}
        </Link>
      }
    >
      <Region query={query} what={words.queuesWhat} skeleton={<RowsSkeleton rows={4} />}>
        {(queues) => {
          const rows = kept(queues, order.current);
          order.current = rows.map((queue) => queue.name);
          if (rows.length === 0) return <Empty className="py-10" title={words.noQueues} hint={words.noQueuesHint} />;
          return (
            <Table
              label={words.queues}
              sticky={false}
              rows={rows}
              total={all}
              getId={(queue) => queue.name}
              getName={(queue) => queue.name}
              columns={columns}
            />
          );
        }}
      </Region>
    </Section>
  );
}

/** The rows of before in their order, then those with most ready jobs. */
function kept(queues: readonly Queue[], before: readonly string[]): Queue[] {
  const byName = new Map(queues.map((queue) => [queue.name, queue]));
  const old = before.map((name) => byName.get(name)).filter((queue) => queue !== undefined);
  const names = new Set(before);
  const fresh = sortQueues(
    queues.filter((queue) => !names.has(queue.name)),
    "ready",
    true,
  );
  return [...old, ...fresh].slice(0, MOST);
}

function columnsOf(range: Range, sparks: Map<string, readonly (number | null)[]>): Column<Queue>[] {
  return [
    {
      id: "name",
      header: words.queue,
      cell: (queue) => (
        <span className="flex min-w-0 items-center gap-2">
          <Link to="/queues/$name" params={{ name: queue.name }} className="truncate font-medium hover:underline">
            {queue.name}
          </Link>
          {queue.paused ? <Chip>{words.pausedChip}</Chip> : null}
          {!queue.paused && queue.ready > 0 && queue.workers === 0 ? (
            <Chip tone="danger">{words.unservedChip}</Chip>
          ) : null}
        </span>
      ),
    },
    {
      id: "ready",
      header: words.ready,
      width: 72,
      align: "right",
      cell: (queue) => (
        <Link to="/jobs" search={{ queue: queue.name, state: "pending" }} className="hover:underline">
          {count(queue.ready)}
        </Link>
      ),
    },
    {
      id: "oldest",
      header: words.oldest,
      width: 84,
      align: "right",
      cell: (queue) => (queue.oldest_ready_age === null ? NONE : duration(queue.oldest_ready_age)),
    },
    { id: "in", header: words.in, width: 72, align: "right", from: 480, cell: (queue) => perSecond(queue.rate_in) },
    { id: "out", header: words.out, width: 72, align: "right", from: 480, cell: (queue) => perSecond(queue.rate_out) },
    {
      id: "spark",
      header: rangeWords.last[range],
      width: 116,
      align: "right",
      from: 480,
      cell: (queue) => {
        const values = sparks.get(queue.name);
        return values ? (
          <Sparkline
            label={words.queueSpark(queue.name, rangeWords.inLast[range])}
            values={values}
            width={88}
            className="ml-auto"
          />
        ) : (
          NONE
        );
      },
    },
  ];
}

function perSecond(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : rate(value);
}
