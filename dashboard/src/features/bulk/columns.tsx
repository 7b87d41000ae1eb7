import { Link } from "@tanstack/react-router";
import { type Bulk, handled } from "@/api/bulks";
import { countExactly, NONE } from "@/lib/format";
import { words } from "@/lib/text/bulk";
import { Meter } from "@/ui/meter";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";

/** The columns of the list. */
export const COLUMNS: Column<Bulk>[] = [
  {
    id: "action",
    header: words.action,
    width: 96,
    cell: (bulk) => (
      <Link to="/bulk" search={{ id: bulk.id }} className="font-medium">
        {words.verb(bulk.action)}
      </Link>
    ),
  },
  { id: "state", header: words.stateHead, width: 92, cell: (bulk) => words.state(bulk.state) },
  {
    id: "filter",
    header: words.filter,
    cell: (bulk) => (
      <span className="flex min-w-0 items-center gap-2">
        <code className="truncate font-mono text-12">{bulk.q === null ? words.named : bulk.q || words.everyJob}</code>
        {bulk.reason ? <span className="truncate text-text-3 max-sm:hidden">{bulk.reason}</span> : null}
      </span>
    ),
  },
  { id: "progress", header: words.progress, width: 200, from: 640, cell: (bulk) => <Progress bulk={bulk} /> },
  { id: "actor", header: words.actor, width: 128, from: 880, cell: (bulk) => bulk.actor },
  {
    id: "accepted",
    header: words.accepted,
    width: 96,
    align: "right",
    cell: (bulk) => <Time at={bulk.created_at} className="text-text-2" />,
  },
];

/** How far an operation is. */
export function Progress({ bulk }: { bulk: Bulk }) {
  if (!bulk.collected && bulk.total === 0) return NONE;
  const text = words.progressOf(countExactly(handled(bulk)), countExactly(bulk.total));
  return (
    <span className="flex items-center gap-2.5">
      <span className="w-16 shrink-0">
        <Meter
          label={text}
          parts={[
            { id: "done", value: bulk.done, className: "bg-accent" },
            { id: "left", value: bulk.failed, className: "bg-text-3" },
          ]}
          max={bulk.total}
        />
      </span>
      <span className="truncate text-12 text-text-2 tabular-nums">
        {text}
        {bulk.failed > 0 ? <span className="ml-2 text-text-3">{words.leftOf(countExactly(bulk.failed))}</span> : null}
      </span>
    </span>
  );
}
