import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Bulk } from "@/api/bulks";
import { keys } from "@/api/queries";
import { session, setSession } from "@/lib/session";
import { zoneChoice } from "@/lib/zone";
import { openApp } from "@/test/app";
import { API, idOf, storedJob } from "@/test/jobs";
import { currentToasts, dismissToast } from "@/ui/toast";
import { formsOf } from "./forms";
import { undoIn } from "./undo";

let bulks: Bulk[];
let counted: { value: number; exact: boolean };
const sent: { path: string; body: unknown; key: string | null }[] = [];

function bulkOf(n: number, more: Partial<Bulk> = {}): Bulk {
  return {
    id: idOf(n),
    action: "delete",
    state: "running",
    q: "state:dead",
    reason: null,
    actor: "ada",
    rate: null,
    created_at: "2026-11-30T12:00:00Z",
    undo_until: null,
    started_at: "2026-11-30T12:00:08Z",
    finished_at: null,
    total: 3412,
    collected: true,
    done: 1499,
    failed: 1,
    outcomes: { deleted: 1499, changed: 1 },
    problem: null,
    params: null,
    ...more,
  };
}

const row = { ...storedJob(1, { state: "dead" }), args_preview: '{"to":"user1"}' };
const server = setupServer(
  http.get(`${API}/bulk`, () => HttpResponse.json({ items: bulks, next: null })),
  http.get(`${API}/bulk/:id`, ({ params }) => HttpResponse.json(bulks.find(({ id }) => id === params.id))),
  http.get(`${API}/bulk/:id/results`, ({ request }) => {
    const failed = new URL(request.url).searchParams.get("failed") === "true";
    const left = { id: idOf(8), outcome: "changed", ok: false };
    return HttpResponse.json({
      items: failed ? [left] : [{ id: idOf(7), outcome: "deleted", ok: true }, left],
      next: null,
    });
  }),
  http.post(`${API}/bulk/:id/:act`, ({ params }) => {
    sent.push({ path: `${params.act}`, body: null, key: null });
    const state = params.act === "undo" ? "undone" : "stopped";
    bulks = bulks.map((one) => (one.id === params.id ? { ...one, state } : one));
    return HttpResponse.json(bulks.find(({ id }) => id === params.id));
  }),
  http.post(`${API}/bulk`, async ({ request }) => {
    const body = (await request.json()) as { dry_run?: boolean };
    if (body.dry_run) return HttpResponse.json({ matched: counted, sample: [row] });
    sent.push({ path: "bulk", body, key: request.headers.get("Idempotency-Key") });
    const undo_until = new Date(Date.now() + 8000).toISOString();
    bulks = [bulkOf(9, { state: "waiting", total: 0, collected: false, done: 0, failed: 0, undo_until }), ...bulks];
    return HttpResponse.json(bulks[0], { status: 202 });
  }),
  http.post(`${API}/jobs/count`, () => HttpResponse.json(counted)),
  http.get(`${API}/jobs`, () =>
    HttpResponse.json({ items: [row], next: null, looked_at: 1, looked_until: null, complete: true }),
  ),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: { dead: 1 }, queues: {}, as_of: "", exact: true })),
  http.get(`${API}/stats/series`, () => HttpResponse.json({ at: [], series: [], left_out: 0, step: 60 })),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setSession(first);
  sent.length = 0;
  counted = { value: 3412, exact: true };
  bulks = [bulkOf(1)];
  for (const { id } of currentToasts()) dismissToast(id);
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const region = () => screen.findByRole("region", { name: "Bulk operations in progress" });

test("from one row to all that match, with a reason, and back", async () => {
  const { queryClient } = await openApp("/jobs?state=dead&q=task:send_*");
  await userEvent.click(await screen.findByRole("checkbox", { name: /^Select send_email/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Select all 3,412 that match" }));
  const bar = screen.getByRole("region", { name: "All 3,412 that match" });
  expect(within(bar).getByRole("button", { name: "Cancel" }).getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(within(bar).getByRole("button", { name: "Delete" }));
  const dialog = await screen.findByRole("dialog", { name: "Delete 3,412 jobs?" });
  expect(within(dialog).getByText("state:dead task:send_*")).toBeDefined();
  expect(within(dialog).getByText("and 3,411 more")).toBeDefined();
  await userEvent.type(within(dialog).getByLabelText(/^Rate/), "0");
  await userEvent.type(within(dialog).getByLabelText(/^Reason/), "sent by hand{Enter}");
  expect(within(dialog).getByText("A whole number from 1 to 100,000.")).toBeDefined();
  expect(sent).toEqual([]);
  await userEvent.clear(within(dialog).getByLabelText(/^Rate/));
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete 3,412 jobs" }));
  expect(await within(await region()).findByText(/^Deleting jobs in \d s$/)).toBeDefined();
  expect(sent[0]?.body).toEqual({ action: "delete", q: "state:dead task:send_*", reason: "sent by hand", rate: null });
  expect(sent[0]?.key).toMatch(/^[\w-]{22}$/);
  expect(screen.queryByRole("region", { name: "All 3,412 that match" })).toBeNull();
  expect(currentToasts().map(({ title }) => title)).toEqual(["Deleting jobs"]);
  await userEvent.click(within(await region()).getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(currentToasts().map(({ title }) => title)).toEqual(["Undone: no job was touched"]));
  expect(sent.at(-1)?.path).toBe("undo");
  expect(queryClient.getQueryData<{ items: Bulk[] }>(keys.bulks())?.items[0]?.state).toBe("undone");
});

test("selected jobs, or all that match, are put off to a time of the zone that is shown", async () => {
  zoneChoice.set("Asia/Tokyo");
  const { router } = await openApp("/jobs");
  await userEvent.click(await screen.findByRole("checkbox", { name: /^Select send_email/ }));
  const bar = screen.getByRole("region", { name: "1 selected" });
  // The row is of a dead job.
  expect(within(bar).getByRole("button", { name: "Reschedule" }).getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(await screen.findByRole("button", { name: "Select all 3,412 that match" }));
  await userEvent.click(screen.getByRole("button", { name: "Reschedule" }));
  const dialog = await screen.findByRole("dialog", { name: "Reschedule 3,412 jobs?" });
  const due = within(dialog).getByLabelText("Due at");
  await userEvent.clear(due);
  await userEvent.click(within(dialog).getByRole("button", { name: "Reschedule 3,412 jobs" }));
  expect(within(dialog).getByText("Give a time.")).toBeDefined();
  expect(sent).toEqual([]);
  fireEvent.change(due, { target: { value: "2100-01-02T16:30" } });
  await userEvent.click(within(dialog).getByRole("button", { name: "Reschedule 3,412 jobs" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent[0]?.body).toEqual({
    ...{ action: "reschedule", q: "", params: { run_at: "2100-01-02T07:30:00.000Z" } },
    ...{ reason: null, rate: null },
  });
  expect(router.state.location.pathname).toBe("/jobs");
});

test("all that match are moved to another queue or priority, of which one is needed", async () => {
  server.use(http.get(`${API}/queues`, () => HttpResponse.json({ items: [], next: null })));
  await openApp("/jobs");
  await userEvent.click(await screen.findByRole("checkbox", { name: /^Select send_email/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Select all 3,412 that match" }));
  await userEvent.click(screen.getByRole("button", { name: "Move" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Move 3,412 jobs?" }));
  const run = () => userEvent.click(dialog.getByRole("button", { name: "Move 3,412 jobs" }));
  await run();
  expect(dialog.getByText("Give a queue, a priority, or both")).toBeDefined();
  await userEvent.type(dialog.getByLabelText("Priority"), "1e2");
  expect(dialog.getByText("A whole number from -100 to 100.")).toBeDefined();
  await run();
  expect(sent).toEqual([]);
  await userEvent.clear(dialog.getByLabelText("Priority"));
  await userEvent.type(dialog.getByLabelText("Priority"), "0");
  await userEvent.type(dialog.getByLabelText("Queue"), "imports");
  expect(await dialog.findByText("No queue has this name yet: it is created.")).toBeDefined();
  await run();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent[0]?.body).toEqual({
    ...{ action: "move", q: "", params: { queue: "imports", priority: 0 } },
    ...{ reason: null, rate: null },
  });
});

test("a number that is not exact is said so, and nothing that matches cannot be done", async () => {
  counted = { value: 10_000, exact: false };
  await openApp("/jobs?state=dead");
  await userEvent.click(await screen.findByRole("checkbox", { name: /^Select send_email/ }));
  await userEvent.click(await screen.findByRole("button", { name: "Select all 10K+ that match" }));
  counted = { value: 10_000, exact: false };
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  const dialog = await screen.findByRole("dialog", { name: "Retry all that match?" });
  expect(await within(dialog).findByText("At least 10,000 jobs match; all of them are meant.")).toBeDefined();
  expect(within(dialog).getByRole("button", { name: "Retry 10,000 or more jobs" })).toBeDefined();
  await userEvent.click(within(dialog).getByRole("button", { name: "Back" }));
  counted = { value: 0, exact: true };
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  const none = await screen.findByRole("dialog", { name: "Retry 0 jobs?" });
  expect(within(none).getByRole("button", { name: "Retry 0 jobs" }).getAttribute("aria-disabled")).toBe("true");
});

test("an operation is listed with its progress, its results and a stop", async () => {
  const { router } = await openApp("/bulk");
  await userEvent.click(await screen.findByRole("link", { name: "Delete" }));
  const drawer = await screen.findByRole("dialog");
  expect(within(drawer).getByText("1,500 of 3,412")).toBeDefined();
  const outcomes = within(drawer).getByRole("list", { name: "What became of the jobs" });
  expect(
    within(outcomes)
      .getAllByRole("listitem")
      .map((item) => item.textContent),
  ).toEqual(["Deleted1,499", "Left: its state had changed1"]);
  expect(await within(drawer).findByText(idOf(7))).toBeDefined();
  await userEvent.click(within(drawer).getByRole("button", { name: "Left" }));
  await waitFor(() => expect(within(drawer).queryByText(idOf(7))).toBeNull());
  expect(router.state.location.search).toEqual({ id: idOf(1), show: "left" });
  await userEvent.click(within(drawer).getByRole("button", { name: "Stop" }));
  expect(await within(drawer).findByText("Stopped")).toBeDefined();
  await waitFor(() =>
    expect(currentToasts().map(({ title }) => title)).toEqual(["Stopped after 1,499 jobs; the others are untouched"]),
  );
});

test("without an operation the page says what one is; an error keeps what was there", async () => {
  bulks = [];
  const { queryClient } = await openApp("/bulk");
  expect(await screen.findByText("No bulk operation yet")).toBeDefined();
  server.use(
    http.get(`${API}/bulk`, () =>
      HttpResponse.json({ title: "x", status: 503, code: "store_unavailable", detail: "away" }, { status: 503 }),
    ),
  );
  await queryClient.invalidateQueries({ queryKey: keys.bulks() });
  expect(await screen.findByText("Could not load bulk operations")).toBeDefined();
  expect(screen.getByText("No bulk operation yet")).toBeDefined();
});

test("a viewer sees progress and is told why there is no stop", async () => {
  setSession({ ...first, role: "viewer", permissions: ["jobs:read", "payload:read"] });
  await openApp("/bulk");
  await screen.findByRole("link", { name: "Delete" });
  const stop = within(await region()).getByRole("button", { name: "Stop" });
  expect(stop.getAttribute("aria-disabled")).toBe("true");
});

test("the same for a terminal and for a program", () => {
  expect(formsOf({ action: "delete", q: "state:dead task:send_*" }, "by hand", 50)).toEqual({
    curl: `curl -X POST -H 'Content-Type: application/json' -d '{"action":"delete","q":"state:dead task:send_*","reason":"by hand","rate":50}' http://localhost:3000/api/v1/bulk`,
    cli: "taskflow jobs delete --filter 'state:dead task:send_*' --reason 'by hand' --rate 50",
    python: 'app.jobs.delete_matching("state:dead task:send_*", reason="by hand", rate=50)',
  });
  const at = "2100-01-02T07:30:00.000Z";
  expect(formsOf({ action: "reschedule", q: "queue:mail" }, "", null, { run_at: at })).toEqual({
    curl: `curl -X POST -H 'Content-Type: application/json' -d '{"action":"reschedule","q":"queue:mail","params":{"run_at":"${at}"}}' http://localhost:3000/api/v1/bulk`,
    cli: `taskflow jobs reschedule --filter queue:mail --at ${at}`,
    python: `app.jobs.reschedule_matching("queue:mail", datetime.fromisoformat("${at}"))`,
  });
  const ids = { action: "reschedule", q: "", ids: [idOf(1), idOf(2)] } as const;
  expect(formsOf(ids, "", 5, { run_at: at })).toMatchObject({
    cli: `taskflow jobs reschedule ${idOf(1)} ${idOf(2)} --at ${at}`,
    python: `for job in ["${idOf(1)}", "${idOf(2)}"]: app.jobs.reschedule(job, datetime.fromisoformat("${at}"))`,
  });
});

test("a move for a terminal and for a program names what it changes", () => {
  const to = { queue: "imports", priority: -5 };
  expect(formsOf({ action: "move", q: "queue:mail" }, "slow", null, to)).toEqual({
    curl: `curl -X POST -H 'Content-Type: application/json' -d '{"action":"move","q":"queue:mail","params":{"queue":"imports","priority":-5},"reason":"slow"}' http://localhost:3000/api/v1/bulk`,
    cli: "taskflow jobs move --filter queue:mail --queue imports --priority -5 --reason slow",
    python: 'app.jobs.move_matching("queue:mail", queue="imports", priority=-5, reason="slow")',
  });
  expect(formsOf({ action: "move", q: "", ids: [idOf(1)] }, "", null, { priority: 0 })).toMatchObject({
    cli: `taskflow jobs move ${idOf(1)} --priority 0`,
    python: `for job in ["${idOf(1)}"]: app.jobs.move(job, priority=0)`,
  });
});

test("an operation can be taken back until it begins", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  const undo_until = "2026-11-30T12:00:08Z";
  expect(undoIn(bulkOf(1, { state: "waiting", undo_until }), now)).toBe(8000);
  expect(undoIn(bulkOf(1, { state: "waiting", undo_until }), now + 9000)).toBe(0);
  expect(undoIn(bulkOf(1, { state: "running", undo_until }), now)).toBe(0);
  expect(undoIn(bulkOf(1, { state: "waiting" }), now)).toBe(0);
});
