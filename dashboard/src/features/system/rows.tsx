import type { Duty, Setting, StoreTable, System } from "@/api/system";
import { bytes, count, countExactly, NONE } from "@/lib/format";
import { words } from "@/lib/text/system";
import { visible } from "@/lib/visible";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";

export const DUTIES: Column<Duty>[] = [
  {
    id: "duty",
    header: words.duty,
    cell: (one) => (
      <span className="flex min-w-0 items-baseline gap-2">
        <span>{one.name}</span>
        <span className="truncate text-12 text-text-3">{words.purposes[one.name] ?? ""}</span>
      </span>
    ),
  },
  {
    id: "runs",
    header: words.runsOn,
    width: 148,
    from: 760,
    cell: (one) => <span className="text-text-2">{one.runs_on === "one" ? words.one : words.each}</span>,
  },
  {
    id: "ran",
    header: words.lastTurn,
    width: 112,
    from: 640,
    cell: (one) => (one.ran_at ? <Time at={one.ran_at} /> : <span className="text-text-3">{noTurn(one)}</span>),
  },
  {
    id: "by",
    header: words.ranBy,
    width: 200,
    from: 760,
    cell: (one) =>
      one.ran_by === null ? (
        <span className="text-text-3">{NONE}</span>
      ) : (
        <span
          className="block truncate text-text-2"
          title={words.processOf(visible(one.ran_by.program), one.ran_by.pid, visible(one.ran_by.host))}
        >
          <bdi>{visible(one.ran_by.host)}</bdi>{" "}
          <span className="text-12 text-text-3">{words.programOf(visible(one.ran_by.program), one.ran_by.pid)}</span>
        </span>
      ),
  },
  {
    id: "state",
    header: words.state,
    width: "22%",
    cell: (one) =>
      one.problem === null ? (
        <span className="text-text-2">{stateOf(one)}</span>
      ) : (
        <span className="block truncate text-danger" title={one.problem}>
          {words.fails}: {visible(one.problem)}
        </span>
      ),
  },
];

function noTurn(one: Duty): string {
  return one.runs_on === "one" ? words.noTurn : NONE;
}

function stateOf(one: Duty): string {
  if (one.runs_on === "each") return words.noFailure;
  return one.ran_at === null ? NONE : words.works;
}

export const TABLES: Column<StoreTable>[] = [
  { id: "table", header: words.table, cell: (one) => <span className="font-mono text-12">{one.name}</span> },
  { id: "bytes", header: words.bytes, width: 96, align: "right", cell: (one) => bytes(one.bytes) },
  { id: "rows", header: words.rows, width: 96, align: "right", cell: (one) => count(one.rows) },
  { id: "dead", header: words.deadRows, width: 104, align: "right", from: 480, cell: (one) => count(one.dead_rows) },
];

export const NODES: Column<System["nodes"][number]>[] = [
  { id: "host", header: words.host, cell: (one) => <bdi className="block truncate">{visible(one.host)}</bdi> },
  { id: "workers", header: words.workers, width: 88, align: "right", cell: (one) => countExactly(one.workers) },
  {
    id: "busy",
    header: words.busy,
    width: 116,
    align: "right",
    cell: (one) => words.busyOf(count(one.running), count(one.slots)),
  },
  {
    id: "versions",
    header: words.versions,
    width: 160,
    from: 640,
    cell: (one) => <span className="block truncate text-text-2">{one.versions.join(", ")}</span>,
  },
];

export const SETTINGS: Column<Setting>[] = [
  {
    id: "setting",
    header: words.setting,
    width: "40%",
    cell: (one) => (
      <span className="block truncate font-mono text-12" title={one.name}>
        {one.name}
      </span>
    ),
  },
  {
    id: "value",
    header: words.value,
    cell: (one) => (
      <span className="block truncate" title={one.value}>
        {visible(one.value)}
        {one.secret ? <span className="ml-2 text-12 text-text-3">{words.secret}</span> : null}
      </span>
    ),
  },
  {
    id: "source",
    header: words.source,
    width: 112,
    cell: (one) => (
      <span className={one.source === "default" ? "text-text-3" : "text-text-2"}>
        {words.sources[one.source] ?? one.source}
      </span>
    ),
  },
];
