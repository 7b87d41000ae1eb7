import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Square } from "lucide-react";
import { type Run, type RunDetail, sharesOf, stopRun } from "@/api/playground";
import { keys } from "@/api/queries";
import { clockSeconds, count, duration, percent, rate } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/playground";
import { useZone } from "@/lib/zone";
import { askReason, type Told } from "@/ui/ask-reason";
import { Button, buttonClass } from "@/ui/button";
import { Chip } from "@/ui/chip";
import { Meter } from "@/ui/meter";
import { toast } from "@/ui/toast";
import { RunCharts } from "./run-charts";
import { RunNumbers } from "./run-numbers";

/** One stress test: what it was asked for, how far it is, its numbers and its course. */
export function RunView({ run, served }: { run: RunDetail; served: boolean }) {
  return (
    <>
      <Head run={run} served={served} />
      <RunNumbers run={run} />
      <RunCharts run={run} />
    </>
  );
}

function Head({ run, served }: { run: RunDetail; served: boolean }) {
  const zone = useZone();
  const stopped = run.stopped_by ? `, ${words.stoppedBy(run.stopped_by)}` : "";
  const waits = !served && run.state !== "ended";
  return (
    <section
      aria-label={words.runOf(clockSeconds(Date.parse(run.started_at), zone))}
      className="border-border border-b"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-5 py-2.5 max-md:px-4">
        <h2 className="font-medium">{words.runOf(clockSeconds(Date.parse(run.started_at), zone))}</h2>
        <Chip tone={run.state === "enqueuing" ? "accent" : "neutral"}>{words.states[run.state] + stopped}</Chip>
        <span className="text-text-2">{orderOf(run)}</span>
        <span className="ml-auto flex shrink-0 items-center gap-2 max-sm:ml-0">
          <Link to="/jobs" search={{ tag: run.tag }} className={buttonClass({ variant: "secondary" })}>
            {words.showJobs}
          </Link>
          {run.state === "enqueuing" ? <StopButton run={run} /> : null}
        </span>
      </div>
      <div className="px-5 pb-3 max-md:px-4">
        <Meter
          label={words.progress(count(run.enqueued), count(run.asked))}
          max={run.asked}
          className="h-1"
          parts={[{ id: "enqueued", value: run.enqueued, className: "bg-accent" }]}
        />
      </div>
      {waits ? <Note text={words.unserved} /> : null}
      {run.problem ? <Note text={words.problem(run.problem)} /> : null}
    </section>
  );
}

function Note({ text }: { text: string }) {
  return (
    <p role="status" className="border-border border-t px-5 py-2 text-12 text-danger max-md:px-4">
      {text}
    </p>
  );
}

/** "20/s for 30 s, 2 % fail, 60 % quick, 20 % slow, 20 % cpu". */
export function orderOf(run: Run): string {
  const order = [words.order(rate(run.rate), duration(run.seconds))];
  if (run.fail > 0) order.push(words.failing(percent(run.fail)));
  const parts = sharesOf(run.mix).map(({ kind, share }) => words.part(percent(share), words.kind[kind]));
  return words.mixOf([...order, ...parts]);
}

function StopButton({ run }: { run: Run }) {
  const client = useQueryClient();
  const refusal = useRefusal("jobs:write");
  const stop = useMutation({
    mutationFn: ({ reason }: Told) => stopRun(run.id, reason),
    onSuccess: async ({ enqueued }) => {
      toast({ title: words.stopped(enqueued, count(enqueued)) });
      await client.invalidateQueries({ queryKey: keys.playground() });
    },
    onError: (error) => toast({ title: words.notStopped, detail: error.message, tone: "danger" }),
  });
  return (
    <Button
      icon={<Square aria-hidden size={12} />}
      refusal={refusal}
      busy={stop.isPending}
      onClick={async () => {
        const told = await askReason({ title: words.stopTitle, verb: words.stop, quiet: true });
        if (told) stop.mutate(told);
      }}
    >
      {words.stop}
    </Button>
  );
}
