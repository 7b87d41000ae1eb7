import type { ProfileAnswer } from "@/api/inspections";
import { count, duration, percent } from "@/lib/format";
import { inspect as words } from "@/lib/text/inspect";
import { CopyButton } from "@/ui/copy-button";
import { collapsedOf } from "./flame";
import { FlameGraph } from "./flame-graph";

/** Where the time of a job went, and how it was looked at. */
export function Profile({ profile }: { profile: ProfileAnswer }) {
  const waiting = profile.paths.reduce((sum, path) => sum + (path.waits ? path.samples : 0), 0);
  const parts = [
    words.samples(count(profile.samples), duration(profile.seconds), duration(profile.interval_ms / 1000)),
    words.waiting_share(percent(waiting / Math.max(profile.samples, 1))),
    words.overhead(percent(profile.overhead)),
    ...(profile.ended ? [words.endedEarly] : []),
    ...(profile.left_out > 0 ? [words.moreCalls(count(profile.left_out))] : []),
  ];
  if (profile.paths.length === 0) return <p className="text-12 text-text-2">{words.nothingSeen}</p>;
  return (
    <>
      <FlameGraph key={`${profile.pid}${profile.samples}${profile.seconds}`} profile={profile} />
      <p className="flex items-center gap-1 text-12 text-text-3">
        <span className="min-w-0 break-words">{parts.join(" · ")}</span>
        <CopyButton text={() => collapsedOf(profile)} label={words.copyProfile} />
      </p>
    </>
  );
}
