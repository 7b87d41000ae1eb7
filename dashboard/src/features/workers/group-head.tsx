import { Link } from "@tanstack/react-router";
import type { WorkerGroup } from "@/api/workers";
import { count } from "@/lib/format";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/workers";

/** The row above the workers of one supervisor. */
export function GroupHead({ group }: { group: WorkerGroup }) {
  return (
    <span className="flex min-w-0 grow items-center gap-3 text-12 text-text-3">
      <Link
        to="/charts"
        search={{ by: "node", name: group.host }}
        title={words.chartsOf(group.host)}
        className="truncate font-medium text-13 text-text hover:underline"
      >
        {group.host}
      </Link>
      <span className="truncate max-sm:hidden">{words.supervisor(shortId(group.supervisor))}</span>
      {group.releases.length > 0 ? (
        <span className="truncate text-text-2 max-sm:hidden">{words.release(group.releases)}</span>
      ) : null}
      <span className="truncate max-md:hidden">{words.version(group.versions)}</span>
      <span className="ml-auto shrink-0">
        {group.slots > 0 ? words.groupBusy(count(group.busy), count(group.slots)) : words.count(group.workers.length)}
      </span>
    </span>
  );
}
