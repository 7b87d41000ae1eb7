import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueueRow, Worker } from "@/api/types";
import { openApp } from "@/test/app";
import { API } from "@/test/jobs";
import { queueRow, seriesOf, workerRow } from "@/test/rows";

let queues: QueueRow[];
let workers: Worker[];
let asked: URLSearchParams[];
const server = setupServer(
  http.get(`${API}/queues`, () => HttpResponse.json({ items: queues, next: null })),
  http.get(`${API}/workers`, () => HttpResponse.json({ items: workers })),
  http.get(`${API}/tasks`, () =>
    HttpResponse.json({
      items: ["mail.send", "video.encode"].map((name) => ({
        name,
        args_schema: null,
        seen_at: null,
        options: { queue: name.split(".")[0], priority: 0, max_attempts: 3, timeout: null, unique: null },
      })),
    }),
  ),
  http.get(`${API}/stats/series`, ({ request }) => {
    asked.push(new URL(request.url).searchParams);
    return HttpResponse.json(seriesOf({ mail: { completed: [1, 2, 3] } }));
  }),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  asked = [];
  workers = [
    workerRow(1, { info: { queues: ["mail"] } }),
    workerRow(2, { info: { queues: ["video"] } }),
    workerRow(3, { state: "lost", info: { queues: ["mail"] } }),
  ];
  queues = [
    queueRow("mail", {
      ...{ pending: 3, running: 12, slots: 50, rate_in: 4, rate_out: 3.5, oldest_ready_age: 2 },
      ...{ eta: 1.5, wait_p50: 0.2, wait_p95: 0.9, retention: { completed: 86_400, dead: null } },
    }),
    queueRow("quiet", {}),
  ];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const figures = () => screen.findByLabelText("Figures of the queue");

test("a queue shows its figures, its history, its workers and its settings", async () => {
  const { router } = await openApp("/queues/mail");
  // The labels are there before the numbers.
  await screen.findByText("empty in 1.5 s");
  const text = (await figures()).textContent ?? "";
  expect(text).toContain("Ready312 running");
  expect(text).toContain("Oldest ready2.0sempty in 1.5 s");
  expect(text).toContain("4/s become ready");
  expect(text).toContain("p50 200 ms");
  expect(text).toContain("12of 501 worker");
  expect(await screen.findByRole("region", { name: "Backlog" })).toBeDefined();
  expect(asked.at(-1)?.get("by")).toBe("queue");
  expect(asked.at(-1)?.get("names")).toBe("mail");
  const served = within(screen.getByRole("table", { name: "Workers that serve it" }));
  expect(served.getAllByRole("row").length).toBe(2);
  const settings = screen.getByRole("region", { name: "Settings" });
  expect(settings.textContent).toContain("Completed jobs are kept1 d");
  expect(settings.textContent).toContain("Cancelled jobs are keptby default");
  expect(settings.textContent).toContain("Dead jobs are keptwithout limit");
  expect(within(settings).getByRole("link", { name: "mail.send" }).getAttribute("href")).toBe(
    "/jobs?queue=mail&task=mail.send",
  );
  expect(within(settings).queryByText("video.encode")).toBeNull();
  await userEvent.click(screen.getByRole("combobox", { name: "Time range" }));
  await userEvent.click(await screen.findByRole("option", { name: "Last 7 days" }));
  await waitFor(() => expect(router.state.location.href).toBe("/queues/mail?range=7d"));
});

test("what a quiet queue has not is said, with the command that helps", async () => {
  await openApp("/queues/quiet");
  await screen.findByText("nothing waits");
  const text = (await figures()).textContent ?? "";
  expect(text).toContain("nothing claimed in 5 minutes");
  expect(await screen.findByText("Nothing ran in the last hour")).toBeDefined();
  expect(await screen.findByText("No worker serves this queue")).toBeDefined();
  expect(screen.getByText("taskflow worker app:app --queues 'quiet'")).toBeDefined();
  expect(screen.getByText("No announced task names this queue.")).toBeDefined();
});

test("a name that no queue has says so", async () => {
  await openApp("/queues/nobody");
  expect(await screen.findByText("No queue “nobody”")).toBeDefined();
  expect(screen.queryByRole("region", { name: "Settings" })).toBeNull();
});

test("an error says what, and trying again helps", async () => {
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/queues`, () => HttpResponse.json(problem, { status: 500 }), { once: true }));
  await openApp("/queues/mail");
  const alert = await screen.findByText(/Could not load the queue/);
  const region = alert.closest("[role=alert]") as HTMLElement;
  await userEvent.click(within(region).getByRole("button", { name: "Try again" }));
  expect(await figures()).toBeDefined();
});
