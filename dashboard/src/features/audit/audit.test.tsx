import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Act } from "@/api/audit";
import { openApp } from "@/test/app";
import { API, problem } from "@/test/jobs";

function actOf(seq: number, more: Partial<Act> = {}): Act {
  return {
    seq,
    at: "2026-11-30T12:00:00Z",
    actor: "key:9f2c41d7",
    role: "operator",
    via: "rest",
    action: "queue.pause",
    object: "queue:mail",
    query: null,
    count: null,
    reason: `reason ${seq}`,
    request_id: `req-${seq}`,
    before: { paused: null },
    after: { paused: { by: "ada" } },
    ...more,
  };
}

let answer: (query: URLSearchParams) => Response | Promise<Response>;
const asked: URLSearchParams[] = [];
const page = (items: Act[], next: number | null = null) => HttpResponse.json({ items, next });
const server = setupServer(
  http.get(`${API}/audit`, ({ request }) => {
    const query = new URL(request.url).searchParams;
    asked.push(query);
    return answer(query);
  }),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  asked.length = 0;
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

test("loading: rows of the final size stand where acts will be", async () => {
  let give: (response: Response) => void = () => {};
  answer = () => new Promise((resolve) => (give = resolve));
  await openApp("/audit");
  await waitFor(() => expect(screen.getByRole("main").querySelector("[aria-busy=true]")).not.toBeNull());
  give(page([actOf(1)]));
  expect(await screen.findByText("reason 1")).toBeDefined();
});

test("data: who did what, to what and why; a value filters by it", async () => {
  answer = () => page([actOf(2, { action: "job.retry", object: "job:1" }), actOf(1)]);
  const { router } = await openApp("/audit");
  const rows = within(await screen.findByRole("table", { name: "Acts of operators" })).getAllByRole("row");
  expect(rows[1]?.textContent).toContain("job.retryjob:1");
  expect(rows[2]?.textContent).toContain("reason 1");
  await userEvent.click(screen.getByRole("button", { name: "queue:mail" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ object: "queue:mail" }));
  await waitFor(() => expect(asked.at(-1)?.get("object")).toBe("queue:mail"));
});

test("an act opens with what it was like before and after, and a link to what it is about", async () => {
  answer = (query) => page(query.get("limit") === "1" ? [actOf(7)] : [actOf(8), actOf(7)]);
  await openApp("/audit?act=7");
  const drawer = within(await screen.findByRole("dialog", { name: "Act queue.pause" }));
  expect((await drawer.findByRole("link", { name: "queue:mail" })).getAttribute("href")).toBe("/jobs?queue=mail");
  expect(drawer.getByText("reason 7")).toBeDefined();
  expect(drawer.getByText("req-7")).toBeDefined();
  expect(drawer.getByRole("heading", { name: "Before" })).toBeDefined();
});

test("an act that is not kept any longer says so", async () => {
  answer = (query) => page(query.get("limit") === "1" ? [actOf(3)] : [actOf(3)]);
  await openApp("/audit?act=99");
  expect(await screen.findByText("This act is not in the audit")).toBeDefined();
});

test("empty: nothing was done yet, or nothing matches, with a way back", async () => {
  answer = () => page([]);
  const { router } = await openApp("/audit");
  expect(await screen.findByText("No acts yet")).toBeDefined();
  await userEvent.type(screen.getByRole("searchbox", { name: "Filter" }), "actor:ada{Enter}");
  expect(await screen.findByText("No act matches actor:ada")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Clear filter" }));
  await waitFor(() => expect(router.state.location.search).toEqual({}));
});

test("error: what, by which request, and another try", async () => {
  answer = () => problem(500, "internal", "Out of order.");
  await openApp("/audit");
  expect(await screen.findByText("Could not load the audit")).toBeDefined();
  answer = () => page([actOf(1)]);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("reason 1")).toBeDefined();
});

test("partial: acts that came stay when further ones do not", async () => {
  answer = (query) => (query.get("cursor") ? problem(500, "internal", "Out of order.") : page([actOf(9)], 9));
  await openApp("/audit");
  expect(await screen.findByText("Could not load more acts")).toBeDefined();
  expect(screen.getByText("reason 9")).toBeDefined();
});

test("forbidden: which permission, and that nothing is shown", async () => {
  answer = () => problem(403, "forbidden", "Needs audit:read; the role admin has it.");
  await openApp("/audit");
  expect((await screen.findByRole("alert")).textContent).toContain("Needs audit:read; the role admin has it.");
  expect(screen.queryByRole("table")).toBeNull();
});
