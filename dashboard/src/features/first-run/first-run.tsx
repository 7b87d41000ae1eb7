import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight } from "lucide-react";
import { tasksQuery } from "@/api/queries";
import { useAction } from "@/lib/actions";
import { boot } from "@/lib/boot";
import { shortId } from "@/lib/id";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/first-run";
import { shell } from "@/lib/text/shell";
import { useWorkers } from "@/live/fresh";
import { useInterval } from "@/live/interval";
import { Button, buttonClass } from "@/ui/button";
import { Code } from "@/ui/code";
import { Page } from "@/ui/page";
import { Step } from "./step";

const NAMED = 3;

function EnqueueFirst({ ready }: { ready: boolean }) {
  const enqueue = useAction("enqueue");
  const refusal = useRefusal("jobs:write");
  const variant = ready ? "primary" : "secondary";
  if (!enqueue) {
    return (
      <Link to="/jobs" className={buttonClass({ variant })}>
        {words.enqueue}
        <ArrowRight aria-hidden size={15} />
      </Link>
    );
  }
  return (
    <Button variant={variant} refusal={refusal} onClick={() => enqueue()}>
      {words.enqueue}
      <ArrowRight aria-hidden size={15} />
    </Button>
  );
}

/** What to do where no job has ever been: each step turns green as it happens. */
export function FirstRun() {
  const { data: workers } = useWorkers();
  const { data: tasks } = useQuery({ ...tasksQuery(), refetchInterval: useInterval(2, 10) });
  const names = (tasks?.items ?? []).map((task) => task.name);
  const worker = workers?.find((one) => one.state === "living" && one.info.isolated !== true);
  const ready = worker !== undefined && names.length > 0;
  return (
    <Page title={shell.overview} live>
      <div className="mx-auto max-w-160 py-6 max-md:py-2">
        <h2 className="font-semibold text-20">{words.title}</h2>
        <p className="mt-1.5 mb-8 text-text-2">{words.lead}</p>
        <ol aria-label={words.title} aria-live="polite">
          <Step
            number={1}
            title={words.install}
            hint={words.installHint}
            code={words.installCode}
            done
            status={words.installed(boot.version)}
          />
          <Step
            number={2}
            title={words.task}
            hint={words.taskHint}
            code={words.taskCode}
            done={names.length > 0}
            status={
              names.length > 0 ? words.tasks(names.slice(0, NAMED), Math.max(0, names.length - NAMED)) : words.taskWaits
            }
          />
          <Step
            number={3}
            title={words.worker}
            hint={words.workerHint(boot.store)}
            code={words.workerCode}
            done={worker !== undefined}
            status={worker ? words.workerLives(shortId(worker.id), worker.host, worker.slots) : words.workerWaits}
            last
          />
        </ol>
        <section aria-label={words.enqueue} className="mt-4 ml-11 border-border border-t pt-6">
          <EnqueueFirst ready={ready} />
          <p className="mt-4 mb-2.5 text-text-2">{words.enqueueHint}</p>
          <Code text={words.enqueueCode} copyLabel={words.copyOf(words.enqueue)} />
        </section>
      </div>
    </Page>
  );
}
