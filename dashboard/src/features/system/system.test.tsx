import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { System } from "@/api/system";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API, problem } from "@/test/jobs";

const SYSTEM: System = {
  as_of: "2026-01-31T12:00:00Z",
  server: { version: "1.2.3", python: "3.12.8", host: "ops-1", pid: 4711, started_at: "2026-01-31T10:00:00Z" },
  store: {
    ...{ url: "postgresql://shop@db/shop", engine: "PostgreSQL", engine_version: "16.4", schema_version: 17 },
    ...{ pending: ["0018_more"], bytes: 734_003_200, free_bytes: null, log_bytes: null, xid_age: 1_204_311 },
    tables: [{ name: "job", bytes: 412_090_368, rows: 1_204_000, dead_rows: 311 }],
  },
  duties: [
    {
      name: "pruner",
      runs_on: "one",
      ran_at: "2026-01-31T11:59:00Z",
      ran_by: { host: "worker-1", pid: 4711, program: "taskflow worker" },
      failed_at: null,
      problem: null,
    },
    {
      name: "stager",
      runs_on: "each",
      ran_at: null,
      ran_by: null,
      failed_at: "2026-01-31T11:58:00Z",
      problem: "no space left",
    },
  ],
  nodes: [{ host: "worker-1", workers: 2, slots: 100, running: 12, versions: ["1.2.2", "1.2.3"] }],
  settings: [
    { name: "TASKFLOW_API_KEYS", value: "1 of role owner", source: "file", secret: true },
    { name: "TASKFLOW_PORT", value: "8000", source: "default", secret: false },
  ],
  checks: [
    { name: "schema", verdict: "OK", detail: "version 17", fix: null },
    { name: "duties", verdict: "WARN", detail: "failed: the stager", fix: "fix the cause" },
  ],
  feed: { streams: 3, most_streams: 200, current: true },
};

let answer: () => Response;
const server = setupServer(
  http.get(`${API}/system`, () => answer()),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => setSession(first));
afterAll(() => server.close());

const textOf = async (name: string) => (await screen.findByRole("region", { name })).textContent ?? "";

test("it shows the store, the duties, the nodes and the settings, what is wrong first", async () => {
  answer = () => HttpResponse.json(SYSTEM);
  await openApp("/system");
  const checks = within(await screen.findByRole("list", { name: "Checks" })).getAllByRole("listitem");
  expect(checks[0]?.textContent).toBe("Warningdutiesfailed: the stagerfix the cause");
  expect(await textOf("Health")).toContain("1 check needs attention");
  expect(await textOf("This server")).toContain("3 of 200 streams");
  const store = await textOf("Store");
  expect(store).toContain("PostgreSQL 16.4");
  expect(store).toContain("Version 17, 1 migration pending");
  expect(store).not.toContain("Write-ahead log");
  expect(await textOf("Tables")).toContain("job");
  expect(await textOf("Periodic duties")).toContain("Fails: no space left");
  expect(await textOf("Nodes")).toContain("12 of 100");
  const settings = await textOf("Settings");
  expect(settings).toContain("TASKFLOW_API_KEYS1 of role ownernot shownFile");
  expect(settings).toContain("TASKFLOW_PORT8000Default");
});

test("a store in a file has no tables to show, and a store without workers no nodes", async () => {
  const store = { ...SYSTEM.store, engine: "SQLite", tables: [], xid_age: null, log_bytes: 4096, free_bytes: 0 };
  answer = () => HttpResponse.json({ ...SYSTEM, store, nodes: [], checks: SYSTEM.checks.slice(0, 1) });
  await openApp("/system");
  expect(await textOf("Health")).toContain("All checks passed");
  expect(await textOf("Store")).toContain("Write-ahead log");
  expect(screen.queryByRole("region", { name: "Tables" })).toBeNull();
  expect(await textOf("Nodes")).toContain("No worker is alive");
});

test("an error says so, and the page is there after another try", async () => {
  answer = () => problem(503, "store_unavailable", "The store is unreachable");
  await openApp("/system");
  await screen.findByText("Could not load the system", {}, { timeout: 10_000 });
  answer = () => HttpResponse.json(SYSTEM);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await textOf("Store")).toContain("PostgreSQL");
}, 15_000);

test("a role without the permission is told which one can, and nothing is asked", async () => {
  let asked = 0;
  answer = () => {
    asked++;
    return HttpResponse.json(SYSTEM);
  };
  setSession({ ...first, role: "admin", permissions: ["jobs:read"] });
  await openApp("/system");
  await screen.findByText("The system page needs another role");
  expect(screen.getByRole("main").textContent).toContain("Needs system:read; your role is admin");
  await waitFor(() => expect(asked).toBe(0));
});
