import { Link } from "@tanstack/react-router";
import type { FailingTask } from "@/api/types";
import { count, NONE, percent } from "@/lib/format";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/overview";
import { range as rangeWords } from "@/lib/text/range";
import { useSummary } from "@/live/fresh";
import { Empty } from "@/ui/empty";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Section } from "@/ui/section";
import { type Column, Table } from "@/ui/table";

const MOST = 6;

/** The tasks whose attempts failed most in the range, and what the newest of them says. */
export function FailingTasks({ range }: { range: Range }) {
  const query = useSummary(range);
  return (
    <Section title={words.failingTasks}>
      <Region query={query} what={words.failingWhat} skeleton={<RowsSkeleton rows={4} />}>
        {({ failing_tasks: all }) => {
          if (all.length === 0) {
            return (
              <Empty className="border-border border-t py-10" title={words.noneFailed(rangeWords.inLast[range])} />
            );
          }
          return (
            <Table
              label={words.failingTasks}
              sticky={false}
              rows={all.slice(0, MOST)}
              total={all.length}
              getId={(one) => one.task}
              getName={(one) => one.task}
              columns={COLUMNS}
              footer={
                all.length > MOST ? (
                  <p className="px-5 py-2.5 text-12 text-text-3 max-md:px-4">{words.more(all.length - MOST)}</p>
                ) : undefined
              }
            />
          );
        }}
      </Region>
    </Section>
  );
}

const COLUMNS: Column<FailingTask>[] = [
  {
    id: "task",
    header: words.task,
    cell: (one) => (
      <Link to="/jobs" search={{ task: one.task, state: "dead,retrying" }} className="font-medium hover:underline">
        {one.task}
      </Link>
    ),
  },
  { id: "failed", header: words.failed, width: 76, align: "right", cell: (one) => count(one.failed) },
  {
    id: "share",
    header: words.share,
    width: 76,
    align: "right",
    cell: (one) => percent(one.share),
  },
  {
    id: "error",
    header: words.lastError,
    from: 480,
    width: "46%",
    cell: (one) => <LastError one={one} />,
  },
];

// It leads to the job that says the whole.
function LastError({ one }: { one: FailingTask }) {
  const { error, job_id } = one;
  if (!error || !job_id) return <span className="text-text-3">{NONE}</span>;
  return (
    <Link to="/jobs/$id" params={{ id: job_id }} className="font-mono text-12 hover:underline" title={error.message}>
      <span className="text-danger">{error.type}</span> <span className="text-text-2">{error.message}</span>
    </Link>
  );
}
