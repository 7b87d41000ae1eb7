import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openApp, setWidth } from "@/test/app";
import { API, JobsServer, storedJob } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  api.jobs = [storedJob(1, { tags: ["seen"] })];
  server.use(...api.handlers());
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const filter = () => screen.findByRole("combobox", { name: "Filter" });

test("values come from the server with what they count, and are taken by keyboard", async () => {
  api.suggested = {
    tag: [
      { value: "europe", count: 1412, hint: null },
      { value: "two words", count: 0, hint: null },
    ],
  };
  await openApp("/jobs");
  await userEvent.type(await filter(), "tag:e");
  const option = await screen.findByRole("option", { name: /europe/ });
  expect(option.textContent).toBe("tag:europe1,412 of the newest jobs");
  expect(screen.getByText("1 suggestion").getAttribute("role")).toBe("status");
  await userEvent.keyboard("{ArrowDown}{Enter}");
  await waitFor(() => expect(window.location.search).toBe("?tag=europe"));
});

test("paths of arguments, names of errors and hosts of workers are found", async () => {
  api.suggested = {
    args: [{ value: "args.user.id", count: 3, hint: null }],
    error: [{ value: "TimeoutError", count: 1, hint: null }],
    worker: [{ value: "7c1f20aa-0000-7000-8000-000000000001", count: 2, hint: "web-1 · 4711" }],
  };
  await openApp("/jobs");
  const field = await filter();
  for (const [typed, name] of [
    ["-args.us", /^-args\.user\.id:/],
    ["error:time", /error:TimeoutError/],
    ["worker:web", /7c1f20aa.*web-1 · 4711/],
  ] as const) {
    await userEvent.type(field, typed);
    expect(await screen.findByRole("option", { name })).toBeDefined();
    await userEvent.clear(field);
  }
});

test("fast typing is one question", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(`${API}/search/suggest`, ({ request }) => {
      asked.push(new URL(request.url).searchParams.get("prefix"));
      const items = [{ value: "europe", count: 1, hint: null }];
      return HttpResponse.json({ field: "tag", items, counted: "newest_jobs", looked_at: 1, more: false });
    }),
  );
  await openApp("/jobs");
  await userEvent.click(await filter());
  await userEvent.paste("tag:eu");
  await screen.findByRole("option", { name: /europe/ });
  await userEvent.keyboard("ro");
  await waitFor(() => expect(asked.at(-1)).toBe("euro"));
  expect(asked).not.toContain("eur");
});

test("where the server suggests nothing, the rows do", async () => {
  await openApp("/jobs");
  await screen.findByText("send_email");
  await userEvent.type(await filter(), "tag:");
  expect(await screen.findByRole("option", { name: "tag:seen" })).toBeDefined();
});
