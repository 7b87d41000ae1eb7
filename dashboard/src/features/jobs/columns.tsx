import type { ReactNode } from "react";
import type { JobRow } from "@/api/types";
import { cx } from "@/lib/cx";
import { duration, NONE } from "@/lib/format";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/jobs";
import type { Column } from "@/ui/table";
import { Elapsed, Time } from "@/ui/time";
import type { Choice } from "./choices";
import { CreatedCell } from "./created-cell";
import { StateCell } from "./state-cell";
import { TaskCell } from "./task-cell";

export interface RowActions {
  open: (id: string) => void;
  /** Show the menu of a row, at a place of the window. */
  menu: (row: JobRow, at: DOMRect) => void;
}

/** Seconds between being due and starting; null where it is not known. */
export function waitOf(row: JobRow): number | null {
  if (!row.started_at) return null;
  const seconds = (Date.parse(row.started_at) - Date.parse(row.run_at)) / 1000;
  // Due again later: when it was due before is not in the row.
  return seconds < 0 ? null : seconds;
}

/** Whether the row has run and ended, or runs. */
export function runOf(row: JobRow): { from: string; until: string | null } | null {
  if (!row.started_at) return null;
  if (row.state === "running") return { from: row.started_at, until: null };
  const until = row.finished_at;
  return until && Date.parse(until) >= Date.parse(row.started_at) ? { from: row.started_at, until } : null;
}

const QUIET = "text-text-2";

const CHOOSABLE: Record<Choice, Column<JobRow>> = {
  queue: { id: "queue", header: words.queue, width: 112, from: 880, cell: (row) => row.queue },
  attempt: {
    id: "attempt",
    header: words.attempt,
    width: 76,
    align: "right",
    from: 880,
    cell: (row) => (
      <span className={row.attempt > 1 ? "font-medium" : QUIET}>{words.attemptOf(row.attempt, row.max_attempts)}</span>
    ),
  },
  wait: {
    id: "wait",
    header: words.wait,
    width: 84,
    align: "right",
    from: 1000,
    cell: (row) => quiet(waitOf(row), duration),
  },
  run: { id: "run", header: words.run, width: 88, align: "right", from: 1000, cell: runCell },
  priority: {
    id: "priority",
    header: words.priority,
    width: 76,
    align: "right",
    from: 880,
    cell: (row) => <span className={QUIET}>{row.priority}</span>,
  },
  worker: {
    id: "worker",
    header: words.worker,
    width: 96,
    from: 880,
    cell: (row) => <span className="font-mono text-12 text-text-2">{row.worker ? shortId(row.worker) : NONE}</span>,
  },
  due: {
    id: "due",
    header: words.due,
    width: 100,
    align: "right",
    from: 880,
    cell: (row) => <Time at={row.run_at} className={QUIET} />,
  },
  ended: {
    id: "ended",
    header: words.ended,
    width: 100,
    align: "right",
    from: 880,
    cell: (row) => <Time at={row.finished_at} className={QUIET} />,
  },
};

function quiet(value: number | null, format: (value: number) => string): ReactNode {
  return <span className={QUIET}>{value === null ? NONE : format(value)}</span>;
}

function runCell(row: JobRow): ReactNode {
  const run = runOf(row);
  if (!run) return <span className={QUIET}>{NONE}</span>;
  return (
    <span className={cx(run.until ? QUIET : "font-medium")}>
      <Elapsed from={run.from} until={run.until} />
    </span>
  );
}

/** The columns of the list: what never goes, and between it what was chosen. */
export function columnsOf(chosen: readonly Choice[], actions: RowActions): Column<JobRow>[] {
  return [
    { id: "state", header: words.state, width: 120, from: 480, cell: (row) => <StateCell row={row} /> },
    { id: "task", header: words.task, cell: (row) => <TaskCell row={row} onOpen={actions.open} /> },
    ...chosen.map((choice) => CHOOSABLE[choice]),
    {
      id: "created",
      header: words.created,
      width: 108,
      align: "right",
      cell: (row) => <CreatedCell row={row} onMenu={actions.menu} />,
      sortable: true,
    },
  ];
}

export function choiceWord(choice: Choice): string {
  return CHOOSABLE[choice].header;
}
