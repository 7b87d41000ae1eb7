import { useQuery } from "@tanstack/react-query";
import { formatJson } from "@/api/json";
import { taskQuery } from "@/api/queries";
import { words } from "@/lib/text/enqueue";
import { Time } from "@/ui/time";

interface Props {
  task: string;
  schema: unknown;
  onUse: (args: unknown, text: string) => void;
}

/** Arguments to begin with: examples that the task declares, and what its newest jobs had. */
export function Beginnings({ task, schema, onUse }: Props) {
  const { data } = useQuery(taskQuery(task));
  const declared = (schema as { examples?: unknown } | null | undefined)?.examples;
  const texts = new Set<string>();
  const offered = [
    ...(Array.isArray(declared) ? declared : []).map((args, n) => ({ id: `example ${n}`, args, at: null })),
    ...(data?.recent ?? []).map((job) => ({ id: job.id, args: job.args, at: job.created_at })),
  ]
    .map((one) => ({ ...one, text: formatJson(one.args) ?? "{}" }))
    // Jobs of a loop have the same arguments: they are one choice.
    .filter(({ text }) => !texts.has(text) && texts.add(text));
  if (offered.length === 0) return null;
  return (
    <section>
      <h3 className="pb-1.5 font-medium text-12 text-text-2">{words.beginnings}</h3>
      <ul className="divide-y divide-border rounded-m border border-border">
        {offered.map(({ id, args, at, text }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onUse(args, text)}
              className="flex h-8 w-full items-center gap-3 px-3 text-left hover:bg-hover"
            >
              <span className="min-w-0 grow truncate font-mono text-12">{text}</span>
              <span className="shrink-0 text-12 text-text-3">{at === null ? words.example : <Time at={at} />}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
