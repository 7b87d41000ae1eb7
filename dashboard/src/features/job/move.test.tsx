import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { session, setSession } from "@/lib/session";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, problem, type StoredJob, storedJob } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
let sent: unknown[];
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  api.jobs = [waiting()];
  sent = [];
  server.use(
    http.get(`${API}/queues`, () =>
      HttpResponse.json({
        items: [
          { name: "billing", paused: false, slots: 8 },
          { name: "mail", paused: true, slots: 8 },
          { name: "reports", paused: false, slots: 0 },
        ],
        next: null,
      }),
    ),
    ...api.handlers(),
    http.patch(`${API}/jobs/:id`, async ({ request }) => {
      const body = (await request.json()) as object;
      sent.push(body);
      const { reason: _, ...to } = body as { reason: string };
      api.jobs = api.jobs.map((job) => ({ ...job, ...to }));
      return HttpResponse.json(api.jobs[0] as never);
    }),
  );
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const path = `/jobs/${idOf(1)}`;

function waiting(more: Partial<StoredJob> = {}) {
  return storedJob(1, {
    state: "pending",
    queue: "billing",
    priority: 0,
    attempt: 0,
    attempts: [],
    attempts_total: 0,
    started_at: null,
    finished_at: null,
    result: null,
    ...more,
  });
}

async function item() {
  await userEvent.click(await screen.findByRole("button", { name: "More actions" }));
  return await screen.findByRole("menuitem", { name: /Move…/ });
}

async function openDialog() {
  await userEvent.click(await item());
  return within(await screen.findByRole("dialog", { name: "Move send_email" }));
}

test("a job that waits is given another queue and priority, with a reason, and the page shows them", async () => {
  await openApp(path);
  const dialog = await openDialog();
  const queue = dialog.getByLabelText<HTMLInputElement>("Queue");
  const priority = dialog.getByLabelText<HTMLInputElement>("Priority");
  expect([queue.value, priority.value]).toEqual(["billing", "0"]);
  const verb = dialog.getByRole("button", { name: "Move job" });
  expect(verb.getAttribute("aria-disabled")).toBe("true");
  await userEvent.clear(queue);
  await userEvent.type(queue, "imports");
  await userEvent.clear(priority);
  await userEvent.type(priority, "-5");
  await userEvent.type(dialog.getByLabelText(/Reason/), "the mail server is slow");
  await userEvent.click(verb);
  expect(await screen.findByText("send_email is in imports with priority -5")).toBeDefined();
  expect(sent).toEqual([{ queue: "imports", priority: -5, reason: "the mail server is slow" }]);
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(await screen.findByRole("link", { name: "imports" })).toBeDefined();
});

test("only what is changed is sent", async () => {
  await openApp(path);
  const dialog = await openDialog();
  await userEvent.clear(dialog.getByLabelText("Priority"));
  await userEvent.type(dialog.getByLabelText("Priority"), "7");
  await userEvent.click(dialog.getByRole("button", { name: "Move job" }));
  await screen.findByText("send_email is in billing with priority 7");
  expect(sent).toEqual([{ priority: 7, reason: null }]);
});

test.each([
  ["mail", "This queue is paused: what is ready waits until it is resumed."],
  ["reports", "No worker serves this queue now."],
  ["brand-new", "No queue has this name yet: it is created."],
  ["not a name", "Letters, digits and _.:/- only, with a letter or digit first."],
])("of the queue “%s” it is said what there is to know", async (name, said) => {
  await openApp(path);
  const dialog = await openDialog();
  await userEvent.clear(dialog.getByLabelText("Queue"));
  await userEvent.type(dialog.getByLabelText("Queue"), name);
  expect(await dialog.findByText(said)).toBeDefined();
  expect([...document.querySelectorAll("datalist option")].map((one) => one.getAttribute("value"))).toEqual([
    "billing",
    "mail",
    "reports",
  ]);
});

test("what the server refuses is said in the dialog, which stays", async () => {
  const refusal = "job 1 runs or has ended, so it cannot be moved to another queue or priority";
  server.use(http.patch(`${API}/jobs/:id`, () => problem(409, "job_not_waiting", refusal)));
  await openApp(path);
  const dialog = await openDialog();
  await userEvent.type(dialog.getByLabelText("Queue"), "2");
  await userEvent.click(dialog.getByRole("button", { name: "Move job" }));
  expect((await dialog.findByRole("alert")).textContent).toContain("cannot be moved");
});

test.each(["pending", "scheduled", "retrying"])("a %s job can be moved", async (state) => {
  api.jobs = [waiting({ state: state as StoredJob["state"] })];
  await openApp(path);
  expect((await item()).getAttribute("aria-disabled")).toBeNull();
});

test("a job that has ended is not moved", async () => {
  api.jobs = [storedJob(1)];
  await openApp(path);
  const found = await item();
  expect(found.textContent).toContain("Only jobs that are pending, scheduled or retrying can be moved");
  expect(found.getAttribute("aria-disabled")).toBe("true");
});

test("the menu of a row moves as well", async () => {
  await openApp("/jobs");
  await userEvent.click(await screen.findByRole("button", { name: /^Actions/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: /Move…/ }));
  expect(await screen.findByRole("dialog", { name: "Move send_email" })).toBeDefined();
});

test("a role without the permission is told so", async () => {
  setSession({ ...session(), permissions: ["jobs:read"] });
  await openApp(path);
  expect((await item()).getAttribute("aria-disabled")).toBe("true");
});
