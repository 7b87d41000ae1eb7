import { useQuery } from "@tanstack/react-query";
import { type Bulk, bulkQuery, isLive } from "@/api/bulks";
import { countExactly } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/bulk";
import { useFollowedBulks } from "@/live/fresh";
import { useInterval } from "@/live/interval";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/drawer";
import { type Fact, Facts } from "@/ui/facts";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Time } from "@/ui/time";
import { Progress } from "./columns";
import { useEnd } from "./lines";
import { Results } from "./results";
import { undoIn } from "./undo";

interface Props {
  id: string;
  left: boolean;
  onLeft: (left: boolean) => void;
  onClose: () => void;
}

/** One operation beside the list: what, by whom, how far, and what became of each job. */
export function Details({ id, left, onLeft, onClose }: Props) {
  const followed = useFollowedBulks().find((one) => one.id === id);
  const asked = useQuery({ ...bulkQuery(id), enabled: followed === undefined, refetchInterval: useInterval(2) });
  const query = followed ? { ...asked, data: followed, error: null } : asked;
  return (
    <Drawer
      label={query.data ? words.name(query.data.action, id) : words.title}
      onClose={onClose}
      header={query.data ? <span className="font-medium">{words.state(query.data.state)}</span> : null}
    >
      <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={6} />}>
        {(bulk) => (
          <div className="flex flex-col gap-5 px-5 py-5">
            <Head bulk={bulk} />
            <Facts facts={factsOf(bulk)} />
            <Outcomes bulk={bulk} />
            {bulk.problem ? (
              <p role="alert" className="break-words text-danger">
                {bulk.problem}
              </p>
            ) : null}
            <Results bulk={bulk} left={left} onLeft={onLeft} />
          </div>
        )}
      </Region>
    </Drawer>
  );
}

function Head({ bulk }: { bulk: Bulk }) {
  const refusal = useRefusal("jobs:write");
  const end = useEnd(bulk);
  const waits = undoIn(bulk) > 0;
  return (
    <header className="flex flex-col gap-2">
      <h2 className="font-semibold text-20">{words.verbOf(bulk.action, bulk.total, countExactly(bulk.total))}</h2>
      <code className="break-words font-mono text-12 text-text-2">
        {bulk.q === null ? words.named : bulk.q || words.everyJob}
      </code>
      {bulk.reason ? <p className="break-words">{bulk.reason}</p> : null}
      <div className="flex items-center gap-3">
        <Progress bulk={bulk} />
        {isLive(bulk) ? (
          <Button size="s" refusal={refusal} busy={end.busy} onClick={() => void end.run(waits)}>
            {waits ? words.undo : words.stop}
          </Button>
        ) : null}
      </div>
    </header>
  );
}

function factsOf(bulk: Bulk): Fact[] {
  return [
    { label: words.actor, value: bulk.actor },
    ...(bulk.params?.run_at ? [{ label: words.dueAt, value: <Time at={bulk.params.run_at} show="full" /> }] : []),
    ...(bulk.params?.queue ? [{ label: words.toQueue, value: <bdi>{bulk.params.queue}</bdi> }] : []),
    ...(typeof bulk.params?.priority === "number" ? [{ label: words.toPriority, value: bulk.params.priority }] : []),
    { label: words.accepted, value: <Time at={bulk.created_at} /> },
    { label: words.began, value: <Time at={bulk.started_at} /> },
    { label: words.endedAt, value: <Time at={bulk.finished_at} /> },
    { label: words.rateIs, value: bulk.rate === null ? words.noRate : words.perSecond(countExactly(bulk.rate)) },
  ];
}

function Outcomes({ bulk }: { bulk: Bulk }) {
  const found = Object.entries(bulk.outcomes).sort(([, a], [, b]) => b - a);
  if (found.length === 0) return null;
  return (
    <ul aria-label={words.outcomes} className="flex flex-col">
      {found.map(([name, n]) => (
        <li key={name} className="flex h-8 items-center justify-between gap-3 border-border border-b">
          <span className="truncate">{words.outcome(name)}</span>
          <span className="tabular-nums">{countExactly(n)}</span>
        </li>
      ))}
    </ul>
  );
}
