import { Link } from "@tanstack/react-router";
import type { Job } from "@/api/job";
import { job as words } from "@/lib/text/job";
import { visible } from "@/lib/visible";
import { Traceback } from "@/ui/traceback";

/** The error of the last attempt that failed; nothing for a job that completed after it. */
export function JobError({ job }: { job: Job }) {
  const { error } = job;
  if (!error || job.state === "completed") return null;
  const failed = job.attempts.findLast((attempt) => attempt.error !== null);
  return (
    <Traceback
      type={visible(error.type)}
      message={visible(error.message)}
      traceback={visible(error.traceback)}
      note={
        <>
          {job.fingerprint ? (
            <>
              <Link
                to="/errors/$fingerprint"
                params={{ fingerprint: job.fingerprint }}
                className="underline hover:text-text"
              >
                {words.allAlike}
              </Link>
              {" · "}
            </>
          ) : null}
          {words.errorOf(failed?.attempt ?? job.attempt, job.max_attempts)}
        </>
      }
      copyLabel={words.copyTraceback}
    />
  );
}
