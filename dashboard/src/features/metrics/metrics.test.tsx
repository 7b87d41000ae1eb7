import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { SeriesOut } from "@/api/types";
import { openApp } from "@/test/app";
import { API } from "@/test/jobs";
import { seriesOf } from "@/test/rows";

let answer: Record<string, SeriesOut>;
let asked: URLSearchParams[];
const server = setupServer(
  http.get(`${API}/stats/series`, ({ request }) => {
    const params = new URL(request.url).searchParams;
    asked.push(params);
    return HttpResponse.json(answer[params.get("by") ?? "none"]);
  }),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  asked = [];
  const all = seriesOf({ all: { completed: [1, 3, 0], failed: [0, 1, 0], dead: [0, 1, 0] } });
  answer = {
    none: { ...all, series: all.series.map((one) => ({ ...one, name: null })) },
    queue: seriesOf({ mail: { completed: [1, 1, 0] }, video: { completed: [0, 9, 9], failed: [2, 0, 0] } }),
    task: seriesOf({ encode: { completed: [0, 9, 9] } }),
  };
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const TITLES = ["Attempts ended per 15 min", "Failing attempts", "Wait before start", "Run time", "Backlog"];
const region = (name: string) => screen.getByRole("region", { name });

test("five charts show the history; each is a table, too, and a file", async () => {
  answer.none = { ...(answer.none as SeriesOut), step: 900 };
  await openApp("/charts");
  await screen.findByRole("region", { name: "Backlog" });
  for (const title of TITLES) expect(await within(region(title)).findByRole("img", { name: title })).toBeDefined();
  const failing = within(region("Failing attempts"));
  await userEvent.click(failing.getByRole("button", { name: "Show Failing attempts as a table" }));
  const rows = failing.getAllByRole("row").slice(1);
  // Newest first; where no attempt ended there is no share.
  expect(rows.map((row) => within(row).getByRole("cell").textContent)).toEqual(["–", "25 %", "0 %"]);

  const saved: Blob[] = [];
  vi.stubGlobal(
    "URL",
    Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob) && "blob:x", revokeObjectURL: () => {} }),
  );
  const names: string[] = [];
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download);
  });
  await userEvent.click(failing.getByRole("button", { name: "Save Failing attempts as CSV" }));
  click.mockRestore();
  expect(names).toEqual(["failing-attempts.csv"]);
  const lines = ((await saved[0]?.text()) ?? "").trim().split("\r\n");
  expect(lines[0]).toBe("Time,share that failed");
  expect(lines.slice(1).map((line) => line.split(",")[1])).toEqual(["0", "0.25", ""]);
  expect(lines[1]?.split(",")[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("range, kind and name stand in the address", async () => {
  const { router } = await openApp("/charts");
  await screen.findByRole("region", { name: "Backlog" });
  await userEvent.click(screen.getByRole("combobox", { name: "By" }));
  await userEvent.click(await screen.findByRole("option", { name: "By queue" }));
  const table = await screen.findByRole("table", { name: "Queues" });
  expect(router.state.location.href).toBe("/charts?by=queue");
  const rows = within(table).getAllByRole("row").slice(1);
  // The busiest first.
  expect(rows.map((row) => row.getAttribute("data-row"))).toEqual(["video", "mail"]);
  expect(rows[0]?.textContent).toContain("20");
  expect(rows[0]?.textContent).toContain("10 %");
  await userEvent.click(within(table).getByRole("button", { name: "video" }));
  await waitFor(() => expect(router.state.location.href).toBe("/charts?by=queue&name=video"));
  expect(await screen.findByRole("region", { name: "Run time" })).toBeDefined();
  await userEvent.click(screen.getByRole("combobox", { name: "Time range" }));
  await userEvent.click(await screen.findByRole("option", { name: "Last 7 days" }));
  await waitFor(() => expect(router.state.location.href).toBe("/charts?by=queue&name=video&range=7d"));
  expect(asked.at(-1)?.get("by")).toBe("queue");
  expect(asked.at(-1)?.get("step")).toBe("7200");
});

test("a node has charts, and no backlog: jobs wait in queues", async () => {
  const [one] = (answer.queue as SeriesOut).series;
  const node = { ...(one as SeriesOut["series"][number]), name: "web-1" };
  const none = node.backlog.map(() => null);
  answer.node = { ...(answer.queue as SeriesOut), series: [{ ...node, backlog: none, arrived: none }] };
  const { router } = await openApp("/charts?by=node");
  const table = await screen.findByRole("table", { name: "Nodes" });
  expect(screen.getByRole("combobox", { name: "Node" }).textContent).toBe("All nodes");
  await userEvent.click(within(table).getByRole("button", { name: "web-1" }));
  await waitFor(() => expect(router.state.location.href).toBe("/charts?by=node&name=web-1"));
  const backlog = await screen.findByRole("region", { name: "Backlog" });
  expect(within(backlog).getByText("Jobs wait in queues, not on nodes")).toBeDefined();
  expect(asked.at(-1)?.get("by")).toBe("node");
});

test("nothing ran, and a name that did nothing: both say so", async () => {
  answer.task = { ...(answer.task as SeriesOut), series: [] };
  const view = await openApp("/charts?by=task&range=1h");
  expect(await screen.findByText("Nothing ran in the last hour")).toBeDefined();
  view.unmount();
  await openApp("/charts?by=queue&name=gone");
  expect(await screen.findByText("gone did nothing in this range")).toBeDefined();
  expect(screen.getByRole("combobox", { name: "Queue" }).textContent).toBe("gone");
});

test("while it loads there is a skeleton; an error says what, and trying again helps", async () => {
  server.use(http.get(`${API}/stats/series`, () => delay("infinite"), { once: true }));
  const view = await openApp("/charts");
  await waitFor(() => expect(document.querySelector("[aria-busy=true]")).not.toBeNull());
  view.unmount();
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/stats/series`, () => HttpResponse.json(problem, { status: 500 }), { once: true }));
  await openApp("/charts");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Could not load the history");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("region", { name: "Backlog" })).toBeDefined();
});
