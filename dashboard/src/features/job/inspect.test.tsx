import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ProfileRequest, StackRequest } from "@/api/inspections";
import { boot } from "@/lib/boot";
import { session, setSession } from "@/lib/session";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, problem, storedJob } from "@/test/jobs";

const server = setupServer();
let api: JobsServer;
let sent: unknown[];
let stack: StackRequest;
let profile: ProfileRequest;

const ASKED = {
  id: "5f0c1d9e-2b64-4a38-9f0e-7d2c8a41b6e3",
  job_id: idOf(1),
  state: "waiting",
  detail: "the worker has not answered yet",
  asked_at: "2026-11-30T12:00:00Z",
  asked_by: "local",
  worker: "7c1f20aa-0000-7000-8000-000000000001",
  answered_at: null,
  answer: null,
} as const;
const ANSWERED = { ...ASKED, state: "answered", answered_at: "2026-11-30T12:00:01Z" } as const;
const BODY = { host: "worker-1", pid: 4711, body: "thread", age: 42, rss: 98_566_144, cpu_seconds: 17.2 } as const;
const FRAMES = [
  { file: "/srv/app/report.py", line: 31, function: "render", code: "rows = load(day)" },
  { file: "/usr/lib/python3.12/socket.py", line: 12, function: "recv", code: "return self._sock.recv()" },
];

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  api = new JobsServer();
  api.jobs = [storedJob(1, { state: "running", finished_at: null, result: null })];
  sent = [];
  stack = {
    ...ANSWERED,
    answer: {
      ...BODY,
      note: null,
      stacks: [{ name: "taskflow-1", kind: "thread", waits: false, frames: FRAMES, left_out: 0 }],
    },
  };
  profile = {
    ...ANSWERED,
    seconds: 5,
    answer: {
      ...BODY,
      note: null,
      seconds: 5,
      samples: 400,
      interval_ms: 12.5,
      overhead: 0.004,
      frames: FRAMES.map((frame) => ({ ...frame, code: null })),
      paths: [
        { frames: [0, 1], samples: 300, waits: true },
        { frames: [0], samples: 100, waits: false },
      ],
      left_out: 0,
      ended: false,
    },
  };
  server.use(
    ...api.handlers(),
    http.post(`${API}/jobs/:id/stack`, () => HttpResponse.json(ASKED, { status: 202 })),
    http.get(`${API}/jobs/:id/stack`, () => HttpResponse.json(stack)),
    http.post(`${API}/jobs/:id/profile`, async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json({ ...ASKED, seconds: 5 }, { status: 202 });
    }),
    http.get(`${API}/jobs/:id/profile`, () => HttpResponse.json(profile)),
  );
});
afterEach(() => {
  boot.requires_reason = false;
  server.resetHandlers();
});
afterAll(() => server.close());

const path = `/jobs/${idOf(1)}`;

async function press(name: string) {
  await userEvent.click(await screen.findByRole("button", { name }));
}

test("the stack of a running job is requested, waited for and shown with libraries folded", async () => {
  await openApp(path);
  await press("Show stack");
  expect(await screen.findByText("Waiting for the worker…")).toBeDefined();
  expect(await screen.findByText("Thread taskflow-1")).toBeDefined();
  expect(screen.getByText("render")).toBeDefined();
  expect(screen.getByText("rows = load(day)")).toBeDefined();
  expect(screen.queryByText("recv")).toBeNull();
  await press("1 library frame");
  expect(screen.getByText("recv")).toBeDefined();
  expect(screen.getByText(/thread of process 4711 on worker-1 · runs for 42 s/)).toBeDefined();
  expect(screen.getByRole("button", { name: "Copy stack" })).toBeDefined();
  expect(screen.getByRole("button", { name: "Refresh stack" })).toBeDefined();
});

test.each([
  ["no_answer", "the worker did not answer within 15 s: it is stopped", "The worker did not answer within 15 s"],
  ["ended", "the attempt ended before the worker answered", "The attempt ended before the worker answered."],
] as const)("a request that ends as %s says so", async (state, detail, said) => {
  stack = { ...ASKED, state, detail };
  await openApp(path);
  await press("Show stack");
  expect(await screen.findByText(new RegExp(said))).toBeDefined();
  expect(screen.getByRole("button", { name: "Refresh stack" }).getAttribute("aria-busy")).toBeNull();
});

test("what the worker could not see is said beside what it knows", async () => {
  const note = "its process does not answer within 3 s: it holds the interpreter lock";
  stack = { ...ANSWERED, answer: { ...BODY, body: "process", note, stacks: [] } };
  await openApp(path);
  await press("Show stack");
  expect(await screen.findByText(/^Its process does not answer within 3 s/)).toBeDefined();
});

test("a profile is a graph that the keyboard walks, and that is enlarged", async () => {
  await openApp(path);
  await press("Profile");
  expect(await screen.findByText("Looking at it for 5 s…")).toBeDefined();
  const tree = await screen.findByRole("tree");
  expect(sent).toEqual([{ seconds: 5, reason: null }]);
  const blocks = within(tree).getAllByRole("treeitem");
  expect(blocks.map((block) => block.textContent)).toEqual(["all", "render", "recv"]);
  expect(blocks[1]?.getAttribute("aria-label")).toContain("/srv/app/report.py:31): 100 % of the time, 25 % in itself");
  expect(screen.getByText(/400 samples in 5.* s,.*75 % of the time it waited/)).toBeDefined();
  blocks[0]?.focus();
  await userEvent.keyboard("{ArrowDown}{ArrowDown}");
  expect(document.activeElement).toBe(blocks[2]);
  await userEvent.keyboard("{Enter}");
  expect(within(tree).getByText("recv").style.width).toBe("100%");
  await userEvent.keyboard("{Escape}");
  expect(within(tree).getByText("recv").style.width).toBe("75%");
});

test("what the server refuses is told, and a viewer is told why not", async () => {
  server.use(http.post(`${API}/jobs/:id/stack`, () => problem(409, "job_not_running", "job 1 does not run")));
  await openApp(path);
  await press("Show stack");
  expect(await screen.findByText("job 1 does not run")).toBeDefined();
});

test("where the server requires a reason, it is asked for before the worker is", async () => {
  boot.requires_reason = true;
  await openApp(path);
  await press("Profile");
  const dialog = within(await screen.findByRole("dialog", { name: "Look into this job?" }));
  await userEvent.type(dialog.getByRole("textbox", { name: /Reason/ }), "it is slow{Enter}");
  expect(await screen.findByRole("tree")).toBeDefined();
  expect(sent).toEqual([{ seconds: 5, reason: "it is slow" }]);
});

test("whom it is not permitted is told why", async () => {
  const before = session();
  setSession({ ...before, role: "viewer", permissions: ["jobs:read"] });
  await openApp(path);
  const button = await screen.findByRole("button", { name: "Show stack" });
  expect(button.getAttribute("aria-disabled")).toBe("true");
  setSession(before);
});

test("a job that does not run has none", async () => {
  api.jobs = [storedJob(1)];
  await openApp(path);
  await screen.findByText("Timeline");
  expect(screen.queryByRole("button", { name: "Show stack" })).toBeNull();
});
