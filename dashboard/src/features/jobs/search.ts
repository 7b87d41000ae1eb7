import * as z from "zod/mini";
import type { JobsQuery } from "@/api/types";
import { parseFilter } from "@/filter/parse";
import { writeFilter } from "@/filter/write";
import { isState, type JobState } from "@/lib/state";
import { readColumns, writeColumns } from "./choices";
import { FIELD_KEYS, isUuid, type Term, termsOfText } from "./grammar";
import { type Bounds, formatRange, parseRange } from "./range";

const text = z.catch(z.optional(z.string().check(z.maxLength(500))), undefined);
const uuid = z.catch(z.optional(z.string().check(z.refine(isUuid))), undefined);
const states = z.pipe(
  z.string(),
  z.transform((value) => value.split(",").filter(isState).join(",") || undefined),
);

// As it is written by us, so that equal filters are one list. What is no filter is none.
const filter = z.pipe(
  z.string(),
  z.transform((value) => writeFilter(parseFilter(value).terms) || undefined),
);

const columns = z.pipe(
  z.string(),
  z.transform((value) => {
    const found = readColumns(value);
    return found && writeColumns(found);
  }),
);

/** What `/jobs` keeps in its URL. A value that is not valid is dropped: an old link still opens. */
export const jobsSearch = z.object({
  /** One state, or several with commas. */
  state: z.catch(z.optional(states), undefined),
  sort: z.catch(z.optional(z.enum(["oldest"])), undefined),
  queue: text,
  task: text,
  tag: text,
  worker: uuid,
  /** Further terms of the filter, as text: `-task:send_* args.user.id:42`. */
  q: z.catch(z.optional(filter), undefined),
  range: z.catch(
    z.optional(
      z.pipe(
        z.string(),
        z.transform((value) => formatRange(parseRange(value))),
      ),
    ),
    undefined,
  ),
  /** Columns that a view, or a link to it, has set; otherwise they are those of the browser. */
  columns: z.catch(z.optional(columns), undefined),
  /** The view that was opened: what differs from it can be saved. */
  view: text,
  /** The job in the drawer. */
  job: uuid,
  /** The tab of the drawer, and which lines of the log are shown in it. */
  tab: text,
  log: z.catch(z.optional(z.string().check(z.maxLength(600))), undefined),
});

export type JobsSearch = z.infer<typeof jobsSearch>;

export function statesOf(search: JobsSearch): JobState[] {
  return (search.state?.split(",") ?? []).filter(isState);
}

/** The filters that stand as chips: a single state is said by its tab. */
export function termsOf(search: JobsSearch): Term[] {
  const shown = FIELD_KEYS.filter((key) => key !== "state" || statesOf(search).length > 1);
  const fields = shown.flatMap((key) => (search[key] ? [{ key, value: search[key] }] : []));
  return [...fields, ...termsOfText(search.q)];
}

const FINAL = ["completed", "cancelled", "dead"];

/** Whether the range is about the end of jobs: only ended ones are asked for. */
export function rangeIsOfEnd(search: JobsSearch): boolean {
  const chosen = statesOf(search);
  return chosen.length > 0 && chosen.every((state) => FINAL.includes(state));
}

/** The question to the API. */
export function jobsQueryOf(search: JobsSearch, { from, to }: Bounds): JobsQuery {
  const { state, sort, queue, task, tag, worker, q } = search;
  const query: JobsQuery = {};
  if (state) query.state = state;
  if (queue) query.queue = queue;
  if (task) query.task = task;
  if (tag) query.tag = tag;
  if (worker) query.worker = worker;
  if (q) query.q = q;
  if (sort) query.sort = sort;
  const after = from === null ? undefined : new Date(from).toISOString();
  const before = to === null ? undefined : new Date(to).toISOString();
  const ended = rangeIsOfEnd(search);
  if (after) query[ended ? "finished_after" : "created_after"] = after;
  if (before) query[ended ? "finished_before" : "created_before"] = before;
  return query;
}
