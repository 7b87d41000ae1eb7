import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { session, setSession } from "@/lib/session";
import { zoneChoice } from "@/lib/zone";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, problem, type StoredJob, storedJob } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
let sent: unknown[];
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  sent = [];
  server.use(
    ...api.handlers(),
    http.patch(`${API}/jobs/:id`, async ({ request }) => answered(await request.json())),
  );
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const path = `/jobs/${idOf(1)}`;
const waiting = (more: Partial<StoredJob> = {}) =>
  storedJob(1, {
    state: "scheduled",
    run_at: "2100-01-01T08:00:00Z",
    attempt: 0,
    attempts: [],
    attempts_total: 0,
    started_at: null,
    finished_at: null,
    result: null,
    ...more,
  });

function answered(body: unknown) {
  sent.push(body);
  const { run_at } = body as { run_at: string };
  const state = Date.parse(run_at) > Date.now() ? "scheduled" : "pending";
  api.jobs = [waiting({ state, run_at })];
  return HttpResponse.json(api.jobs[0] as never);
}

async function openDialog() {
  await userEvent.click(await screen.findByRole("button", { name: "More actions" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: /Reschedule…/ }));
  return within(await screen.findByRole("dialog"));
}

test("a job that waits is given another time of the zone that is shown, with a reason", async () => {
  zoneChoice.set("Asia/Tokyo");
  api.jobs = [waiting()];
  await openApp(path);
  const dialog = await openDialog();
  const field = dialog.getByLabelText<HTMLInputElement>("Due at");
  expect(field.value).toBe("2100-01-01T17:00");
  fireEvent.change(field, { target: { value: "2100-01-02T16:30" } });
  await userEvent.type(dialog.getByLabelText(/Reason/), "after the night run");
  await userEvent.click(dialog.getByRole("button", { name: "Reschedule job" }));
  expect(await screen.findByText("send_email is due 2 Jan, 16:30")).toBeDefined();
  expect(sent).toEqual([{ run_at: "2100-01-02T07:30:00.000Z", reason: "after the night run" }]);
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("a time that is over says what it means, and the job is due now", async () => {
  api.jobs = [waiting()];
  await openApp(path);
  const dialog = await openDialog();
  fireEvent.change(dialog.getByLabelText("Due at"), { target: { value: "2001-01-01T00:00" } });
  expect(dialog.getByText(/This time is over: the job is due now\./)).toBeDefined();
  await userEvent.click(dialog.getByRole("button", { name: "Reschedule job" }));
  expect(await screen.findByText("send_email is due now")).toBeDefined();
});

test("what the server refuses is said in the dialog, which stays", async () => {
  const refusal = "run_at: the job expires at 2100-01-01 09:00:00 UTC: choose a time before that";
  server.use(http.patch(`${API}/jobs/:id`, () => problem(422, "invalid_job", refusal)));
  api.jobs = [waiting()];
  await openApp(path);
  const dialog = await openDialog();
  await userEvent.click(dialog.getByRole("button", { name: "In 24 hours" }));
  await userEvent.click(dialog.getByRole("button", { name: "Reschedule job" }));
  expect((await dialog.findByRole("alert")).textContent).toContain("the job expires at");
});

test("without a time nothing is sent", async () => {
  api.jobs = [waiting()];
  await openApp(path);
  const dialog = await openDialog();
  fireEvent.change(dialog.getByLabelText("Due at"), { target: { value: "" } });
  await userEvent.click(dialog.getByRole("button", { name: "Reschedule job" }));
  expect(dialog.getByText("Give a time.")).toBeDefined();
  expect(sent).toEqual([]);
});

test.each([
  ["scheduled", "Run now"],
  ["retrying", "Run now"],
  ["pending", "Retry"],
])("a %s job offers “%s”, and another time", async (state, verb) => {
  api.jobs = [waiting({ state: state as StoredJob["state"] })];
  await openApp(path);
  expect(await screen.findByRole("button", { name: verb })).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "More actions" }));
  const item = await screen.findByRole("menuitem", { name: /Reschedule…/ });
  expect(item.getAttribute("aria-disabled")).toBeNull();
});

test("a job that has ended has no time to change", async () => {
  api.jobs = [storedJob(1)];
  await openApp(path);
  await userEvent.click(await screen.findByRole("button", { name: "More actions" }));
  const item = await screen.findByRole("menuitem", { name: /Reschedule…/ });
  expect(item.textContent).toContain("Only jobs that are pending, scheduled or retrying can be rescheduled");
  expect(item.getAttribute("aria-disabled")).toBe("true");
});

test("the menu of a row reschedules as well", async () => {
  api.jobs = [waiting()];
  await openApp("/jobs");
  await userEvent.click(await screen.findByRole("button", { name: /^Actions/ }));
  expect(await screen.findByRole("menuitem", { name: /Run now/ })).toBeDefined();
  await userEvent.click(screen.getByRole("menuitem", { name: /Reschedule…/ }));
  expect(await screen.findByRole("dialog", { name: "Reschedule send_email" })).toBeDefined();
});

test("a role without the permission is told so", async () => {
  setSession({ ...session(), permissions: ["jobs:read"] });
  api.jobs = [waiting()];
  await openApp(path);
  await userEvent.click(await screen.findByRole("button", { name: "More actions" }));
  const item = await screen.findByRole("menuitem", { name: /Reschedule…/ });
  expect(item.getAttribute("aria-disabled")).toBe("true");
});
