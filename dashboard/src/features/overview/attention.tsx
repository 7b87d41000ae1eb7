import { Link } from "@tanstack/react-router";
import { Bug, ChevronRight, CircleCheck, Pause, ServerOff, Unplug } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { type Attention, attentionOf } from "@/api/attention";
import { count, duration } from "@/lib/format";
import { shortId } from "@/lib/id";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/overview";
import { range as rangeWords } from "@/lib/text/range";
import { useErrorCounts, useQueues, useSummary, useWorkers } from "@/live/fresh";
import { Region } from "@/ui/region";
import { Section } from "@/ui/section";
import { Skeleton } from "@/ui/skeleton";
import { StateIcon } from "@/ui/state-icon";
import { together } from "@/ui/together";

const NAMED = 3;
const ROW =
  "flex min-h-(--tf-row) items-center gap-3 border-border border-t px-5 py-1.5 max-md:px-4 outline-offset-[-2px]";

/** What an operator has to look at, once all that it depends on is known. */
export function useAttention(range: Range) {
  const queues = useQueues();
  const workers = useWorkers();
  const summary = useSummary(range);
  // Without the summary the rest is still true; the numbers above say that it is missing.
  const dead = summary.data ? summary.data.dead : summary.error ? 0 : null;
  const errors = useErrorCounts();
  const kinds = errors.data ? errors.data.new : errors.error ? 0 : null;
  const items = useMemo(
    () =>
      queues.data && workers.data && dead !== null && kinds !== null
        ? attentionOf(queues.data, workers.data, dead, kinds)
        : undefined,
    [queues.data, workers.data, dead, kinds],
  );
  return together([queues, workers], items);
}

type Query = ReturnType<typeof useAttention>;

/** Each line leads to the place that mends it. */
export function NeedsAttention({ query, range }: { query: Query; range: Range }) {
  return (
    <Section title={words.attention} className="border-border border-b">
      <Region query={query} what={words.attentionWhat} skeleton={<Waiting />} small>
        {(found) =>
          found.length === 0 ? (
            <p className={ROW}>
              <CircleCheck aria-hidden size={16} className="shrink-0 text-text-3" />
              <span className="font-medium">{words.quiet}</span>
              <span className="truncate text-text-3 max-sm:hidden">{words.quietHint(rangeWords.inLast[range])}</span>
            </p>
          ) : (
            <ul>
              {found.map((item) => (
                <li key={`${item.kind} ${"queue" in item ? item.queue : ""}`}>
                  <Item item={item} range={range} />
                </li>
              ))}
            </ul>
          )
        }
      </Region>
    </Section>
  );
}

function Item({ item, range }: { item: Attention; range: Range }) {
  const className = `${ROW} group/line hover:bg-hover`;
  switch (item.kind) {
    case "unserved":
      return (
        <Link to="/queues/$name" params={{ name: item.queue }} className={className}>
          <Line
            icon={<ServerOff aria-hidden size={16} className="text-danger" />}
            title={words.unserved(item.queue)}
            hint={words.unservedHint(
              item.ready,
              count(item.ready),
              item.oldest === null ? null : duration(item.oldest),
            )}
            to={words.openQueue}
          />
        </Link>
      );
    case "paused":
      return (
        <Link to="/queues/$name" params={{ name: item.queue }} className={className}>
          <Line
            icon={<Pause aria-hidden size={16} className="text-text-2" />}
            title={words.paused(item.queue)}
            hint={words.pausedHint(item.ready, count(item.ready), item.by)}
            to={words.openQueue}
          />
        </Link>
      );
    case "more unserved":
    case "more paused": {
      const paused = item.kind === "more paused";
      const Icon = paused ? Pause : ServerOff;
      return (
        <Link to="/queues" search={{ sort: "-ready" }} className={className}>
          <Line
            icon={<Icon aria-hidden size={16} className={paused ? "text-text-2" : "text-danger"} />}
            title={paused ? words.morePaused(item.queues) : words.moreUnserved(item.queues)}
            hint={words.unservedHint(item.ready, count(item.ready), null)}
            to={words.toQueues}
          />
        </Link>
      );
    }
    case "dead":
      return (
        <Link to="/jobs" search={{ state: "dead", range }} className={className}>
          <Line
            icon={<StateIcon state="dead" size={16} />}
            title={words.died(item.count, count(item.count), rangeWords.inLast[range])}
            hint={words.diedHint}
            to={words.openDead}
          />
        </Link>
      );
    case "errors":
      return (
        <Link to="/errors" search={{ sort: "first" }} className={className}>
          <Line
            icon={<Bug aria-hidden size={16} className="text-danger" />}
            title={words.newErrors(item.count)}
            hint={words.newErrorsHint}
            to={words.openErrors}
          />
        </Link>
      );
    case "lost": {
      const names = item.workers.slice(0, NAMED).map((worker) => shortId(worker.id));
      return (
        <Link to="/workers" search={{ show: "lost" }} className={className}>
          <Line
            icon={<Unplug aria-hidden size={16} className="text-danger" />}
            title={words.lost(item.workers.length)}
            hint={words.lostHint(names, item.workers.length - names.length)}
            to={words.openWorkers}
          />
        </Link>
      );
    }
  }
}

function Line({ icon, title, hint, to }: { icon: ReactNode; title: string; hint: string; to: string }) {
  return (
    <>
      <span className="shrink-0">{icon}</span>
      <span className="min-w-0 grow truncate max-sm:whitespace-normal">
        <span className="font-medium">{title}</span>{" "}
        <span className="ml-1 text-text-3 max-sm:block max-sm:ml-0">{hint}</span>
      </span>
      <span className="flex shrink-0 items-center gap-1 text-text-2 group-hover/line:text-text">
        <span className="max-md:sr-only">{to}</span>
        <ChevronRight aria-hidden size={14} />
      </span>
    </>
  );
}

function Waiting() {
  return (
    <div className={ROW}>
      <Skeleton className="w-80 max-w-full" />
    </div>
  );
}
