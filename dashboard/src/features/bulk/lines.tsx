import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef } from "react";
import { type Bulk, type BulkList, handled, isLive, stopBulk, undoBulk, withBulk } from "@/api/bulks";
import { keys } from "@/api/queries";
import { useNow } from "@/lib/clock";
import { age, countExactly } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/bulk";
import { useFollowedBulks } from "@/live/fresh";
import { askReason } from "@/ui/ask-reason";
import { Button } from "@/ui/button";
import { Meter } from "@/ui/meter";
import { toast } from "@/ui/toast";
import { takeStarted } from "./started";
import { undoIn, withdrawUndo } from "./undo";

const NOT_ASKED = { reason: null };
/** Lines that are shown at once; the others are counted. */
const MOST = 3;

/** Operations in progress, at the foot of every page: they survive navigation and reload, for the server has them. */
export default function BulkLines() {
  const bulks = useFollowedBulks();
  const live = bulks.filter(isLive);
  useEnds(bulks);
  const region = useRef<HTMLElement>(null);
  const shown = live.length;
  // Messages float above it: they must not cover its buttons.
  useLayoutEffect(() => {
    const root = document.documentElement.style;
    root.setProperty("--tf-foot", `${shown > 0 ? (region.current?.offsetHeight ?? 0) : 0}px`);
    return () => void root.removeProperty("--tf-foot");
  }, [shown]);
  if (live.length === 0) return null;
  return (
    <section ref={region} aria-label={words.region} className="shrink-0 border-border border-t bg-raised">
      <ul className="divide-y divide-border">
        {live.slice(0, MOST).map((bulk) => (
          <Line key={bulk.id} bulk={bulk} />
        ))}
      </ul>
      {live.length > MOST ? (
        <Link to="/bulk" className="block px-5 py-1.5 text-12 text-text-2 hover:text-text max-md:px-4">
          {words.others(live.length - MOST)}
        </Link>
      ) : null}
    </section>
  );
}

function Line({ bulk }: { bulk: Bulk }) {
  const refusal = useRefusal("jobs:write");
  const waits = undoIn(bulk, useNow());
  const end = useEnd(bulk);
  const done = handled(bulk);
  return (
    <li className="flex h-10 items-center gap-3 px-5 max-md:px-4">
      <span className="min-w-0 truncate tabular-nums">{lineOf(bulk, waits)}</span>
      <span className="min-w-0 max-w-60 grow max-sm:hidden">
        {waits > 0 ? null : (
          <Meter
            label={words.progressOf(countExactly(done), countExactly(bulk.total))}
            parts={[{ id: "done", value: done, className: "bg-accent" }]}
            max={bulk.total}
          />
        )}
      </span>
      <span className="ml-auto flex shrink-0 items-center gap-1">
        <Link
          to="/bulk"
          search={{ id: bulk.id }}
          className="px-2 text-12 text-text-2 underline-offset-2 hover:text-text hover:underline max-sm:hidden"
        >
          {words.details}
        </Link>
        <Button size="s" refusal={refusal} busy={end.busy} onClick={() => void end.run(waits > 0)}>
          {waits > 0 ? words.undo : words.stop}
        </Button>
      </span>
    </li>
  );
}

function lineOf(bulk: Bulk, waits: number): string {
  if (waits > 0) {
    const many = bulk.collected ? countExactly(bulk.total) : null;
    return words.willDo(bulk.action, bulk.total, many, age(Math.ceil(waits / 1000)));
  }
  if (!bulk.collected && bulk.total === 0) return words.begins(bulk.action);
  if (!bulk.collected) return words.collecting(bulk.action, countExactly(bulk.total));
  return words.doing(bulk.action, countExactly(handled(bulk)), countExactly(bulk.total));
}

/** Ends an operation: takes it back, or stops it. What is taken back did nothing, so nobody is asked why. */
export function useEnd(bulk: Bulk) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: ({ undo, reason }: { undo: boolean; reason: string | null }) =>
      undo ? undoBulk(bulk.id) : stopBulk(bulk.id, reason),
    onSuccess: (now) => {
      client.setQueryData<BulkList>(keys.bulks(), (list) => withBulk(list, now));
      client.setQueryData(keys.bulk(now.id), now);
    },
    onError: (failure, { undo }) => {
      toast({ title: undo ? words.cannotUndo : words.cannotStop, detail: failure.message, tone: "danger" });
    },
  });
  const run = async (undo: boolean) => {
    const told = undo ? NOT_ASKED : await askReason({ title: words.stopTitle, verb: words.stopVerb, quiet: true });
    if (told) end.mutate({ undo, ...told });
  };
  return { run, busy: end.isPending };
}

/** Says what became of each operation that this page has seen in progress. */
function useEnds(bulks: readonly Bulk[]): void {
  const seen = useRef(new Set<string>());
  const client = useQueryClient();
  useEffect(() => {
    for (const bulk of bulks) {
      if (bulk.state !== "waiting") withdrawUndo(bulk.id);
      if (isLive(bulk)) seen.current.add(bulk.id);
      else if ([seen.current.delete(bulk.id), takeStarted(bulk.id)].some(Boolean)) {
        tell(bulk);
        void client.invalidateQueries({ queryKey: keys.stats() });
      }
    }
  }, [bulks, client]);
}

function tell(bulk: Bulk): void {
  const { action, done, failed, state, problem } = bulk;
  const many = countExactly(done);
  const left = failed > 0 ? words.leftSome(failed, countExactly(failed)) : undefined;
  if (state === "failed") toast({ title: words.failed, detail: problem ?? undefined, tone: "danger" });
  else if (state === "undone") toast({ title: words.undone, tone: "success" });
  else if (state === "stopped") toast({ title: words.stopped(done, many) });
  else toast({ title: words.ended(action, done, many), detail: left, tone: failed > 0 ? "neutral" : "success" });
}
