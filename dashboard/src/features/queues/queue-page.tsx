import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowLeft, Pause, Play } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Queue } from "@/api/queues";
import type { SeriesOut } from "@/api/types";
import { isServing, serves } from "@/api/workers";
import type { Range } from "@/lib/range";
import { useRefusal, useSession } from "@/lib/session";
import { words } from "@/lib/text/queues";
import { range as rangeWords } from "@/lib/text/range";
import { useQueues, useSeriesOf, useWorkers } from "@/live/fresh";
import { Button, buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { RangeSelect } from "@/ui/range-select";
import { Region } from "@/ui/region";
import { Marks } from "./cells";
import { PauseDialog } from "./pause-dialog";
import { QueueMenu } from "./queue-actions";
import { QueueNumbers, QueueNumbersSkeleton } from "./queue-numbers";
import { QueueSettings } from "./queue-settings";
import { QueueWorkers } from "./queue-workers";
import { DEFAULT_QUEUE_RANGE } from "./search";
import { useQueueActs } from "./use-queue-acts";

type One = SeriesOut["series"][number];

const HEAD = "flex min-h-14 flex-wrap items-center gap-x-3 gap-y-2 border-border border-b px-5 py-2.5 max-md:px-4";

interface Props {
  /** Draws the history of the queue; charts are another feature's. */
  charts: (series: SeriesOut, one: One, range: Range) => ReactNode;
  /** Of the charts, in their size. */
  skeleton: ReactNode;
}

/** One queue: how deep it is and how fast, its history, who serves it, what it is set to. */
export function QueuePage({ charts, skeleton }: Props) {
  const { name } = useParams({ from: "/queues/$name" });
  const { range = DEFAULT_QUEUE_RANGE } = useSearch({ from: "/queues/$name" });
  const navigate = useNavigate({ from: "/queues/$name" });
  const query = useQueues();
  const queue = query.data?.find((one) => one.name === name);
  return (
    <Page
      title={name}
      live
      flush
      actions={
        <>
          <Link to="/queues" preload={false} className={buttonClass({ variant: "ghost" })}>
            <ArrowLeft aria-hidden size={14} />
            <span className="max-sm:sr-only">{words.toList}</span>
          </Link>
          <RangeSelect
            value={range}
            onChange={(next) => void navigate({ search: { range: next === DEFAULT_QUEUE_RANGE ? undefined : next } })}
          />
        </>
      }
    >
      <Region query={query} what={words.oneWhat} skeleton={<HeadSkeleton />}>
        {() => (queue ? <Head queue={queue} /> : <Empty title={words.noQueue(name)} hint={words.noQueueHint} />)}
      </Region>
      {queue || !query.data ? <History name={name} range={range} charts={charts} skeleton={skeleton} /> : null}
      {queue ? <Below queue={queue} /> : null}
    </Page>
  );
}

function HeadSkeleton() {
  return (
    <>
      <div className={HEAD} />
      <QueueNumbersSkeleton />
    </>
  );
}

function Head({ queue }: { queue: Queue }) {
  const refusal = useRefusal("queues:write");
  const acts = useQueueActs();
  const [pausing, setPausing] = useState(false);
  const busy = acts.resuming === queue.name;
  const pause = () => setPausing(true);
  const resume = () => void acts.resume(queue);
  return (
    <>
      <div className={HEAD}>
        {queue.paused ? (
          <Button icon={<Play aria-hidden size={14} />} refusal={refusal} busy={busy} onClick={resume}>
            {words.resumeItem}
          </Button>
        ) : (
          <Button icon={<Pause aria-hidden size={14} />} refusal={refusal} onClick={pause}>
            {words.pauseItem}
          </Button>
        )}
        <Link to="/jobs" search={{ queue: queue.name }} className={buttonClass({ variant: "secondary" })}>
          {words.showJobs}
        </Link>
        <QueueMenu queue={queue} refusal={refusal} busy={busy} onPause={pause} onResume={resume} />
        <Marks queue={queue} />
      </div>
      <QueueNumbers queue={queue} />
      {pausing ? <PauseDialog queue={queue} onClose={() => setPausing(false)} onDone={acts.paused} /> : null}
    </>
  );
}

interface HistoryProps extends Props {
  name: string;
  range: Range;
}

function History({ name, range, charts, skeleton }: HistoryProps) {
  const query = useSeriesOf(name, range);
  return (
    <Region query={query} what={words.historyWhat} skeleton={skeleton}>
      {(series) => {
        const one = series.series.find((found) => found.name === name);
        if (!one) {
          return <Empty className="border-border border-b" title={words.nothingRan(rangeWords.inLast[range])} />;
        }
        return charts(series, one, range);
      }}
    </Region>
  );
}

function Below({ queue }: { queue: Queue }) {
  const { tenant } = useSession();
  const workers = useWorkers();
  const serving = workers.data?.filter((one) => isServing(one) && serves(one, queue.name, tenant));
  return (
    <div className="grid gap-px bg-border xl:grid-cols-[11fr_10fr]">
      <QueueWorkers query={{ ...workers, data: serving }} queue={queue} />
      <QueueSettings queue={queue} />
    </div>
  );
}
