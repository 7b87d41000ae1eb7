import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { ErrorDetail } from "@/api/types";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API, ERROR, idOf, rowOf, storedJob } from "@/test/jobs";
import { errorGroup } from "@/test/rows";

let groups: ErrorDetail[];
let asked: URLSearchParams[];
const sent: { path: string; body: unknown }[] = [];
const COUNTS = { open: 2, resolved: 1, muted: 0, new: 1, most: 10_000 };
const NONE = { open: 0, resolved: 0, muted: 0, new: 0, most: 10_000 };
const server = setupServer(
  http.get(`${API}/errors`, ({ request }) => {
    const params = new URL(request.url).searchParams;
    if (params.get("limit") !== "0") asked.push(params);
    const state = params.get("state");
    const items = groups.filter((group) => state === null || group.state === state);
    return HttpResponse.json({ items, next: null, counts: COUNTS });
  }),
  http.get(`${API}/errors/:fingerprint`, ({ params }) => {
    const found = groups.find((group) => group.fingerprint === params.fingerprint);
    if (found) return HttpResponse.json(found);
    const problem = { title: "Not found", status: 404, code: "error_group_not_found", detail: "No such group." };
    return HttpResponse.json(problem, { status: 404 });
  }),
  http.post(`${API}/errors/:fingerprint/:act`, async ({ request, params }) => {
    const body = await request.text();
    sent.push({ path: `${params.fingerprint}/${params.act}`, body: body === "" ? null : JSON.parse(body) });
    const state = { resolve: "resolved", mute: "muted", reopen: "open" }[String(params.act)] as ErrorDetail["state"];
    const change = { state, changed_by: "ada", changed_at: new Date().toISOString() };
    groups = groups.map((group) => (group.fingerprint === params.fingerprint ? { ...group, ...change } : group));
    return HttpResponse.json(groups.find((group) => group.fingerprint === params.fingerprint));
  }),
  http.get(`${API}/jobs`, ({ request }) => {
    asked.push(new URL(request.url).searchParams);
    return HttpResponse.json({
      items: [rowOf(storedJob(1, { state: "dead" }))],
      next: null,
      looked_at: 1,
      complete: true,
    });
  }),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setSession(first);
  sent.length = 0;
  asked = [];
  groups = [
    errorGroup(1),
    errorGroup(2, { type: "KeyError", message: "<text>", task: "report.render", count: 3, dead: 0, reopened: true }),
    errorGroup(3, { type: "OSError", message: "disk full", state: "resolved" }),
  ];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const FIRST = "1".repeat(16);
const open = (path = "/errors") => openApp(path, COUNTS);
const shown = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.getAttribute("data-row")?.[0]);
const row = async (type: string) => (await screen.findByText(type)).closest("tr") as HTMLElement;

test("a group says what failed, how often, and leads to its page, its task and its dead jobs", async () => {
  await open();
  const one = await row("ConnectTimeout");
  const link = within(one).getByRole("link", { name: /ConnectTimeout timed out after <number> s/ });
  expect(link.getAttribute("href")).toBe(`/errors/${FIRST}`);
  expect(within(one).getByText("1,204")).toBeDefined();
  expect(within(one).getByRole("img", { name: "ConnectTimeout: 12 failures in the last 24 hours" })).toBeDefined();
  const dead = within(one).getByRole("link", { name: "12 jobs are dead of ConnectTimeout" });
  const target = new URL(dead.getAttribute("href") ?? "", "http://x");
  expect([target.pathname, target.searchParams.get("state"), target.searchParams.get("q")]).toEqual([
    "/jobs",
    "dead",
    `error:${FIRST}`,
  ]);
  expect(within(await row("KeyError")).getByText("Occurred again")).toBeDefined();
  expect(shown()).toEqual(["1", "2"]);
});

test("a list as long as is kept says that others were deleted, and what makes so many", async () => {
  const view = await openApp("/errors", { ...COUNTS, open: 9_998, resolved: 1 });
  await row("KeyError");
  expect(screen.queryByRole("note")).toBeNull();
  view.unmount();
  await openApp("/errors?state=muted&q=none", { ...COUNTS, open: 9_998, resolved: 1, muted: 1 });
  const note = await screen.findByRole("note");
  expect(note.textContent).toMatch(
    /^Only 10,000 kinds of errors are kept: .* raise the exception with a constant message/,
  );
});

test("the state is a tab, the order and the search stand in the address", async () => {
  const { router } = await open();
  await row("KeyError");
  const tabs = within(screen.getByRole("navigation", { name: "States of groups" }));
  expect(tabs.getAllByRole("link").map((tab) => tab.textContent)).toEqual(["Open2", "Resolved1", "Muted0", "All3"]);
  await userEvent.click(tabs.getByRole("link", { name: /Resolved/ }));
  await row("OSError");
  expect(router.state.location.href).toBe("/errors?state=resolved");
  await userEvent.click(tabs.getByRole("link", { name: /All/ }));
  await waitFor(() => expect(shown()).toEqual(["1", "2", "3"]));
  await userEvent.click(within(screen.getByRole("columnheader", { name: "Count" })).getByRole("button"));
  await waitFor(() => expect(router.state.location.href).toBe("/errors?state=all&sort=count"));
  expect(screen.getByRole("columnheader", { name: "Count" }).getAttribute("aria-sort")).toBe("descending");
  await userEvent.keyboard("/");
  await userEvent.keyboard("disk");
  await waitFor(() => expect(asked.at(-1)?.get("q")).toBe("disk"));
  expect(asked.map((params) => params.get("q"))).not.toContain("di");
  expect(router.state.location.href).toContain("q=disk");
});

test("a list that was read far is kept up to date by its first page alone; what is pushed out of it stays", async () => {
  const all = [1, 2, 3, 4].map((n) => errorGroup(n, { type: `Type${n}`, last_at: new Date(1e12 - n).toISOString() }));
  const moved = errorGroup(4, { type: "Type4", last_at: new Date(1e12).toISOString(), count: 77 });
  let now = all;
  const cursors: (string | null)[] = [];
  server.use(
    http.get(`${API}/errors`, ({ request }) => {
      const params = new URL(request.url).searchParams;
      if (params.get("limit") === "0") return HttpResponse.json({ items: [], next: null, counts: COUNTS });
      const from = Number(params.get("cursor") ?? 0);
      cursors.push(params.get("cursor"));
      const next = from + 2 < now.length ? String(from + 2) : null;
      return HttpResponse.json({ items: now.slice(from, from + 2), next, counts: COUNTS });
    }),
  );
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    await open();
    await row("Type2");
    await userEvent
      .setup({ advanceTimers: vi.advanceTimersByTime })
      .click(screen.getByRole("button", { name: "Show more" }));
    await row("Type4");
    await waitFor(() => expect(cursors).toEqual([null, "2", null]));
    now = [moved, ...all.slice(0, 3)];
    await vi.advanceTimersByTimeAsync(21_000);
    await waitFor(() => expect(shown()).toEqual(["4", "1", "2", "3"]));
    expect(screen.getByText("77")).toBeDefined();
    expect(cursors.slice(3).filter((cursor) => cursor !== null)).toEqual([]);
    const asked = cursors.length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(cursors.length).toBeGreaterThan(asked);
    expect(cursors.filter((cursor) => cursor !== null)).toEqual(["2"]);
  } finally {
    vi.useRealTimers();
  }
});

test("nothing failed, nothing is open, nothing fits: each says so, with a way on", async () => {
  groups = [];
  const view = await openApp("/errors", NONE);
  expect(await screen.findByText("No errors")).toBeDefined();
  view.unmount();
  const second = await open();
  expect(await screen.findByText("No open errors")).toBeDefined();
  second.unmount();
  const { router } = await open("/errors?q=zzz");
  expect(await screen.findByText("No open error matches “zzz”")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Clear search" }));
  await waitFor(() => expect(router.state.location.href).toBe("/errors"));
});

test("while it loads there is a skeleton; an error says what, and trying again helps", async () => {
  server.use(http.get(`${API}/errors`, () => delay("infinite"), { once: true }));
  const view = await open();
  await waitFor(() => expect(document.querySelector("[aria-busy=true]")).not.toBeNull());
  view.unmount();
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/errors`, () => HttpResponse.json(problem, { status: 500 }), { once: true }));
  await open();
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Could not load errors");
  expect(alert.textContent).toContain("req-7");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  await row("KeyError");
});

const SAMPLE: ErrorDetail["sample"] = {
  job_id: idOf(1),
  state: "dead",
  attempt: 5,
  outcome: "failed",
  finished_at: "2026-11-30T12:00:00Z",
  worker: null,
  host: "worker-1",
  error: ERROR,
};

test("the page of a group has its facts, one traceback and its dead jobs", async () => {
  groups = [errorGroup(1, { sample: SAMPLE })];
  await open(`/errors/${FIRST}`);
  expect(await screen.findByRole("heading", { level: 2, name: "ConnectTimeout" })).toBeDefined();
  const sample = within(screen.getByRole("region", { name: "Newest failure" }));
  expect(sample.getByText("attempt 5")).toBeDefined();
  expect(sample.getByText(ERROR.type)).toBeDefined();
  expect(sample.getByRole("button", { name: "Copy traceback" })).toBeDefined();
  expect(sample.getByRole("link", { name: /^Open job/ }).getAttribute("href")).toBe(`/jobs/${idOf(1)}`);
  expect(screen.getByRole("figure", { name: "Failures per hour, last 24 hours. failures 12" })).toBeDefined();
  const jobs = within(screen.getByRole("region", { name: "Dead jobs" }));
  await waitFor(() => expect(jobs.getAllByRole("row")).toHaveLength(2));
  expect(jobs.getByRole("link", { name: "12 dead jobs" })).toBeDefined();
  expect(asked.at(-1)?.get("q")).toBe(`error:${FIRST}`);
  expect(asked.at(-1)?.get("state")).toBe("dead");
});

test("the page of a group has its releases, the newest first, and how many more there are", async () => {
  const one = (name: string | null, n: number, ago: number) => {
    const at = new Date(Date.now() - ago * 60_000).toISOString();
    return { name, count: n, first_at: at, last_at: at };
  };
  groups = [errorGroup(1, { releases: [one("shop-2", 1200, 3), one(null, 4, 9)], releases_total: 5 })];
  const view = await open(`/errors/${FIRST}`);
  const releases = within(await screen.findByRole("region", { name: "Releases" }));
  const rows = releases.getAllByRole("row").slice(1);
  expect(rows.map((row) => within(row).getByRole("rowheader").textContent)).toEqual(["shop-2", "None announced"]);
  expect(rows.map((row) => within(row).getAllByRole("cell")[0]?.textContent)).toEqual(["1,200", "4"]);
  expect(releases.getByText("and 3 more")).toBeDefined();
  view.unmount();
  groups = [errorGroup(1, { releases: [one(null, 4, 9)], releases_total: 1 })];
  await open(`/errors/${FIRST}`);
  await screen.findByRole("region", { name: "Newest failure" });
  expect(screen.queryByRole("region", { name: "Releases" })).toBeNull();
});

test("a group that occurred first in the newest release says so, and one that was resolved in which", async () => {
  groups = [
    errorGroup(1, { new_in: "shop-2" }),
    errorGroup(2, { new_in: "shop-2", reopened: true }),
    errorGroup(3, { type: "OSError", state: "resolved", resolved_release: "shop-2" }),
  ];
  const view = await open("/errors?state=all");
  await waitFor(() => expect(shown()).toEqual(["1", "2", "3"]));
  expect(screen.getAllByText("New in shop-2")).toHaveLength(1);
  view.unmount();
  await open(`/errors/${"3".repeat(16)}`);
  expect((await screen.findByText("in shop-2")).getAttribute("title")).toMatch(/^shop-2 was the newest release/);
});

test("resolve is done at once, says that it opens again by itself, and can be taken back", async () => {
  await open(`/errors/${FIRST}`);
  await userEvent.click(await screen.findByRole("button", { name: "Resolve" }));
  expect(await screen.findByText("It is open again if it occurs again.")).toBeDefined();
  expect(await screen.findByText("Reopened by ada")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Reopen" }));
  expect(await screen.findByRole("button", { name: "Resolve" })).toBeDefined();
  expect(sent.map((one) => one.path)).toEqual([`${FIRST}/resolve`, `${FIRST}/reopen`]);
});

test("all jobs that are dead of it are retried as one operation", async () => {
  const orders: unknown[] = [];
  server.use(
    http.post(`${API}/bulk`, async ({ request }) => {
      const body = (await request.json()) as { dry_run?: boolean };
      orders.push(body);
      return HttpResponse.json(
        { matched: { value: 12, exact: true }, sample: [] },
        { status: body.dry_run ? 200 : 202 },
      );
    }),
  );
  await open(`/errors/${FIRST}`);
  await userEvent.click(await screen.findByRole("button", { name: "Retry all 12 dead jobs…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry 12 jobs?" }));
  expect(dialog.getByText(`state:dead error:${FIRST}`)).toBeDefined();
  expect(dialog.getByLabelText(/Rate/)).toBeDefined();
  expect(orders).toEqual([{ action: "retry", q: `state:dead error:${FIRST}`, dry_run: true }]);
});

test("where no job is dead there is nothing to retry", async () => {
  groups = [errorGroup(1, { dead: 0 })];
  await open(`/errors/${FIRST}`);
  const button = await screen.findByRole("button", { name: "Retry all…" });
  expect(button.getAttribute("aria-disabled")).toBe("true");
});

test("a mute asks for how long", async () => {
  await open(`/errors/${FIRST}`);
  await userEvent.click(await screen.findByRole("button", { name: "Mute until…" }));
  const dialog = await screen.findByRole("dialog", { name: "Mute this error" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Mute" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const { until: given } = (sent[0]?.body ?? { until: "" }) as { until: string };
  const until = Date.parse(given);
  expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(60_000);
  expect(await screen.findByRole("button", { name: "Unmute" })).toBeDefined();
});

test("a viewer sees why nothing can be done; an act that fails says why", async () => {
  setSession({ ...first, role: "viewer", permissions: ["jobs:read"] });
  const view = await open(`/errors/${FIRST}`);
  const resolve = await screen.findByRole("button", { name: "Resolve" });
  expect(resolve.getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(resolve);
  expect(sent).toEqual([]);
  view.unmount();
  setSession(first);
  server.use(
    http.post(`${API}/errors/:fingerprint/:act`, () =>
      HttpResponse.json({ title: "x", status: 503, code: "store_unavailable", detail: "Down." }, { status: 503 }),
    ),
  );
  await open(`/errors/${FIRST}`);
  await userEvent.click(await screen.findByRole("button", { name: "Resolve" }));
  expect(await screen.findByText("Down.")).toBeDefined();
});

test("a group that is gone, one without a job, one whose worker was lost", async () => {
  let view = await open(`/errors/${"9".repeat(16)}`);
  expect(await screen.findByText("No such error")).toBeDefined();
  const dead = screen.getByRole("link", { name: "Jobs that are dead of it" }).getAttribute("href");
  expect(new URL(dead ?? "", "http://x").searchParams.get("q")).toBe(`error:${"9".repeat(16)}`);
  view.unmount();
  view = await open("/errors/nonsense");
  expect(await screen.findByText("No such error")).toBeDefined();
  expect(screen.queryByRole("link", { name: "Jobs that are dead of it" })).toBeNull();
  view.unmount();
  view = await open(`/errors/${FIRST}`);
  expect(await screen.findByText(/No job of this error is kept/)).toBeDefined();
  view.unmount();
  groups = [errorGroup(1, { type: "WorkerLost", sample: { ...SAMPLE, outcome: "lost", error: null } })];
  await open(`/errors/${FIRST}`);
  expect(await screen.findByText("Its worker was lost: there is no traceback.")).toBeDefined();
});
