import type { Job } from "@/api/job";
import { formatJson } from "@/api/json";
import { bytes } from "@/lib/format";
import { indentJson, isEmptyJson } from "@/lib/raw-json";
import { job as words } from "@/lib/text/job";
import { Empty } from "@/ui/empty";
import { Json } from "@/ui/json";
import { Result } from "./result";
import { Section } from "./section";

/** All that the job carries, as text. */
export function Payload({ job }: { job: Job }) {
  const { args, meta } = job.raw;
  const progress = formatJson(job.progress);
  const nothing = [args, meta, progress, job.raw.result].every(isEmptyJson) && !job.result_error;
  if (nothing) return <Empty title={words.noPayload} />;
  return (
    <>
      <Part title={words.arguments} text={args} copyLabel={words.copyArguments} />
      <Result job={job} />
      <Part title={words.meta} text={meta} copyLabel={words.copyMeta} />
      <Part title={words.progress} text={progress} copyLabel={words.copyProgress} />
    </>
  );
}

function Part({ title, text, copyLabel }: { title: string; text: string; copyLabel: string }) {
  if (isEmptyJson(text)) return null;
  return (
    <Section title={title} aside={bytes(new Blob([text]).size)}>
      <Json text={indentJson(text)} copyLabel={copyLabel} />
    </Section>
  );
}
