import type { BulkOrder } from "@/api/bulks";
import { cliOf, curlOf, pythonText } from "@/lib/copy-as";

/** The same operation for a terminal and for a program. */
export function formsOf(order: BulkOrder, reason: string, rate: number | null, runAt: string | null = null) {
  const { action, q, ids } = order;
  const body = {
    action,
    ...(ids ? { ids } : { q }),
    ...(runAt ? { params: { run_at: runAt } } : {}),
    ...(reason ? { reason } : {}),
    ...(rate ? { rate } : {}),
  };
  const which = ids ? [...ids] : ["--filter", q];
  const more = [
    ...(runAt ? ["--at", runAt] : []),
    ...(reason ? ["--reason", reason] : []),
    ...(rate && !ids ? ["--rate", String(rate)] : []),
  ];
  const time = runAt ? [`datetime.fromisoformat(${pythonText(runAt)})`] : [];
  const why = reason ? [`reason=${pythonText(reason)}`] : [];
  const named = [...time, ...why, ...(rate && !ids ? [`rate=${rate}`] : [])];
  return {
    curl: curlOf({ method: "POST", path: "/bulk", body: JSON.stringify(body) }),
    cli: cliOf("jobs", action, ...which, ...more),
    python: ids
      ? `for job in [${ids.map(pythonText).join(", ")}]: app.jobs.${action}(${["job", ...named].join(", ")})`
      : `app.jobs.${action}_matching(${[pythonText(q), ...named].join(", ")})`,
  };
}
