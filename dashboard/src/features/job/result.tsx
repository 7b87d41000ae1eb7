import type { Job } from "@/api/job";
import { indentJson } from "@/lib/raw-json";
import { job as words } from "@/lib/text/job";
import { Json } from "@/ui/json";
import { Section } from "./section";

/** What a completed job returned, and whether all of it was kept. */
export function Result({ job }: { job: Job }) {
  const { result } = job.raw;
  const note = job.result_error ? words.resultLost(job.result_error) : job.result_truncated ? words.resultCut : null;
  if (job.state !== "completed" && result === "null" && note === null) return null;
  return (
    <Section title={words.result}>
      {note ? <p className="mb-2 text-text-2">{note}</p> : null}
      {result === "null" ? (
        note ? null : (
          <p className="text-text-3">{words.noResult}</p>
        )
      ) : (
        <Json text={indentJson(result)} copyLabel={words.copyResult} />
      )}
    </Section>
  );
}
