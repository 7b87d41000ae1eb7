import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { boot } from "@/lib/boot";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, problem, storedJob } from "@/test/jobs";

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  const jobs = new JobsServer();
  jobs.jobs = [storedJob(1)];
  server.use(...jobs.handlers());
});
afterEach(() => {
  server.resetHandlers();
  delete boot.features.public;
  delete boot.features.resets_at;
});
afterAll(() => server.close());

test("a public demonstration says what it is, and enqueues a job that is then shown", async () => {
  boot.features.public = true;
  server.use(
    http.post(`${API}/demo/jobs`, () =>
      HttpResponse.json({ id: idOf(1), task: "report.build", left: 1 }, { status: 201 }),
    ),
  );
  await openApp("/jobs");
  await screen.findByText(/public demonstration with made-up work/);
  await userEvent.click(screen.getByRole("button", { name: "Enqueue a demo job" }));
  await waitFor(() => expect(window.location.pathname).toBe(`/jobs/${idOf(1)}`));
  expect((await screen.findAllByText("1 more in this hour.")).length).toBeGreaterThan(0);
});

test("it says when everything starts over, every hour anew", async () => {
  boot.features.public = true;
  boot.features.resets_at = new Date(Date.now() + 29.5 * 60_000).toISOString();
  const { unmount } = await openApp("/jobs");
  await screen.findByText(/It starts over in 30 minutes\./);
  unmount();
  // A page that was opened two hours ago.
  boot.features.resets_at = new Date(Date.now() - 70.5 * 60_000).toISOString();
  await openApp("/jobs");
  await screen.findByText(/It starts over in 50 minutes\./);
});

test("what is too much is said", async () => {
  boot.features.public = true;
  server.use(http.post(`${API}/demo/jobs`, () => problem(429, "too_many_demo_jobs", "No more demo jobs in this hour")));
  await openApp("/jobs");
  await userEvent.click(await screen.findByRole("button", { name: "Enqueue a demo job" }));
  expect((await screen.findAllByText("No more demo jobs in this hour")).length).toBeGreaterThan(0);
  expect(window.location.pathname).toBe("/jobs");
});

test("elsewhere there is no banner", async () => {
  await openApp("/jobs");
  await screen.findByText("send_email");
  expect(screen.queryByRole("button", { name: "Enqueue a demo job" })).toBeNull();
});
