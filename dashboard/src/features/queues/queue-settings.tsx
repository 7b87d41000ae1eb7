import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { tasksQuery } from "@/api/queries";
import type { Queue } from "@/api/queues";
import { duration } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { STATE_WORD } from "@/lib/text/states";
import { type Fact, Facts } from "@/ui/facts";
import { Section } from "@/ui/section";

const ENDED = ["completed", "cancelled", "dead"] as const;

/** How long ended jobs of the queue are kept, and the tasks whose jobs come here unless they say otherwise. */
export function QueueSettings({ queue }: { queue: Queue }) {
  const { data: tasks } = useQuery(tasksQuery());
  const own = (tasks?.items ?? []).filter((one) => one.options?.queue === queue.name).map((one) => one.name);
  const kept: Fact[] = ENDED.map((state) => ({
    label: words.kept(STATE_WORD[state]),
    value: keptFor(queue.retention, state),
  }));
  return (
    <Section title={words.settings}>
      <div className="border-border border-t px-5 py-4 max-md:px-4">
        <Facts facts={kept} />
        <h3 className="mt-5 mb-1.5 text-12 text-text-3">{words.tasksOf}</h3>
        {own.length > 0 ? (
          <ul className="flex flex-wrap gap-x-4 gap-y-1">
            {own.map((task) => (
              <li key={task}>
                <Link to="/jobs" search={{ queue: queue.name, task }} className="hover:underline">
                  {task}
                </Link>
              </li>
            ))}
          </ul>
        ) : (
          <p className="text-text-3">{words.noTasks}</p>
        )}
      </div>
    </Section>
  );
}

function keptFor(retention: Queue["retention"], state: string): string {
  if (!(state in retention)) return words.keptDefault;
  const seconds = retention[state];
  return seconds === null || seconds === undefined ? words.keptAlways : duration(seconds);
}
