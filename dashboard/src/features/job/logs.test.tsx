import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, problem, storedAttempt, storedJob, storedLine } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  server.use(...api.handlers());
  api.jobs = [storedJob(1)];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const path = `/jobs/${idOf(1)}?tab=logs`;
const lines = async () => (await screen.findByRole("log")).textContent ?? "";

test("lines with their level, fields and traceback; colours are no text; what is missing is said", async () => {
  api.logs.set(idOf(1), [
    storedLine(1, { message: "\u001b[32mgreen\u001b[0m\u202e", fields: { page: 3, who: "ada" } }),
    storedLine(9, { level: "error", message: "failed", fields: { exception: "Traceback\nValueError: bad" } }),
    storedLine(1, { attempt: 2, lease_no: 2, message: "again" }),
  ]);
  await openApp(path);
  const text = await lines();
  expect(text).toContain("Attempt 1");
  expect(text).toMatch(/infogreen\\u202e {2}page=3 {2}who=ada/);
  expect(text).toContain("7 lines are not stored");
  expect(text).toMatch(/errorfailedTraceback\nValueError: bad/);
  expect(text).toMatch(/Attempt 2.*again$/);
  expect(screen.getByText("green").className).toContain("text-ansi-green");
  expect(await screen.findByRole("tab", { name: "Logs 3" })).toBeDefined();
});

test("level and text are a filter in the address, which can be cleared", async () => {
  api.logs.set(idOf(1), [storedLine(1, { message: "Begin" }), storedLine(2, { level: "warning", message: "slow" })]);
  await openApp(`${path}&log=warning`);
  expect(await lines()).not.toContain("Begin");
  await userEvent.type(screen.getByRole("searchbox", { name: "Search the log" }), "nothing");
  expect(await screen.findByText("No line matches")).toBeDefined();
  expect(new URLSearchParams(location.search).get("log")).toBe("warning =nothing");
  await userEvent.click(screen.getByRole("button", { name: "Show all lines" }));
  await waitFor(async () => expect(await lines()).toContain("Begin"));
  expect(new URLSearchParams(location.search).get("log")).toBeNull();
});

test("a job that logged nothing says what would be here, and when", async () => {
  await openApp(path);
  const panel = within(await screen.findByRole("tabpanel"));
  expect(await panel.findByText("No log lines")).toBeDefined();
  expect(panel.getByText(/^Lines of ctx\.log are kept if an attempt fails/)).toBeDefined();
});

test("a job that has not started has no count and says so", async () => {
  api.jobs = [storedJob(1, { state: "pending", attempts: [], attempts_total: 0, finished_at: null })];
  await openApp(path);
  expect(await screen.findByText(/^The job has not started\./)).toBeDefined();
  expect(screen.getByRole("tab", { name: "Logs" })).toBeDefined();
});

test("a failure says what, and is tried again", async () => {
  api.logs.set(idOf(1), [storedLine(1)]);
  const address = `${API}/jobs/${idOf(1)}/logs`;
  server.use(http.get(address, () => problem(503, "store_unavailable", "The store does not answer")));
  await openApp(path);
  expect(await screen.findByText("The store does not answer", undefined, { timeout: 8000 })).toBeDefined();
  server.resetHandlers(...api.handlers());
  await userEvent.click(within(screen.getByRole("alert")).getByRole("button", { name: /again|retry/i }));
  await waitFor(async () => expect(await lines()).toContain("line 1"));
}, 15_000);

test("of many lines, those in view are drawn, and all pages are read", async () => {
  api.logs.set(
    idOf(1),
    Array.from({ length: 1500 }, (_, n) => storedLine(n + 1)),
  );
  const asked: (string | null)[] = [];
  server.use(
    http.get(`${API}/jobs/:id/logs`, ({ request }) => {
      asked.push(new URL(request.url).searchParams.get("after"));
    }),
  );
  await openApp(path);
  await screen.findByRole("log");
  await waitFor(() => expect(asked.filter((after) => after !== null)).toEqual(["1.1000"]));
  expect(screen.getByRole("log").children[0]?.children.length ?? 0).toBeLessThan(200);
});

test("a role without the permission is told what it lacks", async () => {
  server.use(
    http.get(`${API}/jobs/${idOf(1)}/logs`, () => problem(403, "forbidden", "Your role does not permit payload:read")),
  );
  api.jobs = [storedJob(1, { attempts: [storedAttempt(1)] })];
  await openApp(path);
  expect(await screen.findByText("Your role does not permit payload:read")).toBeDefined();
});
