import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { keys, makeQueryClient } from "@/api/queries";
import { endSession, session, setSession } from "@/lib/session";
import { applyAppearance } from "@/lib/theme";
import { zoneChoice } from "@/lib/zone";
import { setLiveControls, setLiveStatus } from "@/live/status";
import { summaryOf } from "@/test/rows";
import { Kit } from "@/ui/kit";
import { reloadOnMissingChunk } from "./preload";
import { makeRouter } from "./router";

const API = "http://localhost:3000/api/v1";
const STATS = { states: { dead: 412 }, queues: {}, as_of: "2026-11-30T12:00:00Z", exact: true };
const SERIES = { from: "2026-11-30T12:00:00Z", to: "2026-11-30T12:00:00Z", step: 60, at: [], series: [] };
const server = setupServer(
  http.get(`${API}/jobs/stats`, () => HttpResponse.json(STATS)),
  http.get(`${API}/stats/series`, () => HttpResponse.json(SERIES)),
  http.get(`${API}/stats/summary`, () => HttpResponse.json(summaryOf())),
  http.get(`${API}/errors`, () =>
    HttpResponse.json({ items: [], next: null, counts: { open: 3, resolved: 1, muted: 0, new: 0, most: 10_000 } }),
  ),
  // Pages of features ask for what they need; the frame must stand without it.
  http.get(`${API}/*`, () => HttpResponse.json({ items: [], next: null })),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setSession(first);
  history.replaceState(null, "", "/");
});
afterEach(() => {
  server.resetHandlers();
  setLiveStatus({ mode: "off" });
});
afterAll(() => server.close());

async function open(path = "/") {
  history.replaceState(null, "", path);
  const queryClient = makeQueryClient();
  queryClient.setQueryData(keys.errorCounts(), { open: 3, resolved: 1, muted: 0, new: 0, most: 10_000 });
  const router = makeRouter(queryClient);
  render(
    <QueryClientProvider client={queryClient}>
      <Kit>
        <RouterProvider router={router} />
      </Kit>
    </QueryClientProvider>,
  );
  await act(() => router.load());
  return router;
}

test("pages are named by their title and the current one is marked", async () => {
  await open("/queues");
  expect(await screen.findByRole("heading", { level: 1, name: "Queues" })).toBeDefined();
  await waitFor(() => expect(document.title).toBe("Queues · TaskFlow"));
  const current = screen.getAllByRole("link").filter((link) => link.getAttribute("aria-current") === "page");
  expect(current.map((link) => link.textContent)).toEqual(["Queues"]);
});

test("dead letters are jobs in one state, and their number stands beside them", async () => {
  const router = await open("/dead");
  await waitFor(() => expect(router.state.location.href).toBe("/jobs?state=dead"));
  const link = await screen.findByRole("link", { name: /Dead letters/ });
  await waitFor(() => expect(link.textContent).toBe("Dead letters412"));
  expect(link.getAttribute("aria-current")).toBe("page");
  expect(screen.getByRole("link", { name: "Jobs" }).getAttribute("aria-current")).toBeNull();
});

test("the number of open errors stands beside their page", async () => {
  await open("/queues");
  const link = await screen.findByRole("link", { name: /Errors/ });
  expect(link.textContent).toBe("Errors3");
  expect(link.getAttribute("href")).toBe("/errors");
});

test("another page gets the focus", async () => {
  await open("/queues");
  await userEvent.click(await screen.findByRole("link", { name: "Workers" }));
  await screen.findByRole("heading", { level: 1, name: "Workers" });
  await waitFor(() => expect(document.activeElement?.id).toBe("content"));
});

test("an unknown address says so, inside of the frame", async () => {
  await open("/nowhere");
  expect(await screen.findByRole("heading", { level: 1, name: "No such page" })).toBeDefined();
  expect(screen.getByRole("navigation", { name: "Main" })).toBeDefined();
});

test("the first Tab skips to the content", async () => {
  await open("/queues");
  await screen.findByRole("heading", { level: 1 });
  await userEvent.tab();
  expect(document.activeElement?.textContent).toBe("Skip to content");
  await userEvent.keyboard("{Enter}");
  expect(document.activeElement?.id).toBe("content");
});

test("a session that ends asks for a key, and the page comes back at its address", async () => {
  const router = await open("/workers");
  await screen.findByRole("heading", { level: 1, name: "Workers" });
  act(() => endSession());
  expect(await screen.findByText(/The session has ended/)).toBeDefined();
  server.use(
    http.post(`${API}/session`, async ({ request }) =>
      ((await request.json()) as { api_key: string }).api_key === "right"
        ? HttpResponse.json({
            actor: "ada",
            role: "viewer",
            permissions: ["jobs:read"],
            tenant: "default",
            expires_at: null,
          })
        : HttpResponse.json({ code: "unauthorized", detail: "no" }, { status: 401 }),
    ),
  );
  const field = screen.getByLabelText("API key");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toBe("Enter an API key.");
  await userEvent.type(field, "wrong{Enter}");
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("refused this key"));
  await userEvent.clear(field);
  await userEvent.type(field, "right{Enter}");
  expect(await screen.findByRole("heading", { level: 1, name: "Workers" })).toBeDefined();
  expect(router.state.location.pathname).toBe("/workers");
  expect(screen.getByText("ada")).toBeDefined();
  expect(screen.getByText("viewer")).toBeDefined();
});

test("theme and density change at once and are kept", async () => {
  const stop = applyAppearance();
  await open("/queues");
  await screen.findByRole("heading", { level: 1 });
  const { dataset } = document.documentElement;
  const before = dataset.theme;
  await userEvent.keyboard("td");
  expect(dataset.theme).toBe(before === "dark" ? "light" : "dark");
  expect(dataset.density).toBe("compact");
  expect(localStorage.getItem("taskflow.density")).toBe("compact");
  await userEvent.keyboard("td");
  stop();
});

test("interrupted updates are said with the age of the data", async () => {
  zoneChoice.set("Asia/Kolkata");
  const reconnect = vi.fn();
  setLiveControls({ pause() {}, resume() {}, reconnect });
  await open("/queues");
  await screen.findByRole("heading", { level: 1 });
  act(() => setLiveStatus({ mode: "polling", everySeconds: 5, asOf: Date.UTC(2026, 0, 1, 12, 4, 31) }));
  expect(screen.getByRole("status").textContent).toMatch(/asking every 5 s\. Data of 17:34:31/);
  await userEvent.click(screen.getByRole("button", { name: "Reconnect now" }));
  expect(reconnect).toHaveBeenCalledTimes(1);
  setLiveControls(null);
});

test("a missing chunk reloads the page once in 30 s", () => {
  sessionStorage.clear();
  const reload = vi.fn();
  let now = 1_000_000;
  reloadOnMissingChunk(() => now, reload);
  const miss = () => {
    const event = new Event("vite:preloadError", { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(miss()).toBe(true);
  now += 29_000;
  expect(miss()).toBe(false);
  now += 31_000;
  expect(miss()).toBe(true);
  expect(reload).toHaveBeenCalledTimes(2);
});
