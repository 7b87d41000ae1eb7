import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createLazyRoute, useSearch } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { useEffect } from "react";
import { type Run, type RunList, runQuery, runsQuery } from "@/api/playground";
import { keys } from "@/api/queries";
import { boot } from "@/lib/boot";
import { words } from "@/lib/text/playground";
import { shell } from "@/lib/text/shell";
import { useInterval } from "@/live/interval";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { OrderForm } from "./order-form";
import { RunChartsSkeleton } from "./run-charts";
import { RunNumbersSkeleton } from "./run-numbers";
import { History, RunWorkers } from "./run-tables";
import { RunView } from "./run-view";

export const route = createLazyRoute("/playground")({ component: PlaygroundPage });

/** A test in progress is asked for once a second; the list, where somebody else may start one, less often. */
const RUN_S = 1;
const RUNS_S = 5;

/** Stress tests: order one, watch it, and see those before it. */
function PlaygroundPage() {
  return (
    <Page title={shell.playground} live flush>
      {boot.features.playground === true ? <Playground /> : <Empty title={words.off} hint={words.offHint} />}
    </Page>
  );
}

function Playground() {
  const query = useQuery({ ...runsQuery(), refetchInterval: useInterval(RUNS_S, RUNS_S) });
  const enqueues = query.data?.items[0]?.state === "enqueuing";
  return (
    <>
      <OrderForm busy={enqueues} />
      <Region query={query} what={words.what} skeleton={<RunSkeleton />}>
        {(list) => <Runs list={list} />}
      </Region>
    </>
  );
}

function RunSkeleton() {
  return (
    <>
      <div className="h-[68px] border-border border-b" />
      <RunNumbersSkeleton />
      <RunChartsSkeleton />
    </>
  );
}

function Runs({ list }: { list: RunList }) {
  const { run: wanted } = useSearch({ from: "/playground" });
  const shown = list.items.find((one) => one.id === wanted) ?? list.items[0];
  if (!shown) {
    return <Empty icon={<FlaskConical aria-hidden size={22} />} title={words.none} hint={words.noneHint} />;
  }
  return <Shown key={shown.id} shown={shown} list={list} />;
}

function Shown({ shown, list }: { shown: Run; list: RunList }) {
  const often = useInterval(RUN_S, RUN_S);
  const query = useQuery({
    ...runQuery(shown.id),
    // A test that has ended does not change, and an answer may be newer than the list.
    refetchInterval: ({ state }) => ((state.data ?? shown).state === "ended" ? false : often),
  });
  const now = query.data;
  const client = useQueryClient();
  const changed = now !== undefined && now.state !== shown.state;
  useEffect(() => {
    // The form waits for the end of this test, and the list is asked for less often.
    if (changed) void client.invalidateQueries({ queryKey: keys.playground(), exact: true });
  }, [changed, client]);
  const runs = now ? list.items.map((one) => (one.id === now.id ? now : one)) : list.items;
  return (
    <Region query={query} what={words.oneWhat} skeleton={<RunSkeleton />}>
      {(run) => (
        <>
          <RunView run={run} served={list.served} />
          <div className="grid gap-px bg-border lg:grid-cols-2">
            <RunWorkers run={run} />
            <History runs={runs} shown={run.id} />
          </div>
        </>
      )}
    </Region>
  );
}
