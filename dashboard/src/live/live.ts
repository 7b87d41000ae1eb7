import type { QueryClient } from "@tanstack/react-query";
import { startTransition, useEffect, useRef } from "react";
import { parseJson } from "@/api/json";
import { keys } from "@/api/queries";
import { boot } from "@/lib/boot";
import { setServerTime } from "@/lib/clock";
import { endSession } from "@/lib/session";
import { type Connection, connect } from "./connection";
import { type FromHub, isNothing, isToldDespite, unite, type Wishes } from "./messages";
import { isInspectionEvent, tellInspections } from "./patch-inspection";
import { isLogEvent, patchLog } from "./patch-log";
import { type Moved, patchJob, patchLists } from "./patches";
import { setCut, setLiveControls, setLiveStatus, tellVersion, useCut } from "./status";

/** What a list begins with that its reader does not hold: event `page` of the feed. */
export interface PageNews {
  page: string;
  new: string[];
  exact: boolean;
}

/** What a component wants to hear of, beside what is put into the cache. */
export interface Listener {
  onPage?(news: PageNews): void;
  /** Too much has changed to tell: ask again. */
  onResync?(): void;
}

/** The page is drawn anew at most four times a second. */
const FLUSH_MS = 250;
const WISH_MS = 50;
/** As long as this an interruption is no more than a badge. */
const PATIENCE_MS = 3_000;
export const POLL_S = 5;

/** Events that replace what the cache holds under a key. */
const KEY_OF = { stats: keys.stats, queues: keys.queues, workers: keys.workers, bulk: keys.bulks } as const;
type Value = keyof typeof KEY_OF;

function isValue(name: string): name is Value {
  return Object.hasOwn(KEY_OF, name);
}

interface Watcher {
  wishes: Wishes;
  listener: Listener;
}

/** The live feed of one tab: what its components watch goes to the hub, and what comes goes into the query cache. */
export class Live {
  private readonly watchers = new Set<Watcher>();
  private readonly moved = new Map<string, Moved>();
  private readonly values = new Map<Value, { text: string; heardAt: number }>();
  private connection: Connection | null = null;
  private sent = "";
  private isWishing = false;
  private paused = false;
  private lastAt = Date.now();
  private wishTimer: ReturnType<typeof setTimeout> | undefined;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private patienceTimer: ReturnType<typeof setTimeout> | undefined;
  private flushedAt = 0;

  constructor(
    private readonly client: QueryClient,
    private readonly reach: typeof connect = connect,
  ) {
    setLiveControls({
      pause: () => this.setPaused(true),
      resume: () => this.setPaused(false),
      reconnect: () => this.connection?.say({ type: "reconnect" }),
    });
    document.addEventListener("visibilitychange", () => this.wish());
    addEventListener("pagehide", () => this.connection?.say({ type: "bye" }));
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      this.sent = "";
      this.wish();
    });
  }

  watch(wishes: Wishes, listener: Listener): () => void {
    const watcher = { wishes, listener };
    this.watchers.add(watcher);
    this.wish();
    return () => {
      this.watchers.delete(watcher);
      this.wish();
    };
  }

  private setPaused(paused: boolean): void {
    this.paused = paused;
    if (paused) setLiveStatus({ mode: "paused" });
    else {
      setLiveStatus({ mode: "reconnecting", since: Date.now() });
      this.sent = ""; // the answer to a wish says how the feed is, even if the pause was so short that none was sent
      this.askAgain();
    }
    this.wish();
  }

  // Gathered: a page that is drawn has many components, and each scroll changes what is on the screen.
  private wish(): void {
    clearTimeout(this.wishTimer);
    this.wishTimer = setTimeout(() => this.sendWishes(), WISH_MS);
  }

  private sendWishes(): void {
    const seen = !document.hidden && !this.paused;
    const wishes = seen ? unite([...this.watchers].map((watcher) => watcher.wishes)) : {};
    const text = JSON.stringify(wishes);
    if (text === this.sent || (this.sent === "" && isNothing(wishes))) return;
    this.sent = text;
    this.isWishing = !isNothing(wishes);
    this.connection ??= this.reach((message) => this.hear(message));
    this.connection.say({ type: "wish", api: boot.api, wishes });
  }

  private hear(message: FromHub): void {
    switch (message.type) {
      case "event":
        this.take(message.name, message.data, message.age);
        return;
      case "state":
        this.show(message.state);
        return;
      case "cut":
        setCut(message.cut);
        return;
      case "signed-out":
        endSession();
        return;
      case "ping":
        this.connection?.say({ type: "pong" });
    }
  }

  private show(state: Extract<FromHub, { type: "state" }>["state"]): void {
    clearTimeout(this.patienceTimer);
    if (this.paused) return;
    if (state.is === "open") setLiveStatus({ mode: "live" });
    // A tab that is hidden keeps its badge: it is what the reader sees first when it comes back. One that has just wished
    // something keeps it too, for a stream is about to be opened.
    if (state.is === "idle" && !document.hidden && !this.isWishing) setLiveStatus({ mode: "off" });
    if (state.is !== "failed") return;
    const waited = Date.now() - state.since;
    if (waited < PATIENCE_MS) setLiveStatus({ mode: "reconnecting", since: state.since });
    this.patienceTimer = setTimeout(
      () => setLiveStatus({ mode: "polling", everySeconds: POLL_S, asOf: this.lastAt }),
      Math.max(0, PATIENCE_MS - waited),
    );
  }

  private take(name: string, data: string, age = 0): void {
    this.lastAt = Date.now();
    if (isValue(name)) {
      this.values.set(name, { text: data, heardAt: this.lastAt });
      this.plan();
      return;
    }
    const value = parseJson(data);
    switch (name) {
      case "hello": {
        const { version, now } = value as { version: string; now: string };
        setServerTime(Date.parse(now) + age);
        tellVersion(version);
        return;
      }
      case "jobs":
        for (const row of value as Moved[]) this.moved.set(row.id, row);
        this.plan();
        return;
      case "job":
        if (isLogEvent(value)) patchLog(this.client, value.id, value.logs);
        else if (isInspectionEvent(value)) tellInspections(this.client, value);
        else patchJob(this.client, value as Moved);
        return;
      case "page":
        for (const { listener } of this.watchers) listener.onPage?.(value as PageNews);
        return;
      case "resync":
        this.askAgain();
        for (const { listener } of this.watchers) listener.onResync?.();
    }
  }

  private plan(): void {
    if (this.flushTimer !== undefined) return;
    this.flushTimer = setTimeout(() => this.flush(), Math.max(0, this.flushedAt + FLUSH_MS - Date.now()));
  }

  private flush(): void {
    this.flushTimer = undefined;
    this.flushedAt = Date.now();
    const moved = new Map(this.moved);
    const values = new Map(this.values);
    this.moved.clear();
    this.values.clear();
    startTransition(() => {
      for (const [name, { text, heardAt }] of values) this.put(KEY_OF[name](), text, heardAt);
      if (moved.size > 0) patchLists(this.client, moved);
    });
  }

  private put(queryKey: readonly unknown[], text: string, heardAt: number): void {
    // What an act or an answer has brought meanwhile may be newer: a queue that was just paused would run again.
    if ((this.client.getQueryState(queryKey)?.dataUpdatedAt ?? 0) > heardAt)
      void this.client.invalidateQueries({ queryKey });
    else this.client.setQueryData(queryKey, parseJson(text));
  }

  private askAgain(): void {
    for (const key of Object.values(KEY_OF)) {
      void this.client.invalidateQueries({ queryKey: key() });
    }
    for (const kind of ["job", "log"]) void this.client.invalidateQueries({ queryKey: [...keys.all, kind] });
  }
}

let live: Live | null = null;

/** Begin; pages say what they watch by `useWatch`. */
export function startLive(client: QueryClient): void {
  live ??= new Live(client);
}

/**
 * Watch while this is drawn: counts, queues, workers, rows and jobs are kept up to date in the query cache.
 *
 * @param wishes what
 * @param listener hears of new rows of lists, and when a list must be asked for again
 * @returns whether the feed tells all of it while it is live; what is beyond the server's limits must be asked for
 */
export function useWatch(wishes: Wishes, listener: Listener = {}): boolean {
  const name = JSON.stringify(wishes);
  const current = useRef(listener);
  current.current = listener;
  useEffect(() => {
    return live?.watch(JSON.parse(name) as Wishes, {
      onPage: (news) => current.current.onPage?.(news),
      onResync: () => current.current.onResync?.(),
    });
  }, [name]);
  return isToldDespite(useCut(), wishes);
}
