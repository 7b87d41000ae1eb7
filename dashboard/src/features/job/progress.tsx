import type { Job } from "@/api/job";
import { formatJson } from "@/api/json";
import { percent } from "@/lib/format";
import { job as words } from "@/lib/text/job";
import { visible } from "@/lib/visible";
import { Json } from "@/ui/json";
import { Meter } from "@/ui/meter";
import { Section } from "./section";

/** What the handler said last of how far it is: a share, a share with words, or an object of its own. */
export function Progress({ job }: { job: Job }) {
  const { progress } = job;
  if (progress === null || progress === undefined) return null;
  const share = shareOf(progress);
  if (share === null) {
    return (
      <Section title={words.progress}>
        <Json text={formatJson(progress, 2)} copyLabel={words.copyProgress} />
      </Section>
    );
  }
  return (
    <Section title={words.progress} aside={<span className="font-medium text-text">{percent(share)}</span>}>
      <Meter
        label={words.percentDone(percent(share))}
        max={1}
        parts={[{ id: "done", value: share, className: "bg-running" }]}
      />
      <ProgressText progress={progress} />
    </Section>
  );
}

function ProgressText({ progress }: { progress: Job["progress"] }) {
  const text = typeof progress === "object" && typeof progress?.text === "string" ? progress.text : "";
  return text ? <p className="mt-1.5 break-words text-12 text-text-2">{visible(text)}</p> : null;
}

function shareOf(progress: Job["progress"]): number | null {
  const value = typeof progress === "object" ? progress?.value : progress;
  return typeof value === "number" && value >= 0 && value <= 1 ? value : null;
}
