import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { ArrowLeft, BellOff, Check, RotateCcw, RotateCw } from "lucide-react";
import { useState } from "react";
import { deadOf, deadText, errorQuery } from "@/api/errors";
import { Refused } from "@/api/refused";
import type { ErrorDetail } from "@/api/types";
import { useAction } from "@/lib/actions";
import { count } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/errors";
import { visible } from "@/lib/visible";
import { useInterval } from "@/live/interval";
import { useWatch } from "@/live/live";
import { Button, buttonClass } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { CopyButton } from "@/ui/copy-button";
import { Empty } from "@/ui/empty";
import { type Fact, Facts } from "@/ui/facts";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Time } from "@/ui/time";
import { DeadCell, deadCount, Marks } from "./cells";
import { GroupJobs } from "./group-jobs";
import { MuteDialog } from "./mute-dialog";
import { Releases } from "./releases";
import { Sample } from "./sample";
import { Trend } from "./trend";
import { useMark } from "./use-mark";

export const route = createLazyRoute("/errors/$fingerprint")({ component: GroupPage });

/** The group of an address like this may have been deleted while jobs are still dead of it. */
const FINGERPRINT = /^[0-9a-f]{16}$/;
const GROUP_S = 10;
const GROUP_BESIDE_S = 20;

/** One kind of failures: how often, since when, with the traceback of one, and what to do about it. */
function GroupPage() {
  // So that the page says whether it is live where no sidebar is open.
  useWatch({ stats: true });
  const { fingerprint } = route.useParams();
  const query = useQuery({ ...errorQuery(fingerprint), refetchInterval: useInterval(GROUP_S, GROUP_BESIDE_S) });
  const missing = query.error instanceof Refused && query.error.status === 404;
  const back = (
    <Link to="/errors" preload={false} className={buttonClass({ variant: "ghost" })}>
      <ArrowLeft aria-hidden size={14} />
      <span className="max-sm:sr-only">{words.toList}</span>
    </Link>
  );
  return (
    <Page title={query.data?.type ?? words.group} heading={words.group} live flush actions={back}>
      {missing ? (
        <Empty
          title={words.noGroup}
          hint={words.noGroupHint}
          actions={
            FINGERPRINT.test(fingerprint) ? (
              <Link to="/jobs" search={deadOf({ fingerprint })} preload={false} className={buttonClass({ size: "s" })}>
                {words.deadOfIt}
              </Link>
            ) : undefined
          }
        />
      ) : (
        <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={6} />}>
          {(group) => <Group key={group.fingerprint} group={group} />}
        </Region>
      )}
    </Page>
  );
}

function Group({ group }: { group: ErrorDetail }) {
  return (
    <>
      <div className="max-w-240 px-5 pt-5 pb-6 max-md:px-4">
        <h2 className="break-words font-mono font-semibold text-16 text-danger leading-6">{visible(group.type)}</h2>
        <p className="mt-1 break-words text-14">{visible(group.message)}</p>
        <p className="mt-1 flex flex-wrap items-center gap-x-1.5 text-12 text-text-3">
          <span>{words.fingerprint}</span>
          <span className="font-mono">{group.fingerprint}</span>
          <CopyButton text={group.fingerprint} label={words.copyFingerprint} />
        </p>
        <Acts group={group} />
        <GroupFacts group={group} />
        <section className="mt-6" aria-label={words.trendTitle}>
          <h3 className="mb-2 text-12 text-text-3">{words.trendTitle}</h3>
          <Trend group={group} />
        </section>
        <Releases group={group} />
        <section className="mt-6" aria-label={words.sample}>
          <h3 className="mb-2 font-medium">{words.sample}</h3>
          <Sample group={group} />
        </section>
      </div>
      <GroupJobs group={group} />
    </>
  );
}

function Acts({ group }: { group: ErrorDetail }) {
  const refusal = useRefusal("jobs:write");
  const { run, mute, busy } = useMark(group.fingerprint);
  const [muting, setMuting] = useState(false);
  const open = group.state === "open";
  return (
    <div className="mt-3.5 flex flex-wrap items-center gap-2">
      {open ? (
        <>
          <Button
            variant="primary"
            icon={<Check aria-hidden size={14} />}
            refusal={refusal}
            busy={busy === "resolved"}
            onClick={() => void run("resolved")}
          >
            {words.resolve}
          </Button>
          <Button icon={<BellOff aria-hidden size={14} />} refusal={refusal} onClick={() => setMuting(true)}>
            {words.mute}
          </Button>
        </>
      ) : (
        <Button
          icon={<RotateCcw aria-hidden size={14} />}
          refusal={refusal}
          busy={busy === "open"}
          onClick={() => void run("open")}
        >
          {group.state === "muted" ? words.unmute : words.reopen}
        </Button>
      )}
      <RetryAll group={group} />
      <Marks group={group} />
      {muting ? (
        <MuteDialog
          busy={busy === "muted"}
          onClose={() => setMuting(false)}
          onMute={(until, reason) => mute(until, reason, () => setMuting(false))}
        />
      ) : null}
    </div>
  );
}

/** All jobs that are dead of it are retried as one operation, with its questions: how fast, why. */
function RetryAll({ group }: { group: ErrorDetail }) {
  const refusal = useRefusal("jobs:write");
  const begin = useAction("bulk");
  if (!begin) return null;
  const none = group.dead === 0;
  return (
    <Button
      icon={<RotateCw aria-hidden size={14} />}
      refusal={refusal ?? (none ? words.noJobs : undefined)}
      onClick={() => begin("retry", { q: deadText(group) }, () => {})}
    >
      {none ? words.retryNone : words.retryAll(group.dead, deadCount(group))}
    </Button>
  );
}

function GroupFacts({ group }: { group: ErrorDetail }) {
  const lastDay = group.trend.reduce((sum, n) => sum + n, 0);
  const facts: Fact[] = [
    { label: words.state, value: <State group={group} /> },
    {
      label: words.task,
      value: (
        <Link to="/jobs" search={{ task: group.task }} preload={false} className="hover:underline" title={group.task}>
          {group.task}
        </Link>
      ),
    },
    { label: words.count, value: count(group.count) },
    { label: words.trend, value: count(lastDay) },
    { label: words.dead, value: <DeadCell group={group} /> },
    { label: words.first, value: <Time at={group.first_at} /> },
    { label: words.last, value: <Time at={group.last_at} /> },
    ...(group.changed_by
      ? [{ label: words.changedBy(changeOf(group), group.changed_by), value: <Time at={group.changed_at} /> }]
      : []),
  ];
  return <Facts facts={facts} className="mt-5" />;
}

/** What the last decision was: a group that is open again was resolved, or its mute has ended. */
function changeOf(group: ErrorDetail): string {
  if (group.resolved_at) return words.resolved;
  return group.muted_until ? words.muted : words.reopenedDone;
}

function State({ group }: { group: ErrorDetail }) {
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <Chip tone={group.state === "open" ? "danger" : "neutral"}>{words.is(group.state)}</Chip>
      {group.state === "resolved" && group.resolved_release ? (
        <span className="truncate text-12 text-text-3" title={words.resolvedInHint(group.resolved_release)}>
          {words.resolvedIn(group.resolved_release)}
        </span>
      ) : null}
      {group.state === "muted" ? (
        <span className="truncate text-12 text-text-3">
          {words.mutedUntil} <Time at={group.muted_until} show="day" />
        </span>
      ) : null}
    </span>
  );
}
