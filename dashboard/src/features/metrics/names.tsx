import { ChartNoAxesColumn } from "lucide-react";
import { useMemo } from "react";
import { endedOf, failingOf, highestOf, type Kind, sumOf, throughputOf } from "@/api/series";
import type { SeriesOut } from "@/api/types";
import { count, duration, NONE, percent } from "@/lib/format";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/metrics";
import { range as rangeWords } from "@/lib/text/range";
import { Empty } from "@/ui/empty";
import { Sparkline } from "@/ui/sparkline";
import { type Column, Table } from "@/ui/table";

type One = SeriesOut["series"][number];

interface Props {
  series: SeriesOut;
  range: Range;
  by: Kind;
  onName: (name: string) => void;
}

/** All queues, tasks or nodes beside each other; each leads to its charts. */
export function Names({ series, range, by, onName }: Props) {
  const rows = useMemo(
    () => [...series.series].sort((a, b) => sumOf(throughputOf(b)) - sumOf(throughputOf(a))),
    [series],
  );
  const columns = useMemo(() => columnsOf(by, onName), [by, onName]);
  if (rows.length === 0) {
    return (
      <Empty
        icon={<ChartNoAxesColumn aria-hidden size={24} />}
        title={words.noNames(rangeWords.inLast[range])}
        hint={words.noNamesHint}
      />
    );
  }
  return (
    <Table
      label={words.names[by]}
      rows={rows}
      getId={(one) => one.name ?? ""}
      getName={(one) => one.name ?? ""}
      columns={columns}
      onOpen={onName}
      pageKeys
      footer={
        series.left_out > 0 ? (
          <p className="px-5 py-2.5 text-12 text-text-3 max-md:px-4">{words.leftOut(series.left_out)}</p>
        ) : undefined
      }
    />
  );
}

function columnsOf(by: Kind, onName: (name: string) => void): Column<One>[] {
  return [
    {
      id: "name",
      header: words.of[by],
      cell: (one) => (
        <button
          type="button"
          className="block max-w-full truncate text-left font-medium hover:underline"
          title={one.name ?? ""}
          onClick={() => onName(one.name ?? "")}
        >
          {one.name}
        </button>
      ),
    },
    {
      id: "trend",
      header: words.trend,
      width: 136,
      align: "right",
      from: 480,
      cell: (one) => (
        <Sparkline label={words.spark(one.name ?? "")} values={throughputOf(one)} width={112} className="ml-auto" />
      ),
    },
    { id: "ended", header: words.ended, width: 84, align: "right", cell: (one) => count(sumOf(throughputOf(one))) },
    {
      id: "failed",
      header: words.failed,
      width: 76,
      align: "right",
      cell: (one) => <Share one={one} />,
    },
    {
      id: "dead",
      header: words.deadJobs,
      width: 76,
      align: "right",
      from: 640,
      cell: (one) => count(sumOf(endedOf(one).dead)),
    },
    { id: "wait", header: words.waitP95, width: 92, align: "right", from: 760, cell: (one) => time(one.wait.p95) },
    { id: "run", header: words.runP95, width: 92, align: "right", from: 760, cell: (one) => time(one.run.p95) },
  ];
}

function Share({ one }: { one: One }) {
  const tried = sumOf(throughputOf(one));
  const failed = sumOf(one.failed);
  if (tried === 0 || failingOf(one).length === 0) return <span className="text-text-3">{NONE}</span>;
  return <span className={failed > 0 ? "text-dead" : undefined}>{percent(failed / tried)}</span>;
}

function time(values: readonly (number | null)[]): string {
  const highest = highestOf(values);
  return highest === null ? NONE : duration(highest);
}
