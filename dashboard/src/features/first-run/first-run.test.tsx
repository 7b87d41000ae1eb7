import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { hasHistoryQuery } from "@/api/series";
import type { Worker } from "@/api/types";
import { openApp } from "@/test/app";
import { API } from "@/test/jobs";
import { seriesOf, summaryOf, workerRow } from "@/test/rows";

let states: Record<string, number>;
let workers: Worker[];
let tasks: string[];
let history: ReturnType<typeof seriesOf>;
const server = setupServer(
  http.get(`${API}/errors`, () =>
    HttpResponse.json({ items: [], next: null, counts: { open: 0, resolved: 0, muted: 0, new: 0, most: 10_000 } }),
  ),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states, queues: {}, as_of: "", exact: true })),
  http.get(`${API}/workers`, () => HttpResponse.json({ items: workers })),
  http.get(`${API}/tasks`, () => HttpResponse.json({ items: tasks.map((name) => ({ name })) })),
  http.get(`${API}/queues`, () => HttpResponse.json({ items: [], next: null })),
  http.get(`${API}/stats/summary`, () => HttpResponse.json(summaryOf())),
  http.get(`${API}/stats/series`, () => HttpResponse.json(history)),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  states = {};
  workers = [];
  tasks = [];
  history = seriesOf({ "": {} });
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const TITLE = "Run your first job";
const steps = () =>
  within(screen.getByRole("list", { name: TITLE }))
    .getAllByRole("listitem")
    .map((step) => within(step).getByText(/^(Done|To do)$/).textContent);

test("each step is ticked off as it happens, and the first job leads to the overview", async () => {
  const { queryClient } = await openApp("/");
  await screen.findByRole("heading", { name: TITLE });
  expect(steps()).toEqual(["Done", "To do", "To do"]);
  expect(screen.getByText("taskflow worker app:app")).toBeDefined();

  tasks = ["greet"];
  workers = [workerRow(1)];
  await queryClient.invalidateQueries();
  expect(await screen.findByText("Announced: greet.")).toBeDefined();
  expect(await screen.findByText("Worker 11111111 on alpha is ready: 10 slots.")).toBeDefined();
  expect(steps()).toEqual(["Done", "Done", "Done"]);
  expect(screen.getByRole("button", { name: "Enqueue your first job" })).toBeDefined();

  states = { pending: 1 };
  await queryClient.invalidateQueries();
  await waitFor(() => expect(screen.queryByRole("heading", { name: TITLE })).toBeNull());
  expect(screen.getByRole("region", { name: "Needs attention" })).toBeDefined();
});

test("the button opens the enqueue form", async () => {
  await openApp("/");
  (await screen.findByRole("button", { name: "Enqueue your first job" })).click();
  expect(await screen.findByRole("dialog", { name: "Enqueue a job" })).toBeDefined();
});

test("a store that remembers jobs, though none is left, is no first run", async () => {
  history = seriesOf({ "": { completed: [3] } });
  const { queryClient } = await openApp("/");
  await waitFor(() => expect(queryClient.getQueryData(hasHistoryQuery().queryKey)).toBe(true));
  expect(await screen.findByRole("region", { name: "Needs attention" })).toBeDefined();
  expect(screen.queryByRole("heading", { name: TITLE })).toBeNull();
});

test("a store with jobs is no first run, and its history is not asked for that", async () => {
  states = { completed: 2 };
  const { queryClient } = await openApp("/");
  expect(await screen.findByRole("region", { name: "Needs attention" })).toBeDefined();
  expect(queryClient.getQueryState(hasHistoryQuery().queryKey)?.fetchStatus).toBe("idle");
  expect(screen.queryByRole("heading", { name: TITLE })).toBeNull();
});
