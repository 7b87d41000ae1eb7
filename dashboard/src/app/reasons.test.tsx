import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { boot } from "@/lib/boot";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, storedJob } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
let sent: unknown[];
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  boot.requires_reason = true;
  api = new JobsServer();
  sent = [];
  const note = async ({ request }: { request: Request }) => {
    sent.push(await request.clone().json());
  };
  server.use(http.post(`${API}/jobs/:act`, note), ...api.handlers());
});
afterEach(() => {
  boot.requires_reason = false;
  server.resetHandlers();
});
afterAll(() => server.close());

const path = `/jobs/${idOf(1)}`;

test("where the server requires a reason, even a retry waits for one", async () => {
  api.jobs = [storedJob(1, { state: "dead" })];
  await openApp(path);
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Retry 1 job?" }));
  const reason = dialog.getByRole("textbox", { name: /Reason/ });
  expect(reason.getAttribute("aria-required")).toBe("true");
  const verb = dialog.getByRole("button", { name: "Retry 1 job" });
  expect(verb.getAttribute("aria-disabled")).toBe("true");
  await userEvent.type(reason, "   {Enter}");
  expect(screen.queryByRole("dialog")).not.toBeNull();
  await userEvent.type(reason, "provider is back{Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(await screen.findByText("Retried send_email")).toBeDefined();
  expect(sent).toEqual([{ ids: [idOf(1)], reason: "provider is back" }]);
});

test("a question that is left does nothing", async () => {
  api.jobs = [storedJob(1, { state: "dead" })];
  await openApp(path);
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  await screen.findByRole("dialog", { name: "Retry 1 job?" });
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(api.writes).toEqual([]);
});

test("where none is required, a retry is done at once, and a cancel asks without insisting", async () => {
  boot.requires_reason = false;
  api.jobs = [storedJob(1, { state: "dead" }), storedJob(2, { state: "scheduled", finished_at: null })];
  await openApp(path);
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  expect(await screen.findByText("Retried send_email")).toBeDefined();
  await openApp(`/jobs/${idOf(2)}`);
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Cancel 1 job?" }));
  expect(dialog.getByText("optional")).toBeDefined();
  await userEvent.click(dialog.getByRole("button", { name: "Cancel 1 job" }));
  await waitFor(() => expect(api.writes).toEqual([`retry ${idOf(1)}`, `cancel ${idOf(2)}`]));
  expect(sent.at(-1)).toEqual({ ids: [idOf(2)], reason: null });
});

/** Requests that change something and are no acts on others' work. */
const NO_ACTS = ["/api/v1/jobs", "/api/v1/jobs/count", "/api/v1/session", "/api/v1/demo/jobs", "/api/v1/views"];

test("every act of the page sends a reason", () => {
  const calls: string[] = [];
  const without: string[] = [];
  for (const entry of readdirSync("src", { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(entry) || entry.includes(".test.")) continue;
    const text = readFileSync(join("src", entry), "utf8");
    for (const { index } of text.matchAll(/client\.(POST|PATCH|PUT|DELETE)\(/g)) {
      const [, to = ""] = /\(["`]([^"`]+)["`]/.exec(text.slice(index)) ?? [];
      // The function around it: from its beginning, or the one before it, to the end of the call.
      const around = text.slice(Math.max(text.lastIndexOf("\nexport ", index), 0), text.indexOf(");", index));
      calls.push(to);
      const known = NO_ACTS.some((path) => to === path || (path === "/api/v1/views" && to.startsWith(path)));
      if (!known && !/reason|dry_run: true/.test(around)) without.push(`${entry}: ${to}`);
    }
  }
  expect(calls.length).toBeGreaterThan(15);
  expect(without).toEqual([]);
});
