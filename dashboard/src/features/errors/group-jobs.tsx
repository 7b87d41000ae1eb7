import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { deadOf } from "@/api/errors";
import { jobRows, keys } from "@/api/queries";
import type { ErrorGroup, JobRow } from "@/api/types";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/errors";
import { visible } from "@/lib/visible";
import { Empty } from "@/ui/empty";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Section } from "@/ui/section";
import { type Column, Table } from "@/ui/table";
import { Time } from "@/ui/time";
import { deadCount } from "./cells";

const SHOWN = 10;

/** The newest jobs that are dead of it; the link leads to all of them. */
export function GroupJobs({ group }: { group: ErrorGroup }) {
  const navigate = useNavigate();
  const filter = { ...deadOf(group), limit: SHOWN };
  const query = useQuery({
    // How many there are is part of the question: it is asked again when that changes.
    queryKey: [...keys.error(group.fingerprint), "jobs", group.dead],
    queryFn: ({ signal }) => jobRows(filter, signal),
  });
  return (
    <Section
      title={words.jobs}
      className="border-border border-t"
      action={
        group.dead > 0 ? (
          <Link to="/jobs" search={deadOf(group)} className="text-text-2 hover:text-text hover:underline">
            {words.allDead(group.dead, deadCount(group))}
          </Link>
        ) : null
      }
    >
      <Region query={query} what={words.jobsWhat} skeleton={<RowsSkeleton rows={4} />}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty className="border-border border-t py-10" title={words.noJobs} hint={words.noJobsHint} />
          ) : (
            <Table
              label={words.jobs}
              sticky={false}
              rows={items}
              getId={(job) => job.id}
              getName={(job) => job.id}
              columns={COLUMNS}
              onOpen={(id) => void navigate({ to: "/jobs/$id", params: { id } })}
            />
          )
        }
      </Region>
    </Section>
  );
}

const COLUMNS: Column<JobRow>[] = [
  {
    id: "job",
    header: words.job,
    width: 112,
    cell: (job) => (
      <Link to="/jobs/$id" params={{ id: job.id }} className="font-mono text-12 hover:underline" title={job.id}>
        {shortId(job.id)}
      </Link>
    ),
  },
  {
    id: "error",
    header: words.error,
    cell: (job) => (
      <span className="block truncate font-mono text-12 text-text-2" title={job.error?.message}>
        {visible(job.error?.message ?? job.args_preview)}
      </span>
    ),
  },
  {
    id: "died",
    header: words.died,
    width: 88,
    align: "right",
    cell: (job) => <Time at={job.finished_at} className="text-text-2" />,
  },
];
