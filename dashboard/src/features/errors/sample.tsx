import { Link } from "@tanstack/react-router";
import type { ErrorDetail } from "@/api/types";
import { shortId } from "@/lib/id";
import { isState } from "@/lib/state";
import { words } from "@/lib/text/errors";
import { visible } from "@/lib/visible";
import { StateLabel } from "@/ui/state-label";
import { Time } from "@/ui/time";
import { Traceback } from "@/ui/traceback";

/** One of its failures, with the whole traceback. */
export function Sample({ group }: { group: ErrorDetail }) {
  const { sample } = group;
  if (!sample) return <p className="text-text-3">{words.noSample}</p>;
  const { error } = sample;
  return (
    <>
      <p className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 text-12 text-text-2">
        {isState(sample.state) ? <StateLabel state={sample.state} /> : null}
        <Link
          to="/jobs/$id"
          params={{ id: sample.job_id }}
          className="font-mono hover:underline"
          title={sample.job_id}
          aria-label={words.openJob(shortId(sample.job_id))}
        >
          {shortId(sample.job_id)}
        </Link>
        <Time at={sample.finished_at} />
        {sample.host ? <span className="truncate text-text-3">{sample.host}</span> : null}
      </p>
      {error ? (
        <Traceback
          type={visible(error.type)}
          message={visible(error.message)}
          traceback={visible(error.traceback)}
          note={words.sampleOf(sample.attempt)}
          copyLabel={words.copyTraceback}
        />
      ) : (
        <Traceback type={words.lostType} message={words.lost} note={words.sampleOf(sample.attempt)} />
      )}
    </>
  );
}
