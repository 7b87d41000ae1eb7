import * as z from "zod/mini";
import { QUEUE_SORTS, type QueueSort } from "@/api/queues";
import { RANGES, type Range } from "@/lib/range";

const SORT = new RegExp(`^-?(${QUEUE_SORTS.join("|")})$`);
const text = z.catch(z.optional(z.string()), undefined);

/** What `/queues` keeps in its URL. */
export const queuesSearch = z.object({
  /** Part of a name. */
  q: text,
  /** A column; with a minus before it from high to low. */
  sort: z.catch(z.optional(z.string().check(z.regex(SORT))), undefined),
});

/** What `/queues/$name` keeps in its URL. */
export const queueSearch = z.object({ range: z.catch(z.optional(z.enum(RANGES)), undefined) });
export const DEFAULT_QUEUE_RANGE: Range = "1h";

export interface QueueOrder {
  by: QueueSort;
  descending: boolean;
}

export function orderOf(sort: string | undefined): QueueOrder {
  if (sort === undefined) return { by: "name", descending: false };
  const descending = sort.startsWith("-");
  return { by: (descending ? sort.slice(1) : sort) as QueueSort, descending };
}

/** What a press on the head of a column leads to: numbers from high to low first, names from A. */
export function nextSort(order: QueueOrder, by: QueueSort): string | undefined {
  const first = by !== "name";
  const descending = order.by === by ? !order.descending : first;
  if (by === "name" && !descending) return undefined;
  return descending ? `-${by}` : by;
}
