import type { RefObject } from "react";
import type { JobActs } from "@/api/job-actions";
import { Refused } from "@/api/refused";
import { jobLink } from "@/lib/copy-as";
import { cx } from "@/lib/cx";
import { count } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { useRefusal } from "@/lib/session";
import { job as words } from "@/lib/text/job";
import { log as logWords } from "@/lib/text/log";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/empty";
import { ErrorState } from "@/ui/error-state";
import { Skeleton, useSlow } from "@/ui/skeleton";
import { type TabItem, Tabs } from "@/ui/tabs";
import { Time } from "@/ui/time";
import { Attempts } from "./attempts";
import { copy, JobButtons, refusalFor } from "./job-buttons";
import { JobFacts } from "./job-facts";
import { Logs } from "./logs";
import { Overview } from "./overview";
import { Payload } from "./payload";
import type { JobState } from "./use-job";
import { useLogCount } from "./use-log";

const TABS = ["overview", "attempts", "logs", "payload"] as const;
export type JobTab = (typeof TABS)[number];

interface Props {
  state: JobState;
  acts: JobActs;
  tab: string | undefined;
  onTab: (tab: JobTab) => void;
  /** Which lines of the log are shown, as the URL keeps it. */
  log: string | undefined;
  onLog: (log: string | undefined) => void;
  /** `r c Del y` mean this job, not rows that are selected elsewhere. */
  keys: boolean;
  /** Where its keys act although a dialog is open: inside of this one. */
  scope?: RefObject<HTMLElement | null>;
  /** The page has the name of the task in its header. */
  titled?: boolean;
}

/** A job: what it is, what can be done, what happened. The same in the drawer and on the page of its own. */
export function JobBody({ state, acts, tab: wanted, onTab, log, onLog, keys, scope, titled = false }: Props) {
  const { id, job, head, deleted, error } = state;
  const logged = useLogCount(job);
  const permission = useRefusal("jobs:write");
  const tab = TABS.find((one) => one === wanted) ?? "overview";
  const target = head
    ? { id, task: head.task, state: head.state, run_at: head.run_at, queue: head.queue, priority: head.priority }
    : null;
  const press = (action: "retry" | "cancel" | "delete") => () => {
    if (!target || deleted || refusalFor(action, target.state, permission)) return;
    void acts.act(action, [target]);
  };
  useKeys({ r: press("retry"), c: press("cancel"), Delete: press("delete") }, keys, scope);
  useKeys(
    { y: () => void copy(id, words.idCopied), "Shift+Y": () => void copy(jobLink(id), words.linkCopied) },
    keys,
    scope,
  );

  if (!head || !target) return <Missing state={state} />;
  const tabs: TabItem[] = [
    { id: "overview", label: words.overview },
    { id: "attempts", label: words.attempts, count: job ? String(job.attempts_total) : undefined },
    { id: "logs", label: logWords.tab, count: logged ? count(logged) : undefined },
    { id: "payload", label: words.payload },
  ];
  return (
    <>
      {deleted ? (
        <div role="status" className="border-border border-b bg-warn-soft px-5 py-2 max-md:px-4">
          <span className="font-medium">{words.deleted}</span> <span className="text-text-2">{words.deletedHint}</span>
        </div>
      ) : error ? (
        <ErrorState compact what={words.what} error={error} onRetry={state.refetch} busy={state.isFetching} />
      ) : null}
      <div className={cx("px-5 pt-5 pb-5 max-md:px-4", titled && "max-w-240")}>
        {titled ? null : <h2 className="break-words font-semibold text-20 leading-7">{head.task}</h2>}
        <p className="mt-0.5 flex flex-wrap items-center gap-x-1.5 text-12 text-text-3">
          <span className="break-all font-mono">{id}</span>
          <CopyButton text={id} label={words.copyId} keyName="y" />
          <span>
            {words.createdBefore} <Time at={head.created_at} />
          </span>
        </p>
        <div className="mt-3.5">
          <JobButtons
            target={target}
            acts={acts}
            deleted={deleted}
            replayed={job && { id, task: job.task, queue: job.queue, args: job.raw.args }}
          />
        </div>
        <JobFacts job={head} className="mt-4" />
      </div>
      <Tabs
        label={words.views}
        tabs={tabs}
        value={tab}
        onChange={(next) => onTab(next as JobTab)}
        keys
        className="h-10 gap-5 border-t"
      >
        <div className={cx("px-5 pt-5 pb-10 max-md:px-4", titled && tab !== "logs" && "max-w-240")}>
          {job ? <Content tab={tab} state={state} log={log} onLog={onLog} /> : error ? null : <ContentSkeleton />}
        </div>
      </Tabs>
    </>
  );
}

function Content({ tab, state, log, onLog }: Pick<Props, "state" | "log" | "onLog"> & { tab: JobTab }) {
  const { job } = state;
  if (!job) return null;
  if (tab === "attempts") return <Attempts job={job} />;
  if (tab === "logs") return <Logs job={job} search={log} onSearch={onLog} />;
  return tab === "payload" ? <Payload job={job} /> : <Overview job={job} />;
}

function ContentSkeleton() {
  const slow = useSlow();
  if (!slow) return null;
  return (
    <div aria-busy className="flex flex-col gap-3">
      <Skeleton className="h-24 w-full rounded-m" />
      <Skeleton className="mt-3 w-20" />
      <Skeleton className="w-full" />
      <Skeleton className="w-2/3" />
      <Skeleton className="w-1/2" />
    </div>
  );
}

/** Nothing is known of it: not yet, or it may not be read, or there is none. */
function Missing({ state }: { state: JobState }) {
  const { error, refetch, isFetching } = state;
  const slow = useSlow();
  if (error instanceof Refused && error.status === 404)
    return <Empty title={words.notFound} hint={words.notFoundHint} />;
  if (error instanceof Refused && error.status === 403) {
    return <Empty title={words.forbidden} hint={`${error.message} ${words.forbiddenHint}`} />;
  }
  if (error) return <ErrorState what={words.what} error={error} onRetry={refetch} busy={isFetching} />;
  if (!slow) return null;
  return (
    <div aria-busy className="flex flex-col gap-4 px-5 pt-6 max-md:px-4">
      <Skeleton className="h-5 w-56" />
      <Skeleton className="w-80" />
      <Skeleton className="h-8 w-64" />
    </div>
  );
}
