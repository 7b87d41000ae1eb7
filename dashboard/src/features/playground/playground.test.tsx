import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunDetail, ratesOf, sharesOf } from "@/api/playground";
import { boot } from "@/lib/boot";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API, problem } from "@/test/jobs";
import { FIRST, fieldOf, readForm } from "./form";

const idOf = (n: number) => `019ab2c5-2a10-7000-8000-00000000000${n}`;

function runOf(n: number, changes: Partial<RunDetail> = {}): RunDetail {
  return {
    ...{ id: idOf(n), tag: `playground-${n}`, state: "ended", rate: 20, seconds: 30, fail: 0.02, actor: "local" },
    ...{ mix: { quick: 6, slow: 2, cpu: 1, retried: 1 }, started_at: `2026-01-31T12:0${n}:00Z`, stopped_by: null },
    ...{ as_of: "2026-01-31T12:30:00Z", elapsed: 34, asked: 600, enqueued: 600, rate_reached: 20, waiting: 0 },
    ...{ running: 0, completed: 588, failed: 96, dead: 12, cancelled: 0, gone: 0, throughput: 17.6, problem: null },
    wait: { p50: 0.003, p95: 0.012, p99: 0.04 },
    run: { p50: 0.012, p95: 2.3, p99: 2.9 },
    points: {
      ...{ seconds: [0, 10, 20, 34], enqueued: [0, 200, 400, 600], completed: [0, 180, 370, 588] },
      ...{ failed: [0, 30, 60, 96], dead: [0, 0, 5, 12], waiting: [0, 10, 15, 0], running: [0, 10, 10, 0] },
    },
    workers: [
      { id: "w-1", host: "ops-1", pid: 4711, jobs: 450 },
      { id: "0123456789", host: null, pid: null, jobs: 150 },
    ],
    ...changes,
  };
}

let runs: RunDetail[];
let served: boolean;
let posted: unknown[];
let refuse: (() => Response) | undefined;
const server = setupServer(
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
  http.get(`${API}/playground/runs`, () => refuse?.() ?? HttpResponse.json({ items: runs, served })),
  http.get(`${API}/playground/runs/:id`, ({ params }) => HttpResponse.json(runs.find(({ id }) => id === params.id))),
  http.post(`${API}/playground/runs`, async ({ request }) => {
    posted.push(await request.json());
    if (refuse) return refuse();
    runs = [runOf(9, { state: "enqueuing", enqueued: 20, rate_reached: null, throughput: null }), ...runs];
    return HttpResponse.json(runs[0], { status: 201 });
  }),
  http.post(`${API}/playground/runs/:id/stop`, ({ params }) => {
    runs = runs.map((run) => (run.id === params.id ? { ...run, state: "waiting", stopped_by: "local" } : run));
    return HttpResponse.json(runs[0]);
  }),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  boot.features.playground = true;
  runs = [];
  served = true;
  posted = [];
  refuse = undefined;
});
afterEach(() => {
  delete boot.features.playground;
  setSession(first);
});
afterAll(() => server.close());

const figure = async (label: string) => (await screen.findByText(label)).parentElement?.textContent;
const startButton = () => screen.getByRole("button", { name: "Start test" });

test("without a test the page teaches, and starts the one that the form says", async () => {
  await openApp("/playground");
  await screen.findByText("No stress test yet");
  screen.getByText("600 jobs in the queue playground");
  const rate = screen.getByLabelText("Rate, jobs per second");
  await userEvent.clear(rate);
  await userEvent.type(rate, "50");
  await userEvent.clear(screen.getByLabelText("Mix of jobs: Slow"));
  await userEvent.click(startButton());
  await screen.findByRole("button", { name: "Stop" });
  const mix = { quick: 6, slow: 0, cpu: 1, retried: 1 };
  expect(posted).toEqual([{ rate: 50, seconds: 30, fail: 0.02, mix, reason: null }]);
  await waitFor(async () => expect(await figure("Enqueued")).toBe("Enqueued20of 600just begun"));
  expect(startButton().getAttribute("aria-disabled")).toBe("true");
});

test("a test in progress is stopped", async () => {
  runs = [runOf(1, { state: "enqueuing" })];
  await openApp("/playground");
  await userEvent.click(await screen.findByRole("button", { name: "Stop" }));
  await screen.findByText("All enqueued, stopped by local");
  await waitFor(() => expect(startButton().getAttribute("aria-disabled")).toBeNull());
  expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
});

test("a test has its numbers, its charts, its workers, and a link to its jobs", async () => {
  runs = [runOf(2), runOf(1, { completed: 7 })];
  await openApp("/playground");
  await screen.findByRole("link", { name: "Show its jobs" });
  expect(await figure("Enqueued")).toBe("Enqueued600of 600at 20/s");
  expect(await figure("Wait p95")).toBe("Wait p9512msp50 3 ms · p99 40 ms");
  expect((await figure("Failed attempts"))?.startsWith("Failed attempts96")).toBe(true);
  screen.getByRole("region", { name: "Jobs per second" });
  screen.getByRole("region", { name: "Jobs in progress" });
  const workers = within(screen.getByRole("table", { name: "Who worked on it" })).getAllByRole("row");
  expect(workers.map((row) => row.textContent)).toEqual([
    "WorkerJobsShare",
    "ops-1 471145075 %",
    "ended worker 0123456715025 %",
  ]);
  expect(screen.getByRole("link", { name: "Show its jobs" }).getAttribute("href")).toBe("/jobs?tag=playground-2");
  expect(screen.getByRole("link", { name: "12 dead" }).getAttribute("href")).toBe("/jobs?state=dead&tag=playground-2");
});

test("an earlier test is opened by its row and stands in the address", async () => {
  runs = [runOf(2), runOf(1, { enqueued: 599 })];
  await openApp("/playground");
  const rows = within(await screen.findByRole("table", { name: "Tests of this server" })).getAllByRole("link");
  await userEvent.click(rows[1] as HTMLElement);
  await waitFor(async () => expect(await figure("Enqueued")).toContain("599"));
  expect(window.location.search).toBe(`?run=${idOf(1)}`);
});

test("jobs that no worker takes, and jobs that could not be enqueued, are said", async () => {
  served = false;
  runs = [runOf(1, { state: "waiting", problem: "the store did not answer" })];
  await openApp("/playground");
  await screen.findByText(/No worker takes these jobs/);
  screen.getByText("Not all jobs could be enqueued in time: the store did not answer");
});

test("an error says so, and the page is there after another try", async () => {
  refuse = () => problem(503, "store_unavailable", "The store is unreachable");
  await openApp("/playground");
  await screen.findByText("Could not load stress tests", {}, { timeout: 10_000 });
  refuse = undefined;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("No stress test yet");
}, 15_000);

test("what is typed wrong is said at its field and not sent; what the server refuses as well", async () => {
  await openApp("/playground");
  await screen.findByText("No stress test yet");
  const seconds = screen.getByLabelText("Duration, seconds");
  await userEvent.clear(seconds);
  await userEvent.type(seconds, "0{Enter}");
  await screen.findByText("Enter a number from 1 to 600");
  expect(posted).toEqual([]);
  refuse = () =>
    HttpResponse.json(
      { title: "x", status: 422, code: "invalid_job", detail: "no", errors: [{ pointer: "/rate", detail: "is odd" }] },
      { status: 422 },
    );
  await userEvent.clear(seconds);
  await userEvent.type(seconds, "5{Enter}");
  await screen.findByText("is odd");
  expect(posted.length).toBe(1);
});

test("a role that may not enqueue sees the tests and is told why it starts none", async () => {
  setSession({ ...first, role: "viewer", permissions: ["jobs:read"] });
  runs = [runOf(1, { state: "enqueuing" })];
  await openApp("/playground");
  expect((await screen.findByRole("button", { name: "Stop" })).getAttribute("aria-disabled")).toBe("true");
  expect(startButton().getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(startButton());
  expect(posted).toEqual([]);
});

test("where there is none the page says so, asks nothing, and nothing leads to it", async () => {
  boot.features.playground = false;
  refuse = () => problem(500, "asked", "it was asked");
  await openApp("/playground");
  await screen.findByText("This server has no playground");
  expect(screen.queryByRole("link", { name: "Playground" })).toBeNull();
});

test("the menu leads to it, and a key", async () => {
  await openApp("/nowhere");
  expect((await screen.findByRole("link", { name: "Playground" })).getAttribute("href")).toBe("/playground");
  await userEvent.keyboard("gp");
  await waitFor(() => expect(window.location.pathname).toBe("/playground"));
});

test("a form says what it means and what is wrong with it", () => {
  expect(readForm(FIRST)).toEqual({
    order: { rate: 20, seconds: 30, fail: 0.02, mix: { quick: 6, slow: 2, cpu: 1, retried: 1 } },
    errors: {},
    total: 600,
    shares: { quick: 0.6, slow: 0.2, cpu: 0.1, retried: 0.1 },
  });
  expect(readForm({ ...FIRST, rate: "1000", seconds: "101" }).errors).toEqual({
    rate: "That is 101,000 jobs; at most 100,000 are possible",
  });
  expect(readForm({ ...FIRST, rate: " ", fail: "101", slow: "1.5" }).errors).toEqual({
    rate: "Enter a number from 0.1 to 1,000",
    fail: "Enter a number from 0 to 100",
    slow: "Enter a whole number up to 100",
  });
  const none = readForm({ ...FIRST, quick: "", slow: "0", cpu: "", retried: "" });
  expect([none.order, none.errors]).toEqual([null, { mix: "Give at least one kind a weight" }]);
  expect(["/rate", "/mix/cpu", "/mix/other", "/mix", "/reason"].map(fieldOf)).toEqual([
    "rate",
    "cpu",
    "mix",
    "mix",
    undefined,
  ]);
});

test("rates are the growth of sums over the seconds before", () => {
  expect(ratesOf([0, 1, 2, 3, 4], [0, 10, 20, 20, 20])).toEqual([null, 10, 10, 5, 0]);
  expect(ratesOf([0, 10], [0, 5])).toEqual([null, 0.5]);
  expect(sharesOf({ quick: 3, slow: 0, cpu: 0, retried: 1 })).toEqual([
    { kind: "quick", share: 0.75 },
    { kind: "retried", share: 0.25 },
  ]);
});
