import { compactId } from "@/lib/id";

/** What the pages of one browser and their hub tell each other, and what one tab wants to be told. */

/** What is followed. A field that is left out or empty is not. */
export interface Wishes {
  stats?: boolean;
  queues?: boolean;
  workers?: boolean;
  /** The newest operations on many jobs. */
  bulk?: boolean;
  /** Jobs whose rows are on the screen. */
  ids?: readonly string[];
  /** Filters of lists, as query strings with `top`. */
  pages?: readonly string[];
  /** Jobs whose own pages are open. */
  jobs?: readonly string[];
}

/** The server takes no more of each. */
export const MOST: Most = { ids: 120, pages: 4, jobs: 4 };

interface Most {
  ids: number;
  pages: number;
  jobs: number;
}

const NO_LIMIT: Most = {
  ids: Number.POSITIVE_INFINITY,
  pages: Number.POSITIVE_INFINITY,
  jobs: Number.POSITIVE_INFINITY,
};

export type ToHub =
  | { type: "wish"; api: string; wishes: Wishes }
  | { type: "reconnect" }
  | { type: "pong" }
  | { type: "bye" };

/** Names of events of the feed that pages are told of; `data` is JSON as the server sent it. */
export const EVENTS = ["hello", "stats", "queues", "workers", "bulk", "jobs", "page", "job", "resync"] as const;
export type EventName = (typeof EVENTS)[number];

export type FromHub =
  /** `age`: milliseconds since the server sent it, where that is not at once. */
  | { type: "event"; name: EventName; data: string; age?: number }
  | { type: "state"; state: ConnectionState }
  /** What of the wishes is beyond the server's limits, and so is not told: whoever wished it must ask for it. */
  | { type: "cut"; cut: Cut }
  | { type: "signed-out" }
  | { type: "ping" };

/** What the feed does not tell, though it is wished. */
export type Cut = Required<Pick<Wishes, "ids" | "pages" | "jobs">>;
export const NO_CUT: Cut = { ids: [], pages: [], jobs: [] };

/** `idle`: nobody wishes anything. `failed`: no connection since a time, in milliseconds of this browser's clock. */
export type ConnectionState = { is: "idle" } | { is: "open" } | { is: "failed"; since: number };

/** One side of a conversation: a port of a worker, or the hub in the page itself. */
export interface Port {
  send(message: FromHub): void;
}

function merged(lists: readonly (readonly string[] | undefined)[], most: number): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))].slice(0, most).sort();
}

/**
 * What several want together, in a fixed order, so that equal wishes are equal.
 *
 * @param most how many of each at most: those who wished first come first
 */
export function unite(all: readonly Wishes[], most: Most = NO_LIMIT): Wishes {
  const united: Wishes = {
    stats: all.some((one) => one.stats === true),
    queues: all.some((one) => one.queues === true),
    workers: all.some((one) => one.workers === true),
    bulk: all.some((one) => one.bulk === true),
  };
  const ids = merged(
    all.map((one) => one.ids),
    most.ids,
  );
  const pages = merged(
    all.map((one) => one.pages),
    most.pages,
  );
  const jobs = merged(
    all.map((one) => one.jobs),
    most.jobs,
  );
  return { ...united, ids, pages, jobs };
}

export function isNothing(wishes: Wishes): boolean {
  const { stats, queues, workers, bulk, ids = [], pages = [], jobs = [] } = wishes;
  return !stats && !queues && !workers && !bulk && ids.length + pages.length + jobs.length === 0;
}

/** What of the wishes of one a stream for `told` leaves out. */
export function cutOf(wishes: Wishes, told: Wishes): Cut {
  const without = (all: readonly string[] = [], some: readonly string[] = []) => {
    const held = new Set(some);
    return all.filter((one) => !held.has(one));
  };
  return {
    ids: without(wishes.ids, told.ids),
    pages: without(wishes.pages, told.pages),
    jobs: without(wishes.jobs, told.jobs),
  };
}

/** Whether the feed tells all that is wished, though something is cut. */
export function isToldDespite(cut: Cut, { ids = [], pages = [], jobs = [] }: Wishes): boolean {
  return (
    !ids.some((one) => cut.ids.includes(one)) &&
    !pages.some((one) => cut.pages.includes(one)) &&
    !jobs.some((one) => cut.jobs.includes(one))
  );
}

/** Whether somebody begins to follow rows, lists or jobs of which it has heard nothing so far. */
export function beginsToFollow(before: Wishes, now: Wishes): boolean {
  return (["ids", "pages", "jobs"] as const).some((kind) => !before[kind]?.length && (now[kind]?.length ?? 0) > 0);
}

/** Whether a stream that was opened for `open` tells everything that `wanted` asks for. */
export function covers(open: Wishes, wanted: Wishes): boolean {
  const within = (more: readonly string[] = [], fewer: readonly string[] = []) =>
    fewer.every((one) => more.includes(one));
  return (
    (open.stats || !wanted.stats) === true &&
    (open.queues || !wanted.queues) === true &&
    (open.workers || !wanted.workers) === true &&
    (open.bulk || !wanted.bulk) === true &&
    within(open.ids, wanted.ids) &&
    within(open.pages, wanted.pages) &&
    within(open.jobs, wanted.jobs)
  );
}

/** The address of the stream that tells this. */
export function feedUrl(api: string, wishes: Wishes): string {
  const query = new URLSearchParams();
  for (const name of ["stats", "queues", "workers", "bulk"] as const) if (wishes[name]) query.set(name, "1");
  if (wishes.ids?.length) query.set("ids", wishes.ids.map(compactId).join(","));
  for (const page of wishes.pages ?? []) query.append("page", page);
  if (wishes.jobs?.length) query.set("job", wishes.jobs.map(compactId).join(","));
  return `${api}/events?${query}`;
}
