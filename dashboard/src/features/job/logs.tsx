import { ScrollText } from "lucide-react";
import { useDeferredValue, useMemo } from "react";
import type { Job } from "@/api/job";
import type { JobLog, LogLine } from "@/api/logs";
import { isFinal } from "@/lib/state";
import { log as words } from "@/lib/text/log";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Region } from "@/ui/region";
import { Skeleton } from "@/ui/skeleton";
import { LogList } from "./log-list";
import { NO_SEARCH, readLogSearch, writeLogSearch } from "./log-search";
import { LogToolbar } from "./log-toolbar";
import { attemptsOf, type LogFilter, rowsOf } from "./log-view";
import { useFollowing } from "./use-following";
import { useLog } from "./use-log";

interface Props {
  job: Job;
  /** As the URL keeps it. */
  search: string | undefined;
  onSearch: (search: string | undefined) => void;
}

/** What a job has logged: all attempts, oldest first; of one that runs, as it is written. */
export function Logs({ job, search, onSearch }: Props) {
  return (
    <Region query={useLog(job)} what={words.what} skeleton={<LogSkeleton />}>
      {(log) => <Log job={job} log={log} search={search} onSearch={onSearch} />}
    </Region>
  );
}

function Log({ job, log, search, onSearch }: Props & { log: JobLog }) {
  const asked = readLogSearch(search);
  const { level, attempt } = asked;
  const text = useDeferredValue(asked.text.trim().toLowerCase());
  const attempts = useMemo(() => attemptsOf(log.lines), [log.lines]);
  const chosen = attempts.find((line) => nameOf(line) === attempt) ?? null;
  const rows = useMemo(() => {
    const filter: LogFilter = { level, text, lease: chosen?.lease_no ?? null };
    return rowsOf(log.lines, filter);
  }, [log.lines, level, text, chosen]);
  const grows = !isFinal(job.state) && job.gone !== true;
  const following = useFollowing(grows && job.state === "running", rows.length);
  if (log.lines.length === 0) {
    return (
      <Empty
        icon={<ScrollText aria-hidden size={20} />}
        title={words.none}
        hint={job.attempts_total === 0 ? words.notStarted : grows ? words.noneYet : words.noneHint}
      />
    );
  }
  return (
    <>
      <LogToolbar
        id={job.id}
        rows={rows}
        search={{ ...asked, attempt: chosen ? attempt : null }}
        attempts={attempts.map((line) => ({ value: nameOf(line), label: words.attempt(line.attempt, line.round) }))}
        onSearch={(next) => onSearch(writeLogSearch(next))}
        following={grows ? following : null}
      />
      {rows.length === 0 ? (
        <Empty
          title={words.noMatch}
          hint={words.noMatchHint(log.lines.length)}
          actions={<Button onClick={() => onSearch(writeLogSearch(NO_SEARCH))}>{words.clear}</Button>}
        />
      ) : (
        <LogList rows={rows} following={following} />
      )}
      {log.more ? <p className="pt-3 text-12 text-text-3">{words.tooMany(log.lines.length)}</p> : null}
    </>
  );
}

function nameOf({ round, attempt }: LogLine): string {
  return `${round}.${attempt}`;
}

function LogSkeleton() {
  return (
    <div className="flex flex-col gap-3">
      <Skeleton className="h-8 w-full" />
      {["w-2/3", "w-1/2", "w-3/4", "w-2/5", "w-3/5"].map((width) => (
        <Skeleton key={width} className={width} />
      ))}
    </div>
  );
}
