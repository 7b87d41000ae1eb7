import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { zoneChoice } from "@/lib/zone";
import { openApp, setWidth } from "@/test/app";
import { API, ERROR, idOf, JobsServer, problem, storedAttempt, storedJob } from "@/test/jobs";
import { NO_WAIT, storedWait } from "@/test/rows";
import { currentToasts, dismissToast } from "@/ui/toast";

const server = setupServer();
let api: JobsServer;
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  server.use(...api.handlers());
});
afterEach(() => {
  server.resetHandlers();
  for (const { id } of currentToasts()) dismissToast(id);
});
afterAll(() => server.close());

const JOB = `${API}/jobs/${idOf(1)}`;
const path = `/jobs/${idOf(1)}`;
const content = () => screen.getByRole("tabpanel").textContent ?? "";
/** Answer with JSON as it was written: digits that JavaScript has not. */
const answerText = (text: string) =>
  server.use(http.get(JOB, () => new HttpResponse(text, { headers: { "content-type": "application/json" } })));

function deadJob() {
  return storedJob(1, {
    task: "webhook.deliver",
    state: "dead",
    reason: "attempts_exhausted",
    attempt: 2,
    max_attempts: 2,
    result: null,
    error: ERROR,
    attempts: [
      storedAttempt(1, {
        waited: 0.5,
        started_at: "2026-11-30T12:00:01.500Z",
        finished_at: "2026-11-30T12:00:11.500Z",
        outcome: "failed",
        error: ERROR,
      }),
      storedAttempt(2, {
        waited: 2,
        started_at: "2026-11-30T12:00:13.500Z",
        finished_at: "2026-11-30T12:00:23.500Z",
        outcome: "failed",
        error: ERROR,
      }),
    ],
    attempts_total: 2,
    finished_at: "2026-11-30T12:00:23.500Z",
  });
}

test("a dead job: error, own frames open, those of libraries folded, what happened", async () => {
  api.jobs = [deadJob()];
  await openApp(path);
  expect(await screen.findByRole("heading", { level: 1, name: "webhook.deliver" })).toBeDefined();
  const text = content();
  expect(text).toContain("httpx.ConnectTimeout");
  expect(text).toContain("attempt 2 of 2");
  expect(text).toContain("response = await client.post(url)");
  expect(text).not.toContain("return await self.request(");
  await userEvent.click(screen.getByRole("button", { name: "1 library frame" }));
  expect(content()).toContain("return await self.request(");
  const steps = screen.getAllByRole("listitem").map((item) => item.textContent);
  expect(steps.slice(-3).map((step) => step?.replace(/\d\d:\d\d:\d\d\.\d+$/, ""))).toEqual([
    "Enqueued",
    "Attempt 1 failed on 7c1f20aawaited 500 ms · ran 10 s",
    "Attempt 2 failed on 7c1f20aawaited 2.0 s · ran 10 s",
  ]);
  expect(screen.getByRole("img", { name: /^Time line: waited 500 ms, failed after 10 s,/ })).toBeDefined();
});

test("on a narrow page the name of the task stands below the header, as a whole", async () => {
  setWidth(360);
  api.jobs = [deadJob()];
  await openApp(path);
  expect(await screen.findByRole("heading", { level: 2, name: "webhook.deliver" })).toBeDefined();
  expect(screen.getByRole("heading", { level: 1, name: "Job" })).toBeDefined();
  expect(document.title).toContain("webhook.deliver");
});

test("a job that waits says for what, and a paused queue is resumed where one reads it", async () => {
  zoneChoice.set("Asia/Tokyo");
  api.jobs = [storedJob(1, { state: "pending", attempts: [], attempts_total: 0, finished_at: null, result: null })];
  const text = "queue 'mail' is paused since 2026-11-30 12:00:00 UTC by cli:ada (deploy)";
  api.why = storedWait({
    code: "paused",
    text,
    fix: "taskflow queues resume mail",
    paused_at: "2026-11-30T12:00:00Z",
    paused_by: "cli:ada",
    reason: "deploy",
  });
  const resumed: string[] = [];
  server.use(
    http.post(`${API}/queues/:name/resume`, async ({ params, request }) => {
      resumed.push(`${params.name} ${((await request.json()) as { reason: string }).reason}`);
      const fix = "start one: taskflow worker [APP] --queues mail";
      api.why = storedWait({ code: "no_worker", text: "no worker is alive", fix });
      return HttpResponse.json({ name: params.name });
    }),
  );
  await openApp(path);
  const paused = (await screen.findByText(/^Queue mail is paused by cli:ada since/)).closest("p");
  expect(paused?.textContent).toBe("Queue mail is paused by cli:ada since 30 Nov, 21:00 (deploy).");
  expect(screen.getByText("Ahead of it: 1,204 jobs")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Resume queue" }));
  const dialog = await screen.findByRole("dialog", { name: "Resume mail?" });
  await userEvent.type(within(dialog).getByLabelText(/Reason/), "deployed{Enter}");
  expect(await screen.findByText("No worker is alive.")).toBeDefined();
  expect(resumed).toEqual(["mail deployed"]);
  expect(screen.getByText("start one: taskflow worker [APP] --queues mail")).toBeDefined();
  expect(screen.queryByRole("button", { name: "Resume queue" })).toBeNull();
});

test("a job that has ended waits for nothing, and is not asked", async () => {
  api.jobs = [deadJob()];
  const asked: string[] = [];
  server.use(
    http.get(`${API}/jobs/:id/why`, ({ params }) => {
      asked.push(String(params.id));
      return HttpResponse.json(NO_WAIT);
    }),
  );
  await openApp(path);
  expect(await screen.findByRole("heading", { level: 1, name: "webhook.deliver" })).toBeDefined();
  expect(screen.queryByText("Why it waits")).toBeNull();
  expect(asked).toEqual([]);
});

test.each([
  [{ ahead: 1204, eta_seconds: 40 }, "Ahead of it: 1,204 jobs · about 40 s"],
  [{ ahead: 10_000, ahead_exact: false, eta_seconds: 422 }, "Ahead of it: 10K+ jobs · more than 7 m"],
  [{ ahead: 1, eta_seconds: null }, "Ahead of it: 1 job · how long that takes is not known"],
  [{ ahead: 0, eta_seconds: 0 }, "No job is ahead of it · it is about to start"],
])("a ready job says its place and about how long it waits: %o", async (place, said) => {
  api.jobs = [storedJob(1, { state: "pending", attempts: [], attempts_total: 0, finished_at: null, result: null })];
  api.why = storedWait({ code: "turn", text: "it is ready", stuck: false }, place);
  await openApp(path);
  expect(await screen.findByText(said)).toBeDefined();
});

test("a job that is not ready has no place", async () => {
  api.jobs = [storedJob(1, { state: "scheduled", attempts: [], attempts_total: 0, finished_at: null, result: null })];
  api.why = storedWait({ code: "due", text: "it is scheduled", stuck: false }, { ahead: null });
  await openApp(path);
  expect(await screen.findByText("It is scheduled.")).toBeDefined();
  expect(screen.queryByText(/ahead of it/i)).toBeNull();
});

test("attempts: newest first, each with its own error", async () => {
  api.jobs = [deadJob()];
  await openApp(`${path}?tab=attempts`);
  const table = within(await screen.findByRole("table"));
  expect(table.getAllByRole("row").map((line) => line.textContent?.slice(0, 8))).toEqual([
    "AttemptE",
    "2failedC",
    "1failedC",
  ]);
  await userEvent.click(table.getByRole("button", { name: /of attempt 1$/ }));
  const opened = within(table.getByRole("button", { name: "Copy traceback" }).closest("section") as HTMLElement);
  expect(opened.getByText("attempt 1")).toBeDefined();
  expect(opened.getByText("httpx.ConnectTimeout")).toBeDefined();
  expect(table.getByRole("button", { name: /of attempt 1$/ }).getAttribute("aria-expanded")).toBe("true");
});

test("a payload is text, with every digit and in its order", async () => {
  const stored = storedJob(1, { args: {}, meta: { a: 1 }, result: null });
  const text = JSON.stringify(stored).replace('"args":{}', '"args":{"b":9007199254740993,"10":1.10,"2":1e3}');
  answerText(text);
  await openApp(`${path}?tab=payload`);
  await screen.findByRole("tab", { name: "Payload", selected: true });
  await waitFor(() => expect(content()).toContain('"b": 9007199254740993,\n  "10": 1.10,\n  "2": 1e3'));
  expect(content()).toContain('"a": 1');
});

test("a hostile payload is text and nothing else", async () => {
  api.jobs = [
    storedJob(1, {
      args: { to: '<img src=x onerror="alert(1)">', rtl: "\u202eexe.gpj", bell: "\u0007" },
      tags: ["<b>x</b>"],
      error: { type: "<i>E</i>", message: "<script>alert(1)</script>\u202e", traceback: "" },
      state: "dead",
    }),
  ];
  await openApp(path);
  await waitFor(() => expect(content()).toContain('<img src=x onerror=\\"alert(1)\\">'));
  expect(content()).toContain("\\u202eexe.gpj");
  expect(content()).toContain("<script>alert(1)</script>\\u202e");
  expect(document.querySelector("main img[src], main script, main b, main i")).toBeNull();
  expect(document.body.textContent).not.toContain("\u202e");
});

test("200 kB are cut until they are asked for", async () => {
  api.jobs = [storedJob(1, { args: { blob: "x".repeat(200_000) } })];
  await openApp(`${path}?tab=payload`);
  const all = await screen.findByRole("button", { name: "Show all of 200 kB" });
  expect(content().length).toBeLessThan(25_000);
  await userEvent.click(all);
  expect(content().length).toBeGreaterThan(200_000);
});

test("there is no such job, and why that may be", async () => {
  await openApp(path);
  expect(await screen.findByText("No such job")).toBeDefined();
  expect(screen.getByText(/its retention is over/)).toBeDefined();
});

test("a job that may not be read says who could", async () => {
  server.use(http.get(JOB, () => problem(403, "forbidden", "Needs jobs:read.")));
  await openApp(path);
  expect(await screen.findByText("You may not read this job")).toBeDefined();
  expect(screen.getByText(/Needs jobs:read\. .*Ask an admin/)).toBeDefined();
});

test("a failure can be tried again", async () => {
  api.jobs = [deadJob()];
  server.use(http.get(JOB, () => problem(503, "busy", "The server is busy"), { once: true }));
  await openApp(path);
  await userEvent.click(within(await screen.findByRole("alert")).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("heading", { level: 1, name: "webhook.deliver" })).toBeDefined();
});

test("deleted while it is open, it says so and offers nothing more", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  api.jobs = [deadJob()];
  await openApp(path);
  await screen.findByRole("heading", { level: 1, name: "webhook.deliver" });
  api.jobs = [];
  await act(() => vi.advanceTimersByTimeAsync(5000));
  expect(await screen.findByText("This job was deleted")).toBeDefined();
  expect(content()).toContain("httpx.ConnectTimeout");
  expect(screen.getByRole("button", { name: "Retry" }).getAttribute("aria-disabled")).toBe("true");
});

test("a running job counts, shows its progress, and ends under the reader", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const began = new Date(Date.now() - 60_000).toISOString();
  const running = storedJob(1, {
    state: "running",
    created_at: began,
    run_at: began,
    started_at: began,
    finished_at: null,
    result: null,
    progress: { value: 0.42, text: "page 3 of 9" },
    attempts: [storedAttempt(1, { started_at: began, outcome: "running" })],
  });
  api.jobs = [running];
  await openApp(path);
  await waitFor(() => expect(content()).toMatch(/running for 1 m 0\d s/));
  expect(content()).toContain("42 %");
  expect(content()).toContain("page 3 of 9");
  const ended = new Date().toISOString();
  api.set(idOf(1), {
    state: "completed",
    finished_at: ended,
    progress: null,
    result: { ok: true },
    attempts: [storedAttempt(1, { started_at: began, finished_at: ended })],
  });
  await act(() => vi.advanceTimersByTimeAsync(5000));
  await waitFor(() => expect(content()).toContain("Attempt 1 completed"));
  expect(content()).toContain('"ok": true');
});

test("keys of the page: r retries, Delete asks, y copies the id", async () => {
  api.jobs = [deadJob()];
  const user = userEvent.setup();
  await openApp(path);
  await screen.findByRole("heading", { level: 1, name: "webhook.deliver" });
  await user.keyboard("y");
  expect(await screen.findByText("Id copied")).toBeDefined();
  expect(await navigator.clipboard.readText()).toBe(idOf(1));
  await user.keyboard("{Delete}");
  const dialog = await screen.findByRole("dialog", { name: "Delete 1 job?" });
  await user.click(within(dialog).getByRole("button", { name: "Back" }));
  await user.keyboard("r");
  expect(await screen.findByText("Retried webhook.deliver")).toBeDefined();
  expect(api.writes).toEqual([`retry ${idOf(1)}`]);
  await waitFor(() => expect(content()).toContain("Round 2 retried by hand"));
});

test("it is copied as a command", async () => {
  api.jobs = [deadJob()];
  const user = userEvent.setup();
  await openApp(path);
  await user.click(await screen.findByRole("button", { name: "More actions" }));
  await user.click(await screen.findByRole("menuitem", { name: "CLI" }));
  await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(`taskflow jobs show ${idOf(1)}`));
});
