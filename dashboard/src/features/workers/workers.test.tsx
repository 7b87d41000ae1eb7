import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Worker } from "@/api/types";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API, idOf } from "@/test/jobs";
import { workerId, workerRow } from "@/test/rows";

let workers: Worker[];
const sent: string[] = [];
const server = setupServer(
  http.get(`${API}/workers`, () => HttpResponse.json({ items: workers })),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
  http.post(`${API}/workers/:id/:command`, async ({ params, request }) => {
    const { reason } = (await request.json()) as { reason: string | null };
    sent.push(`${String(params.id).slice(0, 8)} ${params.command} ${reason}`);
    return HttpResponse.json({});
  }),
);
const first = session();
const NOTE = "the database refuses connections";
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setSession(first);
  sent.length = 0;
  const job = (n: number, task: string) => ({ id: idOf(n), task, started_at: "2026-11-30T11:59:00Z" });
  workers = [
    workerRow(1, {
      busy: 12,
      running: 12,
      slots: 50,
      info: { queues: ["mail", "billing"], tenants: ["acme"] },
      load: { cpu: 0.34, cpu_seconds: 12.5, rss: 92_000_000, at: "2026-11-30T11:59:58Z" },
      jobs: [job(1, "send_email"), job(2, "capture"), job(3, "resize")],
    }),
    workerRow(2, { state: "draining", release: "shop-2.5.0" }),
    workerRow(3, { state: "lost", running: 3, host: "beta", supervisor: workerId(8) }),
    workerRow(4, { state: "lost", host: "beta", supervisor: workerId(8) }),
    workerRow(5, { state: "ended", ended_at: "2026-11-30T11:50:00Z", host: "beta", supervisor: workerId(8) }),
    workerRow(6, { info: { isolated: true }, slots: 1 }),
    workerRow(7, { info: { notes: { database: NOTE } } }),
  ];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const row = async (digit: number) => {
  const name = await screen.findByText(workerId(digit).slice(0, 8));
  return name.closest("tr") as HTMLElement;
};
const menuItem = async (digit: number, name: RegExp | string) => {
  const short = workerId(digit).slice(0, 8);
  await userEvent.click(within(await row(digit)).getByRole("button", { name: `Actions for worker ${short}` }));
  return screen.findByRole("menuitem", { name });
};

test("workers stand below their host and supervisor, with what they have to do", async () => {
  await openApp("/workers");
  await row(1);
  const heads = screen.getAllByRole("rowheader").map((head) => head.textContent);
  expect(heads[0]).toContain("alpha");
  expect(heads[0]).toContain("supervisor 99999999");
  expect(heads[0]).toContain("12 of 70 slots busy");
  expect(heads[0]).toContain("release shop-2.5.0TaskFlow 1.4.0");
  expect(heads[1]).toContain("beta");
  expect(heads[1]).not.toContain("release");
  const busy = await row(1);
  expect(busy.textContent).toContain("billing, mail");
  expect(busy.textContent).toContain("tenant acme");
  expect(busy.textContent).toContain("34 %");
  expect(busy.textContent).toContain("92 MB");
  expect(within(busy).getByRole("img", { name: "12 of 50 slots busy" })).toBeDefined();
  const jobs = within(busy).getAllByRole("link");
  expect(jobs.map((link) => link.getAttribute("href"))).toEqual([
    `/jobs/${idOf(1)}`,
    `/jobs/${idOf(2)}`,
    `/jobs/${idOf(3)}`,
    `/jobs?worker=${workerId(1)}`,
  ]);
  expect(jobs[3]?.textContent).toBe("all 12");
});

test("what is unusual is said: isolated, not progressing, lost and what became of its jobs, ended", async () => {
  await openApp("/workers");
  expect((await row(6)).textContent).toContain("jobs that crashed a process");
  expect((await row(7)).textContent).toContain(NOTE);
  expect((await row(3)).textContent).toContain("Its 3 jobs are taken back and run again");
  expect((await row(4)).textContent).toContain("No job is left with it");
  expect((await row(5)).textContent).toContain("Ended");
  expect(
    within(await row(3))
      .getByRole("link")
      .getAttribute("href"),
  ).toBe(`/jobs?worker=${workerId(3)}`);
});

test("the state stands in the URL, and counts beside it", async () => {
  const { router } = await openApp("/workers");
  await row(1);
  await userEvent.click(screen.getByRole("tab", { name: /Lost/ }));
  await waitFor(() => expect(router.state.location.href).toBe("/workers?show=lost"));
  expect(screen.getByRole("tab", { name: /Lost/ }).textContent).toBe("Lost2");
  expect(screen.queryByText(workerId(1).slice(0, 8))).toBeNull();
  await row(3);
});

test("a filter that finds nothing says so and can be cleared", async () => {
  await openApp("/workers?q=gamma");
  expect(await screen.findByText("No worker matches “gamma”")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Clear filter" }));
  await row(1);
  workers = [];
});

test("an empty state leads back to all workers", async () => {
  workers = [workerRow(1)];
  await openApp("/workers?show=lost");
  expect(await screen.findByText("No worker is lost")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Show all workers" }));
  await row(1);
});

test("without a worker the page says how to start one", async () => {
  workers = [];
  await openApp("/workers");
  expect(await screen.findByText("No worker lives")).toBeDefined();
  expect(screen.getByText("taskflow worker app:app")).toBeDefined();
});

test("drain says what it does, takes a reason, and can be taken back", async () => {
  await openApp("/workers");
  await userEvent.click(await menuItem(1, "Drain…"));
  const dialog = await screen.findByRole("dialog", { name: "Drain worker 11111111?" });
  expect(dialog.textContent).toContain("It can be resumed");
  await userEvent.type(within(dialog).getByLabelText(/Reason/), " new disk {Enter}");
  await waitFor(() => expect(sent).toEqual(["11111111 drain new disk"]));
  const undo = await screen.findByRole("button", { name: "Undo" });
  // The region of messages takes no clicks until it knows that it has one.
  await waitFor(() => expect(screen.getByRole("region", { name: /Notifications/ }).style.pointerEvents).toBe(""));
  await userEvent.click(undo);
  await waitFor(() => expect(sent).toEqual(["11111111 drain new disk", "11111111 resume undo"]));
});

test("a draining worker can be resumed", async () => {
  await openApp("/workers");
  await userEvent.click(await menuItem(2, "Resume…"));
  await userEvent.click(await screen.findByRole("button", { name: "Resume worker" }));
  await waitFor(() => expect(sent).toEqual(["22222222 resume null"]));
});

test("stop says what happens to its jobs before it acts", async () => {
  await openApp("/workers");
  await userEvent.click(await menuItem(1, "Stop…"));
  const dialog = await screen.findByRole("dialog", { name: "Stop worker 11111111?" });
  expect(dialog.textContent).toContain("Its 12 jobs have the drain timeout to finish");
  expect(dialog.textContent).toContain("there is no way back");
  expect(sent).toEqual([]);
  await userEvent.click(within(dialog).getByRole("button", { name: "Stop worker" }));
  await waitFor(() => expect(sent).toEqual(["11111111 stop null"]));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("a worker that does not live takes no command, and says so", async () => {
  await openApp("/workers");
  const drain = await menuItem(3, /Drain/);
  expect(drain.getAttribute("aria-disabled")).toBe("true");
  expect(drain.textContent).toContain("It does not live any more");
});

test("a worker that was told to stop, or knows no commands, takes none", async () => {
  workers = [
    workerRow(1, { state: "draining", command: { do: "stop", at: "2026-11-30T11:59:00Z", by: "ada" } }),
    workerRow(2, { info: { commands: [] } }),
    workerRow(6, { info: { isolated: true } }),
  ];
  await openApp("/workers");
  expect(within(await row(1)).getByText("Stopping").title).toContain("said by ada");
  const resume = await menuItem(1, /Resume/);
  expect(resume.textContent).toContain("It was told to stop");
  await userEvent.keyboard("{Escape}");
  expect((await menuItem(2, /Drain/)).textContent).toContain("Its version of TaskFlow knows no commands");
  await userEvent.keyboard("{Escape}");
  expect((await menuItem(6, /Stop/)).textContent).toContain("It ends by itself");
});

test("what a worker used last is not shown once it does not live", async () => {
  const load = { cpu: 0.34, cpu_seconds: 9, rss: 92_000_000, at: "2026-11-30T11:59:58Z" };
  workers = [workerRow(1, { load }), workerRow(3, { load, state: "lost" })];
  await openApp("/workers");
  expect((await row(1)).textContent).toContain("92 MB");
  expect((await row(3)).textContent).not.toContain("92 MB");
});

test("who may not command workers sees why", async () => {
  setSession({ ...first, role: "operator", permissions: ["workers:read"] });
  await openApp("/workers");
  const stop = await menuItem(1, /Stop/);
  expect(stop.getAttribute("aria-disabled")).toBe("true");
  expect(stop.textContent).toContain("Needs workers:write; your role is operator");
});

test("a command that fails says which worker and why", async () => {
  server.use(
    http.post(`${API}/workers/:id/:command`, () =>
      HttpResponse.json({ title: "x", status: 409, code: "conflict", detail: "It has ended." }, { status: 409 }),
    ),
  );
  await openApp("/workers");
  await userEvent.click(await menuItem(1, "Drain…"));
  await userEvent.click(await screen.findByRole("button", { name: "Drain worker" }));
  expect(await screen.findByText("Worker 11111111 did not get the command")).toBeDefined();
  expect(screen.getByText("It has ended.")).toBeDefined();
});

test("an error takes the place of the list and can be tried again", async () => {
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/workers`, () => HttpResponse.json(problem, { status: 500 }), { once: true }));
  await openApp("/workers");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("req-7");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  await row(1);
});
