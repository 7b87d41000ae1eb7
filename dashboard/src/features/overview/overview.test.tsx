import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueueRow, SeriesOut, Summary, Worker } from "@/api/types";
import { openApp } from "@/test/app";
import { API, idOf } from "@/test/jobs";
import { queueRow, seriesOf, summaryOf, workerRow } from "@/test/rows";

let queues: QueueRow[];
let workers: Worker[];
let series: Record<string, SeriesOut>;
let summary: Summary;
const minutes: (string | null)[] = [];
const asked: URLSearchParams[] = [];
const ERROR = { type: "httpx.ConnectTimeout", message: "timed out after 10.0 s" };
const server = setupServer(
  http.get(`${API}/queues`, () => HttpResponse.json({ items: queues, next: null })),
  http.get(`${API}/workers`, () => HttpResponse.json({ items: workers })),
  http.get(`${API}/stats/series`, ({ request }) => {
    const params = new URL(request.url).searchParams;
    asked.push(params);
    return HttpResponse.json(series[params.get("by") ?? "none"]);
  }),
  http.get(`${API}/jobs/stats`, () =>
    HttpResponse.json({ states: { completed: 9 }, queues: {}, as_of: "", exact: true }),
  ),
  http.get(`${API}/stats/summary`, ({ request }) => {
    minutes.push(new URL(request.url).searchParams.get("minutes"));
    return HttpResponse.json(summary);
  }),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  asked.length = 0;
  minutes.length = 0;
  workers = [workerRow(1, { busy: 6, slots: 20, info: { queues: ["mail"] } })];
  queues = [queueRow("mail", { pending: 2, oldest_ready_age: 3, rate_in: 4, rate_out: 3.5 })];
  series = {
    none: seriesOf({ "": { completed: [90, 100, 0], p50: [0.01, 0.012], p95: [0.2, 0.22] } }),
    queue: seriesOf({ mail: { completed: [90, 100, 0] } }),
  };
  summary = summaryOf({ completed: 190, failing: 0, wait: { p50: 0.012, p95: 0.22, p99: 0.3 } });
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const figure = async (label: string) => {
  const term = await screen.findByText(label);
  return term.parentElement as HTMLElement;
};
const region = (name: string) => screen.findByRole("region", { name });

test("five numbers say how the whole is doing", async () => {
  await openApp("/");
  await waitFor(async () => expect((await figure("Throughput")).textContent).toContain("3.5/s"));
  await waitFor(async () => expect((await figure("Throughput")).textContent).toContain("190 attempts"));
  expect((await figure("Failing")).textContent).toBe("Failing0%None dead");
  expect((await figure("Wait p95")).textContent).toBe("Wait p95220msp50 12 ms");
  expect((await figure("Oldest ready")).textContent).toBe("Oldest ready3.0sin mail");
  expect((await figure("Busy slots")).textContent).toBe("Busy slots6of 201 worker");
  expect(
    within(await figure("Busy slots"))
      .getByRole("link")
      .getAttribute("href"),
  ).toBe("/workers");
});

test("what was not measured is a dash, what did not happen is zero", async () => {
  series.none = seriesOf({});
  summary = summaryOf();
  queues = [];
  workers = [];
  await openApp("/");
  await waitFor(async () => expect((await figure("Throughput")).textContent).toBe("Throughput0/s0 attempts"));
  expect((await figure("Failing")).textContent).toBe("Failing–No attempt ended");
  expect((await figure("Wait p95")).textContent).toBe("Wait p95–No job started");
  expect((await figure("Oldest ready")).textContent).toBe("Oldest ready–No job is ready");
  expect((await figure("Busy slots")).textContent).toBe("Busy slots–No worker lives");
});

test("charts have names, sums and tables; where nothing ended they say so", async () => {
  await openApp("/");
  const ended = await region("Attempts ended per minute");
  expect(await within(ended).findByRole("img", { name: "Attempts ended per minute" })).toBeDefined();
  expect(ended.textContent).toContain("190completed");
  await userEvent.click(within(ended).getByRole("button", { name: "Show Attempts ended per minute as a table" }));
  expect(within(ended).getByRole("table", { name: "Attempts ended per minute" })).toBeDefined();
  series.none = seriesOf({ "": {} });
  await openApp("/");
  expect(await screen.findByText("No attempt ended in the last hour")).toBeDefined();
  expect(screen.getByText("No job started in the last hour")).toBeDefined();
});

test("the range stands in the URL and is asked for", async () => {
  const { router } = await openApp("/?range=24h");
  await region("Attempts ended per 15 min");
  const points = asked.find((one) => one.get("by") === "none" && one.get("step") === "900");
  expect(Date.parse(points?.get("to") ?? "") - Date.parse(points?.get("from") ?? "")).toBe(86_400_000);
  expect(minutes).toContain("1440");
  await userEvent.click(screen.getByRole("combobox", { name: "Time range" }));
  await userEvent.click(await screen.findByRole("option", { name: "Last hour" }));
  await waitFor(() => expect(router.state.location.href).toBe("/"));
  await region("Attempts ended per minute");
});

test("a range that the overview does not have is the last hour", async () => {
  await openApp("/?range=30d");
  await region("Attempts ended per minute");
});

test("all is quiet while every queue is served and no job died", async () => {
  await openApp("/");
  expect((await region("Needs attention")).textContent).toContain("All quiet");
});

test("what needs attention leads to the place that mends it", async () => {
  queues = [
    queueRow("imports", { pending: 412, oldest_ready_age: 240 }),
    queueRow("mail", { pending: 96, paused: true, paused_by: "ada" }),
  ];
  workers = [workerRow(1, { info: { queues: ["mail"] } }), workerRow(2, { state: "lost" })];
  summary = summaryOf({ dead: 2 });
  await openApp("/");
  const attention = await region("Needs attention");
  await within(attention).findByText("2 jobs died in the last hour");
  const links = within(attention).getAllByRole("link");
  expect(links.map((link) => [link.getAttribute("href"), link.textContent])).toEqual([
    ["/queues/imports", "No worker serves imports 412 jobs ready, the oldest for 4 m 00 sOpen queue"],
    ["/workers?show=lost", "1 worker lost 22222222Open workers"],
    [
      "/jobs?state=dead&range=1h",
      "2 jobs died in the last hour All attempts failed, or none can succeedShow dead jobs",
    ],
    ["/queues/mail", "mail is paused by ada; 96 jobs waitOpen queue"],
  ]);
});

test("queues keep their place while their numbers change", async () => {
  queues = [queueRow("a", { pending: 1 }), queueRow("b", { pending: 5 })];
  const { queryClient } = await openApp("/");
  const table = await screen.findByRole("table", { name: "Queues" });
  const order = () => [...table.querySelectorAll("tbody tr")].map((row) => row.getAttribute("data-row"));
  expect(order()).toEqual(["b", "a"]);
  queues = [queueRow("a", { pending: 7 }), queueRow("b", { pending: 0 }), queueRow("c", { pending: 99 })];
  await queryClient.invalidateQueries({ queryKey: ["api", "queues"] });
  await within(table).findByText("99");
  expect(order()).toEqual(["b", "a", "c"]);
});

test("failing tasks are named with their newest error and lead to their jobs", async () => {
  const webhook = { task: "webhook", failed: 4, attempts: 100, share: 0.04, dead: 1, job_id: idOf(7), error: ERROR };
  summary = summaryOf({ failing_tasks: [webhook, { ...webhook, task: "pruned", job_id: null, error: null }] });
  await openApp("/");
  const table = await screen.findByRole("table", { name: "Top failing tasks" });
  expect(await within(table).findByText("httpx.ConnectTimeout")).toBeDefined();
  const [, row] = within(table).getAllByRole("row");
  expect(row?.textContent).toContain("4 %");
  const error = within(table).getByRole("link", { name: /timed out/ });
  expect(error.getAttribute("href")).toBe(`/jobs/${idOf(7)}`);
  expect(within(table).getByRole("link", { name: "webhook" }).getAttribute("href")).toBe(
    "/jobs?task=webhook&state=dead,retrying",
  );
});

test("a part that fails says so, and the others stand", async () => {
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/stats/series`, () => HttpResponse.json(problem, { status: 500 })));
  await openApp("/");
  expect(await screen.findByText("Could not load the history")).toBeDefined();
  expect(screen.getByText("Could not load the key figures")).toBeDefined();
  expect((await figure("Wait p95")).textContent).toContain("220ms");
  expect((await figure("Oldest ready")).textContent).toContain("3.0s");
  expect((await region("Needs attention")).textContent).toContain("All quiet");
  server.resetHandlers();
  const [retry] = screen.getAllByRole("button", { name: "Try again" });
  await userEvent.click(retry as HTMLElement);
  await waitFor(() => expect(screen.queryByText("Could not load the key figures")).toBeNull());
});
