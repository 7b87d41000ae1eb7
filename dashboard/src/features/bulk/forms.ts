import type { BulkOrder, BulkParams } from "@/api/bulks";
import { cliOf, curlOf, pythonText } from "@/lib/copy-as";

/** The same operation for a terminal and for a program. */
export function formsOf(order: BulkOrder, reason: string, rate: number | null, params: BulkParams | null = null) {
  const { action, q, ids } = order;
  const body = {
    action,
    ...(ids ? { ids } : { q }),
    ...(params ? { params } : {}),
    ...(reason ? { reason } : {}),
    ...(rate ? { rate } : {}),
  };
  const which = ids ? [...ids] : ["--filter", q];
  const { words, named: needed } = neededBy(params);
  const more = [...words, ...(reason ? ["--reason", reason] : []), ...(rate && !ids ? ["--rate", String(rate)] : [])];
  const why = reason ? [`reason=${pythonText(reason)}`] : [];
  const named = [...needed, ...why, ...(rate && !ids ? [`rate=${rate}`] : [])];
  return {
    curl: curlOf({ method: "POST", path: "/bulk", body: JSON.stringify(body) }),
    cli: cliOf("jobs", action, ...which, ...more),
    python: ids
      ? `for job in [${ids.map(pythonText).join(", ")}]: app.jobs.${action}(${["job", ...named].join(", ")})`
      : `app.jobs.${action}_matching(${[pythonText(q), ...named].join(", ")})`,
  };
}

/** What an operation needs beside its jobs, as words of a command and as arguments of a call. */
function neededBy(params: BulkParams | null): { words: string[]; named: string[] } {
  if (params === null) return { words: [], named: [] };
  if ("run_at" in params)
    return { words: ["--at", params.run_at], named: [`datetime.fromisoformat(${pythonText(params.run_at)})`] };
  const { queue, priority } = params;
  return {
    words: [
      ...(queue === undefined ? [] : ["--queue", queue]),
      ...(priority === undefined ? [] : ["--priority", String(priority)]),
    ],
    named: [
      ...(queue === undefined ? [] : [`queue=${pythonText(queue)}`]),
      ...(priority === undefined ? [] : [`priority=${priority}`]),
    ],
  };
}
