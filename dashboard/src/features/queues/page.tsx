import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type Queue, type QueueSort, sortQueues, sparksOf } from "@/api/queues";
import { count } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/queues";
import { shell } from "@/lib/text/shell";
import { useQueues, useSeries } from "@/live/fresh";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { FilterInput } from "@/ui/filter-input";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Table } from "@/ui/table";
import { columnsOf } from "./columns";
import { PauseDialog } from "./pause-dialog";
import { nextSort, orderOf } from "./search";
import { useQueueActs } from "./use-queue-acts";

export const route = createLazyRoute("/queues")({ component: QueuesPage });

function QueuesPage() {
  const { q = "", sort } = route.useSearch();
  const navigate = useNavigate({ from: "/queues" });
  const query = useQueues();
  return (
    <Page
      title={shell.queues}
      live
      flush
      toolbar={
        <div className="flex shrink-0 items-center gap-4 px-5 py-3 max-md:px-4">
          <FilterInput
            label={words.filter}
            placeholder={words.filterPlaceholder}
            value={q}
            onChange={(text) => navigate({ search: (old) => ({ ...old, q: text || undefined }), replace: true })}
          />
          <Summary queues={query.data} />
        </div>
      }
    >
      <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={8} />}>
        {(queues) => (
          <Queues
            queues={queues}
            text={q}
            sort={sort}
            onSort={(next) => navigate({ search: (old) => ({ ...old, sort: next }), replace: true })}
            onClear={() => navigate({ search: (old) => ({ ...old, q: undefined }), replace: true })}
          />
        )}
      </Region>
    </Page>
  );
}

function Summary({ queues }: { queues: readonly Queue[] | undefined }) {
  const paused = queues?.filter((queue) => queue.paused).length ?? 0;
  return (
    <p className="shrink-0 text-12 text-text-3 max-sm:hidden">
      {queues ? words.summary(queues.length, count(queues.length)) : null}
      {paused > 0 ? <span className="ml-3">{words.summaryPaused(paused)}</span> : null}
    </p>
  );
}

interface Props {
  queues: readonly Queue[];
  text: string;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onClear: () => void;
}

function Queues({ queues, text, sort, onSort, onClear }: Props) {
  const navigate = useNavigate();
  const sparks = useSeries("1h", "queue", "sparks");
  const values = useMemo(() => sparksOf(sparks.data), [sparks.data]);
  const refusal = useRefusal("queues:write");
  const acts = useQueueActs();
  const [pausing, setPausing] = useState<Queue | null>(null);
  const [active, setActive] = useState<string | null>(null);
  const order = orderOf(sort);
  const wanted = text.trim().toLowerCase();
  const rows = useMemo(
    () =>
      sortQueues(
        queues.filter((queue) => queue.name.toLowerCase().includes(wanted)),
        order.by,
        order.descending,
      ),
    [queues, wanted, order.by, order.descending],
  );
  if (queues.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
  if (rows.length === 0) {
    return <Empty title={words.noMatch(text)} actions={<Button onClick={onClear}>{words.clear}</Button>} />;
  }
  return (
    <>
      <Table
        label={words.list}
        rows={rows}
        getId={(queue) => queue.name}
        getName={(queue) => queue.name}
        columns={columnsOf({
          sparks: values,
          deepest: Math.max(...queues.map(({ live }) => live)),
          refusal,
          busy: acts.resuming,
          onPause: setPausing,
          onResume: (queue) => void acts.resume(queue),
        })}
        sort={{ id: order.by, descending: order.descending }}
        onSort={(id) => onSort(nextSort(order, id as QueueSort))}
        active={active}
        onActive={setActive}
        onOpen={(name) => void navigate({ to: "/queues/$name", params: { name } })}
        pageKeys
      />
      {pausing ? <PauseDialog queue={pausing} onClose={() => setPausing(null)} onDone={acts.paused} /> : null}
    </>
  );
}
