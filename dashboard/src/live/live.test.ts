import { QueryClient } from "@tanstack/react-query";
import { act, render } from "@testing-library/react";
import { createElement } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keys } from "@/api/queries";
import { serverNow } from "@/lib/clock";
import { Live, useWatch } from "./live";
import { type FromHub, NO_CUT, type ToHub } from "./messages";
import { liveControls, liveStatus, setCut } from "./status";

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";
const OTHER = "01a22889-3704-73e4-a1a6-5c2011bef2c4";
const LIST = keys.jobList({});

let said: ToHub[] = [];
let tell: (message: FromHub) => void = () => {};
let client: QueryClient;
let live: Live;

const wishes = () => said.flatMap((message) => (message.type === "wish" ? [message.wishes] : []));
const event = (name: "stats" | "jobs" | "page" | "job" | "resync", value: unknown) =>
  tell({ type: "event", name, data: JSON.stringify(value) });

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  client = new QueryClient();
  live = new Live(client, (hear) => {
    tell = hear;
    return { say: (message) => said.push(message) };
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function Follower({ of, seen }: { of: string; seen: Map<string, boolean> }) {
  seen.set(of, useWatch({ ids: [of] }));
  return null;
}

function row(id: string, state: string) {
  return { id, state, lease_no: 1, attempt: 1, task: "mail" };
}

function hold(...rows: ReturnType<typeof row>[]) {
  client.setQueryData(LIST, { pages: [{ items: rows, next: null }], pageParams: [null] });
}

const shown = () => (client.getQueryData(LIST) as { pages: { items: unknown[] }[] }).pages[0]?.items;

test("what several parts watch is one wish, and a part that leaves takes its own with it", () => {
  live.watch({ stats: true }, {});
  const leave = live.watch({ ids: [ID] }, {});
  vi.advanceTimersByTime(60);
  expect(wishes()).toHaveLength(1);
  expect(wishes()[0]).toMatchObject({ stats: true, ids: [ID] });
  leave();
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)).toMatchObject({ stats: true, ids: [] });
});

test("rows are patched in place: order and length stay, and older news changes nothing", () => {
  live.watch({ ids: [ID, OTHER] }, {});
  vi.advanceTimersByTime(60);
  hold(row(OTHER, "pending"), row(ID, "running"));
  event("jobs", [{ id: ID, state: "completed", lease_no: 1, attempt: 1 }]);
  event("jobs", [{ id: OTHER, state: "running", lease_no: 2, attempt: 1 }]);
  event("jobs", [{ id: "01a22889-3704-73e4-a1a6-5c2011bef2c9", state: "dead", lease_no: 1 }]);
  vi.advanceTimersByTime(300);
  expect(shown()).toMatchObject([
    { id: OTHER, state: "running", task: "mail" },
    { id: ID, state: "completed", task: "mail" },
  ]);
  event("jobs", [{ id: OTHER, state: "pending", lease_no: 1 }]);
  vi.advanceTimersByTime(300);
  expect(shown()).toMatchObject([{ id: OTHER, state: "running" }, { id: ID }]);
});

test("the page is drawn at most four times a second, with the latest of each", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  const put = vi.spyOn(client, "setQueryData");
  for (let n = 0; n < 100; n++) {
    event("stats", { n });
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(250);
  expect(put.mock.calls.length).toBeLessThanOrEqual(6);
  expect(client.getQueryData(keys.stats())).toEqual({ n: 99 });
});

test("what was heard before an act is not put over what the act has brought; it is asked for again", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  event("stats", { states: { pending: 1 } });
  vi.advanceTimersByTime(10);
  expect(client.getQueryData(keys.stats())).toEqual({ states: { pending: 1 } });
  event("stats", { states: { pending: 2 } }); // waits for the next drawing
  vi.advanceTimersByTime(10);
  client.setQueryData(keys.stats(), { states: { pending: 0 } });
  vi.advanceTimersByTime(500);
  expect(client.getQueryData(keys.stats())).toEqual({ states: { pending: 0 } });
  expect(client.getQueryState(keys.stats())?.isInvalidated).toBe(true);
});

test("new rows are told to who shows the list; a resync asks again", () => {
  const onPage = vi.fn();
  const onResync = vi.fn();
  const invalidate = vi.spyOn(client, "invalidateQueries");
  live.watch({ pages: ["state=dead&top="] }, { onPage, onResync });
  vi.advanceTimersByTime(60);
  event("page", { page: "state=dead&top=", new: [ID], exact: true });
  expect(onPage).toHaveBeenCalledWith({ page: "state=dead&top=", new: [ID], exact: true });
  event("resync", { reason: "slow" });
  expect(onResync).toHaveBeenCalledOnce();
  expect(invalidate).toHaveBeenCalledWith({ queryKey: keys.stats() });
});

test("a job that is open is asked for again when it began or ended, and patched where only its progress moved", () => {
  const invalidate = vi.spyOn(client, "invalidateQueries");
  client.setQueryData(keys.job(ID), { ...row(ID, "running"), progress: 0.1, result: null });
  live.watch({ ids: [ID], jobs: [ID] }, {});
  vi.advanceTimersByTime(60);
  event("job", { id: ID, attempts: [], attempts_total: 1, attempt_counts: {}, progress: 0.5 });
  expect(client.getQueryData(keys.job(ID))).toMatchObject({ progress: 0.5, state: "running", attempts_total: 1 });
  expect(invalidate).not.toHaveBeenCalled();
  event("jobs", [{ id: ID, state: "completed", lease_no: 1, attempt: 1 }]);
  vi.advanceTimersByTime(300);
  expect(invalidate).toHaveBeenCalledWith({ queryKey: keys.job(ID) });
});

test("a pause wishes nothing; resuming wishes again and asks for what was missed", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  tell({ type: "state", state: { is: "open" } });
  expect(liveStatus().mode).toBe("live");
  const invalidate = vi.spyOn(client, "invalidateQueries");
  liveControls()?.pause();
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)).toEqual({});
  tell({ type: "state", state: { is: "idle" } });
  expect(liveStatus().mode).toBe("paused");
  liveControls()?.resume();
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)).toMatchObject({ stats: true });
  expect(invalidate).toHaveBeenCalledWith({ queryKey: keys.stats() });
});

test("a pause that ends before it was sent is told how the feed is, and a wish under way takes no badge away", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  tell({ type: "state", state: { is: "open" } });
  liveControls()?.pause();
  liveControls()?.resume();
  vi.advanceTimersByTime(60);
  expect(wishes()).toHaveLength(2);
  tell({ type: "state", state: { is: "idle" } });
  expect(liveStatus().mode).toBe("reconnecting");
  tell({ type: "state", state: { is: "open" } });
  expect(liveStatus().mode).toBe("live");
});

test("the server's time is that of its greeting and what has passed since", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  const hour = 3_600_000;
  const now = Date.now();
  const hello = (at: number, age?: number) =>
    tell({
      type: "event",
      name: "hello",
      data: JSON.stringify({ version: "dev", now: new Date(at).toISOString() }),
      ...(age === undefined ? {} : { age }),
    });
  hello(now - hour, hour);
  expect(serverNow()).toBe(now);
  hello(now - hour);
  expect(serverNow()).toBe(now - hour);
  hello(now);
});

test("what one tab wishes beyond the limits reaches the hub, and who wished it learns that it is not told", () => {
  const ids = Array.from({ length: 130 }, (_, n) => `${ID.slice(0, -3)}${100 + n}`);
  live.watch({ ids }, {});
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)?.ids).toHaveLength(130);
  const seen = new Map<string, boolean>();
  render(
    createElement("div", null, createElement(Follower, { of: ID, seen }), createElement(Follower, { of: OTHER, seen })),
  );
  expect([...seen]).toEqual([
    [ID, true],
    [OTHER, true],
  ]);
  act(() => tell({ type: "cut", cut: { ids: [OTHER], pages: [], jobs: [] } }));
  expect([...seen]).toEqual([
    [ID, true],
    [OTHER, false],
  ]);
  act(() => setCut(NO_CUT));
});

test("a hidden tab wishes nothing", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  document.dispatchEvent(new Event("visibilitychange"));
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)).toEqual({});
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event("visibilitychange"));
  vi.advanceTimersByTime(60);
  expect(wishes().at(-1)).toMatchObject({ stats: true });
});

test("an interruption is a badge for three seconds, then a bar that says how old the data is", () => {
  live.watch({ stats: true }, {});
  vi.advanceTimersByTime(60);
  tell({ type: "state", state: { is: "open" } });
  const since = Date.now();
  tell({ type: "state", state: { is: "failed", since } });
  expect(liveStatus()).toEqual({ mode: "reconnecting", since });
  vi.advanceTimersByTime(3_000);
  expect(liveStatus()).toMatchObject({ mode: "polling", everySeconds: 5 });
  tell({ type: "state", state: { is: "open" } });
  expect(liveStatus().mode).toBe("live");
});
