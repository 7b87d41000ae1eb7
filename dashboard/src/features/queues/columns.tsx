import { Link } from "@tanstack/react-router";
import type { Queue } from "@/api/queues";
import type { Column as Values } from "@/api/series";
import { count, duration, NONE } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { range as rangeWords } from "@/lib/text/range";
import { Sparkline } from "@/ui/sparkline";
import type { Column } from "@/ui/table";
import { DepthCell, NameCell, perSecond, SlotsCell } from "./cells";
import { PauseButton, QueueMenu } from "./queue-actions";

interface Options {
  sparks: Map<string, Values>;
  /** Jobs of the deepest queue: the length of a full bar. */
  deepest: number;
  onPause: (queue: Queue) => void;
  onResume: (queue: Queue) => void;
  /** The queue whose resume is under way. */
  busy: string | null;
  refusal: string | undefined;
}

export function columnsOf({ sparks, deepest, onPause, onResume, busy, refusal }: Options): Column<Queue>[] {
  const acts = (queue: Queue) => ({
    queue,
    refusal,
    busy: busy === queue.name,
    onPause: () => onPause(queue),
    onResume: () => onResume(queue),
  });
  return [
    { id: "name", header: words.queue, sortable: true, cell: (queue) => <NameCell queue={queue} /> },
    {
      id: "ready",
      header: words.ready,
      width: 68,
      align: "right",
      sortable: true,
      cell: (queue) => (
        <Link to="/jobs" search={{ queue: queue.name, state: "pending" }} className="hover:underline">
          {count(queue.ready)}
        </Link>
      ),
    },
    {
      id: "states",
      header: words.depth,
      width: 144,
      from: 640,
      cell: (queue) => <DepthCell queue={queue} deepest={deepest} />,
    },
    {
      id: "oldest",
      header: words.oldest,
      width: 84,
      align: "right",
      sortable: true,
      cell: (queue) => (queue.oldest_ready_age === null ? NONE : duration(queue.oldest_ready_age)),
    },
    {
      id: "in",
      header: words.in,
      width: 72,
      align: "right",
      sortable: true,
      from: 880,
      cell: (queue) => perSecond(queue.rate_in),
    },
    {
      id: "out",
      header: words.out,
      width: 72,
      align: "right",
      sortable: true,
      from: 760,
      cell: (queue) => perSecond(queue.rate_out),
    },
    {
      id: "spark",
      header: words.throughput,
      width: 96,
      align: "right",
      from: 1120,
      cell: (queue) => {
        const values = sparks.get(queue.name);
        if (!values) return NONE;
        return (
          <Sparkline
            label={words.spark(queue.name, rangeWords.inLast["1h"])}
            values={values}
            width={72}
            className="ml-auto"
          />
        );
      },
    },
    {
      id: "busy",
      header: words.slots,
      width: 128,
      align: "right",
      sortable: true,
      from: 1000,
      cell: (queue) => <SlotsCell queue={queue} />,
    },
    {
      id: "eta",
      header: words.eta,
      width: 84,
      align: "right",
      sortable: true,
      from: 1120,
      cell: (queue) => (queue.eta === null || queue.ready === 0 ? NONE : duration(queue.eta)),
    },
    {
      id: "act",
      header: words.pauseOrResume,
      headerHidden: true,
      width: 44,
      align: "right",
      from: 480,
      className: "px-1",
      cell: (queue) => <PauseButton {...acts(queue)} />,
    },
    {
      id: "more",
      header: words.actions,
      headerHidden: true,
      width: 56,
      align: "right",
      className: "pl-0",
      cell: (queue) => <QueueMenu {...acts(queue)} />,
    },
  ];
}
