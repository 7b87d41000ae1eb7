import { describe, expect, test } from "vitest";
import { compactId } from "@/lib/id";
import { Hub, type Source } from "./hub";
import type { FromHub, Port, Wishes } from "./messages";
import { covers, feedUrl, MOST, unite } from "./messages";

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";

class FakeSource implements Source {
  closed = false;
  private readonly listeners = new Map<string, (event: { data?: string }) => void>();
  constructor(readonly url: string) {}
  addEventListener(name: string, listener: (event: { data?: string }) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
  }
  emit(name: string, data = "{}"): void {
    this.listeners.get(name)?.({ data });
  }
}

class Tab implements Port {
  heard: FromHub[] = [];
  send(message: FromHub): void {
    this.heard.push(message);
  }
  events(): string[] {
    return this.heard.flatMap((message) => (message.type === "event" ? [`${message.name} ${message.data}`] : []));
  }
  states(): string[] {
    return this.heard.flatMap((message) => (message.type === "state" ? [message.state.is] : []));
  }
  cuts() {
    return this.heard.flatMap((message) => (message.type === "cut" ? [message.cut] : []));
  }
}

/** A hub whose time stands until `pass` moves it. */
function surroundings(signedIn = true) {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const sources: FakeSource[] = [];
  const hub = new Hub({
    open(url) {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
    isSignedIn: async () => signedIn,
    now: () => now,
    steady: () => now,
    later(run, ms) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  });
  async function pass(ms: number) {
    const until = now + ms;
    for (;;) {
      for (let n = 0; n < 8; n++) await Promise.resolve(); // answers come before time goes on
      const next = timers.filter((one) => one.at <= until).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      timers = timers.filter((one) => one !== next);
      now = next.at;
      next.run();
    }
    now = until;
  }
  const wish = (port: Port, wishes: Wishes) => hub.hear(port, { type: "wish", api: "/api/v1", wishes });
  const openOnes = () => sources.filter((one) => !one.closed);
  const newest = () => sources.at(-1) as FakeSource;
  return { hub, sources, pass, wish, openOnes, newest };
}

describe("wishes", () => {
  test("are united in a fixed order, within the server's limits", () => {
    const many = Array.from({ length: 200 }, (_, n) => `id-${n}`);
    const united = unite(
      [
        { stats: true, ids: ["b", "a"] },
        { queues: true, ids: ["a", ...many] },
      ],
      MOST,
    );
    expect(united.stats).toBe(true);
    expect(united.queues).toBe(true);
    expect(united.workers).toBe(false);
    expect(united.ids).toHaveLength(120);
    expect(unite([{ ids: ["a", "b"] }])).toEqual(unite([{ ids: ["b", "a", "b"] }]));
  });

  test("that a wider stream covers need no other", () => {
    const open = unite([{ stats: true, ids: ["a", "b"], pages: ["state=dead&top="] }]);
    expect(covers(open, unite([{ ids: ["a"] }]))).toBe(true);
    expect(covers(open, unite([{ ids: ["c"] }]))).toBe(false);
    expect(covers(open, unite([{ workers: true }]))).toBe(false);
  });

  test("become an address with short ids", () => {
    const url = feedUrl("/ops/api/v1", { stats: true, ids: [ID], pages: ["state=dead&top="], jobs: [ID] });
    expect(url).toBe(
      `/ops/api/v1/events?stats=1&ids=${compactId(ID)}&page=${encodeURIComponent("state=dead&top=")}&job=${compactId(ID)}`,
    );
  });
});

describe("the hub", () => {
  test("holds one stream for eight tabs, and hands each what it wished", async () => {
    const { wish, pass, sources, openOnes, newest } = surroundings();
    const tabs = Array.from({ length: 8 }, () => new Tab());
    for (const tab of tabs) wish(tab, { stats: true });
    await pass(0);
    expect(sources).toHaveLength(1);
    newest().emit("hello", '{"version":"1"}');
    newest().emit("stats", '{"n":1}');
    for (const tab of tabs) expect(tab.events()).toEqual(['hello {"version":"1"}', 'stats {"n":1}']);
    const other = new Tab();
    wish(other, { workers: true });
    await pass(1_000);
    expect(openOnes()).toHaveLength(1);
    newest().emit("hello");
    newest().emit("stats", '{"n":2}');
    expect(other.events()).toEqual(['hello {"version":"1"}', "hello {}"]);
    expect(tabs[0]?.events().at(-1)).toBe('stats {"n":2}');
  });

  test("tells a newcomer the present state and counts at once", async () => {
    const { wish, pass, newest, sources } = surroundings();
    wish(new Tab(), { stats: true });
    await pass(0);
    newest().emit("hello", '{"version":"1"}');
    newest().emit("stats", '{"n":1}');
    const late = new Tab();
    wish(late, { stats: true });
    expect(sources).toHaveLength(1);
    expect(late.states()).toEqual(["open"]);
    expect(late.events()).toEqual(['hello {"version":"1"}', 'stats {"n":1}']);
  });

  test("says how old the greeting is that a newcomer hears: its time is not the present", async () => {
    const { wish, pass, newest } = surroundings();
    const first = new Tab();
    wish(first, { stats: true });
    await pass(0);
    newest().emit("hello", '{"now":"2026-01-31T12:00:00Z"}');
    await pass(30_000);
    const late = new Tab();
    wish(late, { stats: true });
    const hello = { type: "event", name: "hello", data: '{"now":"2026-01-31T12:00:00Z"}' };
    expect(late.heard).toContainEqual({ ...hello, age: 30_000 });
    expect(first.heard).toContainEqual(hello);
  });

  test("tells a newcomer the operations on many jobs that the open stream began with", async () => {
    const { wish, pass, newest, sources } = surroundings();
    wish(new Tab(), { bulk: true });
    await pass(0);
    newest().emit("hello");
    newest().emit("bulk", '{"items":[]}');
    const late = new Tab();
    wish(late, { bulk: true });
    expect(late.events()).toEqual(["hello {}", 'bulk {"items":[]}']);
    expect(sources).toHaveLength(1);
  });

  test("answers every wish with the state, though it is the same: a tab that was paused cannot know it", async () => {
    const { wish, pass, newest } = surroundings();
    const [paused, other] = [new Tab(), new Tab()];
    wish(paused, { stats: true });
    wish(other, { stats: true });
    await pass(0);
    newest().emit("hello");
    wish(paused, {});
    expect(paused.states().at(-1)).toBe("idle");
    wish(paused, { stats: true });
    expect(paused.states().at(-1)).toBe("open");
    expect(other.states()).toEqual(["idle", "open"]);
  });

  test("begins a stream for a tab that comes back to rows which another one follows: it has missed how they moved", async () => {
    const { wish, pass, newest, sources } = surroundings();
    const [back, other] = [new Tab(), new Tab()];
    wish(back, { ids: [ID] });
    wish(other, { stats: true, ids: [ID] });
    await pass(0);
    newest().emit("hello");
    wish(back, {});
    await pass(10_000);
    expect(sources).toHaveLength(1);
    wish(back, { stats: true });
    await pass(1_000);
    expect(sources).toHaveLength(1);
    wish(back, { stats: true, ids: [ID] });
    await pass(1_000);
    newest().emit("hello");
    expect(sources).toHaveLength(2);
    wish(back, { ids: [ID] });
    await pass(1_000);
    expect(sources).toHaveLength(2);
  });

  test("tells each tab what of its wishes is beyond the limits, and when there is room again", async () => {
    const { wish, pass, newest } = surroundings();
    const rows = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => `${ID.slice(0, -3)}${from + n}`);
    const [first, second] = [new Tab(), new Tab()];
    wish(first, { ids: rows(100, 100), pages: ["queue=a&top=", "queue=b&top=", "queue=c&top="] });
    expect(first.cuts()).toEqual([]);
    wish(second, { ids: rows(200, 30), pages: ["queue=d&top=", "queue=e&top="], jobs: [ID] });
    expect(second.cuts()).toEqual([{ ids: rows(220, 10), pages: ["queue=e&top="], jobs: [] }]);
    await pass(0);
    expect(newest().url.match(/page=/g)).toHaveLength(4);
    wish(first, {});
    expect(second.cuts().at(-1)).toEqual({ ids: [], pages: [], jobs: [] });
    expect(first.cuts()).toEqual([]);
  });

  test("opens at most one stream per second while a list is scrolled", async () => {
    const { wish, pass, sources, openOnes } = surroundings();
    const tab = new Tab();
    for (let n = 0; n < 30; n++) {
      wish(tab, { ids: [`${ID.slice(0, -2)}${10 + n}`] });
      await pass(100);
    }
    expect(sources.length).toBeLessThanOrEqual(4);
    expect(openOnes()).toHaveLength(1);
  });

  test("ends the stream when nobody wishes anything", async () => {
    const { hub, wish, pass, openOnes } = surroundings();
    const [seen, hidden] = [new Tab(), new Tab()];
    wish(seen, { stats: true });
    wish(hidden, {});
    await pass(0);
    expect(openOnes()).toHaveLength(1);
    hub.hear(seen, { type: "bye" });
    expect(openOnes()).toHaveLength(0);
    expect(hidden.states().at(-1)).toBe("idle");
  });

  test("forgets a tab that misses two pings", async () => {
    const { hub, wish, pass, openOnes } = surroundings();
    const tab = new Tab();
    wish(tab, { stats: true });
    await pass(20_000);
    expect(tab.heard.at(-1)).toEqual({ type: "ping" });
    hub.hear(tab, { type: "pong" });
    await pass(20_000 * 2 + 34_000);
    expect(openOnes()).toHaveLength(0);
  });

  test("tries again with growing pauses, and takes silence for a failure", async () => {
    const { wish, pass, sources, newest, openOnes } = surroundings();
    const tab = new Tab();
    wish(tab, { stats: true });
    await pass(0);
    newest().emit("hello");
    await pass(34_000);
    expect(openOnes()).toHaveLength(1);
    await pass(1_500);
    expect(tab.states()).toEqual(["idle", "open", "failed"]);
    await pass(1_000);
    expect(openOnes()).toHaveLength(1);
    const before = sources.length;
    newest().emit("error");
    await pass(1_900);
    expect(sources).toHaveLength(before);
    await pass(200);
    expect(sources).toHaveLength(before + 1);
    newest().emit("hello");
    expect(tab.states().at(-1)).toBe("open");
  });

  test("waits as long as the server says when it drains", async () => {
    const { wish, pass, sources, newest } = surroundings();
    wish(new Tab(), { stats: true });
    await pass(0);
    newest().emit("hello");
    newest().emit("bye", '{"after_ms":700}');
    await pass(699);
    expect(sources).toHaveLength(1);
    await pass(1);
    expect(sources).toHaveLength(2);
  });

  test("tells the end of a session from an outage", async () => {
    const { wish, pass, newest, sources } = surroundings(false);
    const tab = new Tab();
    wish(tab, { stats: true });
    await pass(0);
    newest().emit("error");
    await pass(60_000);
    expect(tab.heard).toContainEqual({ type: "signed-out" });
    expect(sources).toHaveLength(1);
    wish(tab, { stats: true, workers: true });
    await pass(1_000);
    expect(sources).toHaveLength(2);
  });
});
