import { Link } from "@tanstack/react-router";
import type { ErrorGroup } from "@/api/types";
import { count } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { Sparkline } from "@/ui/sparkline";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";
import { DeadCell, ErrorCell } from "./cells";

/** Columns of the list; `all` shows the state, which otherwise is that of the tab. */
export function columnsOf(all: boolean): Column<ErrorGroup>[] {
  return [
    { id: "error", header: words.error, cell: (group) => <ErrorCell group={group} /> },
    {
      id: "task",
      header: words.task,
      width: 168,
      from: 760,
      cell: (group) => (
        <Link to="/jobs" search={{ task: group.task }} className="block truncate hover:underline" title={group.task}>
          {group.task}
        </Link>
      ),
    },
    ...(all
      ? [
          {
            id: "state",
            header: words.state,
            width: 84,
            from: 880,
            cell: (group: ErrorGroup) => <span className="text-text-2">{words.is(group.state)}</span>,
          } as const,
        ]
      : []),
    {
      id: "trend",
      header: words.trend,
      width: 104,
      align: "right",
      from: 640,
      cell: (group) => {
        const sum = group.trend.reduce((total, n) => total + n, 0);
        return (
          <Sparkline
            label={words.spark(group.type, sum, count(sum))}
            values={group.trend}
            width={80}
            className={sum > 0 && group.state === "open" ? "ml-auto text-dead" : "ml-auto"}
          />
        );
      },
    },
    {
      id: "count",
      header: words.count,
      width: 72,
      align: "right",
      sortable: true,
      cell: (group) => count(group.count),
    },
    {
      id: "dead",
      header: words.dead,
      width: 84,
      align: "right",
      from: 480,
      cell: (group) => <DeadCell group={group} />,
    },
    {
      id: "first",
      header: words.first,
      width: 108,
      align: "right",
      sortable: true,
      from: 1000,
      cell: (group) => <Time at={group.first_at} className="text-text-2" />,
    },
    {
      id: "last",
      header: words.last,
      width: 108,
      align: "right",
      sortable: true,
      cell: (group) => <Time at={group.last_at} className="text-text-2" />,
    },
  ];
}
