import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Bulk } from "@/api/bulks";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API, idOf, problem } from "@/test/jobs";
import { queueRow } from "@/test/rows";

const sent: unknown[] = [];
const asked: string[] = [];
const queue = queueRow("mail", { states: { pending: 1204, scheduled: 12, retrying: 0, running: 2 } });
let bulks: Bulk[];

const server = setupServer(
  http.get(`${API}/queues`, () => HttpResponse.json({ items: [queue], next: null })),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
  http.get(`${API}/tasks`, () => HttpResponse.json({ items: [], next: null })),
  http.get(`${API}/workers`, () => HttpResponse.json({ items: [] })),
  http.get(`${API}/stats/series`, () => HttpResponse.json({ since: "", until: "", step: 60, times: [], series: [] })),
  http.get(`${API}/bulk`, () => HttpResponse.json({ items: bulks, next: null })),
  http.post(`${API}/jobs/count`, async ({ request }) => {
    const { q } = (await request.json()) as { q: string };
    asked.push(q);
    return HttpResponse.json(q.endsWith("dead") ? { value: 5, exact: true } : { value: 10_000, exact: false });
  }),
  http.post(`${API}/queues/:name/purge`, async ({ request }) => {
    sent.push(await request.json());
    const bulk: Bulk = {
      id: idOf(1),
      action: "purge",
      state: "waiting",
      q: "queue:mail state:pending",
      reason: null,
      actor: "ada",
      rate: null,
      created_at: new Date().toISOString(),
      undo_until: new Date(Date.now() + 8000).toISOString(),
      started_at: null,
      finished_at: null,
      total: 0,
      collected: false,
      done: 0,
      failed: 0,
      outcomes: {},
      problem: null,
      params: null,
    };
    bulks = [bulk];
    return HttpResponse.json(bulk, { status: 202 });
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  bulks = [];
  sent.length = 0;
  asked.length = 0;
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

async function openDialog() {
  await openApp("/queues");
  await userEvent.click(await screen.findByRole("button", { name: "More about mail" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Purge…" }));
  return within(await screen.findByRole("dialog", { name: "Purge mail?" }));
}

test("it says how many of which states go, and asks for the name", async () => {
  const dialog = await openDialog();
  expect(dialog.getByText(/2 jobs are running and go on\./)).toBeDefined();
  expect(dialog.getByRole("checkbox", { name: "Pending, 1,204" }).getAttribute("aria-checked")).toBe("true");
  expect(dialog.getByRole("checkbox", { name: "Scheduled, 12" })).toBeDefined();
  expect((await dialog.findByRole("checkbox", { name: "Dead, 5" })).getAttribute("aria-checked")).toBe("false");
  expect(await dialog.findByRole("checkbox", { name: "Completed, 10K+" })).toBeDefined();
  expect(asked.sort()).toEqual(["cancelled", "completed", "dead"].map((state) => `queue:mail state:${state}`));
  const button = dialog.getByRole("button", { name: "Purge 1,216 jobs" });
  await userEvent.click(button);
  expect(sent).toEqual([]);
  await userEvent.type(dialog.getByLabelText("Type mail to confirm"), "mail");
  await userEvent.type(dialog.getByLabelText(/Reason/), "sent twice");
  await userEvent.click(button);
  expect(sent).toEqual([{ confirm: "mail", states: ["pending", "scheduled", "retrying"], reason: "sent twice" }]);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(await screen.findAllByText(/Purging jobs/)).toBeDefined();
  expect(screen.getAllByRole("button", { name: "Undo" }).length).toBeGreaterThan(0);
});

test("the number on the button is that of the chosen states; without a job there is nothing to do", async () => {
  const dialog = await openDialog();
  await userEvent.click(await dialog.findByRole("checkbox", { name: "Dead, 5" }));
  expect(dialog.getByRole("button", { name: "Purge 1,221 jobs" })).toBeDefined();
  await userEvent.click(dialog.getByRole("checkbox", { name: "Completed, 10K+" }));
  expect(dialog.getByRole("button", { name: "Purge 11,221 or more jobs" })).toBeDefined();
  for (const name of ["Pending, 1,204", "Scheduled, 12", "Dead, 5", "Completed, 10K+"]) {
    await userEvent.click(dialog.getByRole("checkbox", { name }));
  }
  await userEvent.type(dialog.getByLabelText("Type mail to confirm"), "mail");
  const button = dialog.getByRole("button", { name: "Purge 0 jobs" });
  expect(button.getAttribute("aria-disabled")).toBe("true");
});

test("what the server refuses is said, and the dialog stays", async () => {
  server.use(http.post(`${API}/queues/:name/purge`, () => problem(503, "store_unavailable", "The store is away.")));
  const dialog = await openDialog();
  await userEvent.type(dialog.getByLabelText("Type mail to confirm"), "mail");
  await userEvent.click(dialog.getByRole("button", { name: "Purge 1,216 jobs" }));
  expect((await dialog.findByRole("alert")).textContent).toContain("The store is away.");
});

test("an operator is told what is missing", async () => {
  setSession({ ...session(), permissions: ["jobs:read", "queues:read", "queues:write"] });
  await openApp("/queues");
  await userEvent.click(await screen.findByRole("button", { name: "More about mail" }));
  const item = await screen.findByRole("menuitem", { name: /Purge…/ });
  expect(item.getAttribute("aria-disabled")).toBe("true");
  expect(item.textContent).toContain("queues:purge");
});
