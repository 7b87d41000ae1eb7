import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { session, setSession } from "@/lib/session";
import { zoneChoice } from "@/lib/zone";
import { openApp, setWidth } from "@/test/app";
import { API, ERROR, idOf, JobsServer, problem, storedJob } from "@/test/jobs";
import { currentToasts, dismissToast } from "@/ui/toast";

const server = setupServer();
let api: JobsServer;
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  setSession(first);
  api = new JobsServer();
  server.use(...api.handlers());
});
afterEach(() => {
  server.resetHandlers();
  for (const { id } of currentToasts()) dismissToast(id);
});
afterAll(() => server.close());

const rowOf = (n: number) => document.querySelector<HTMLElement>(`tr[data-row="${idOf(n)}"]`);
const row = async (n: number) => {
  await waitFor(() => expect(rowOf(n)).not.toBeNull());
  return rowOf(n) as HTMLElement;
};
const rows = () => [...document.querySelectorAll("tr[data-row]")].map((element) => element.getAttribute("data-row"));
const filter = () => screen.getByRole("combobox", { name: "Filter" });
const location = () => `${window.location.pathname}${window.location.search}`;

function seed() {
  api.jobs = [
    storedJob(1, { state: "dead", reason: "attempts_exhausted", error: ERROR }),
    storedJob(2, { state: "running", finished_at: null, task: "resize", queue: "media", tags: ["eu"] }),
    storedJob(3, { state: "pending", attempt: 0, started_at: null, finished_at: null }),
    storedJob(4),
  ];
}

test("jobs are listed, newest first, with counts of states", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  expect(rows()).toEqual([4, 3, 2, 1].map(idOf));
  const states = within(screen.getByRole("navigation", { name: "States" }));
  expect(states.getByRole("link", { name: "All 4" }).getAttribute("aria-current")).toBe("page");
  expect(states.getByRole("link", { name: "Dead 1" }).getAttribute("href")).toBe("/jobs?state=dead");
  expect((await row(4)).textContent).toContain("to:user4@example.org");
});

test("a state is a filter in the address, and back leads out of it", async () => {
  seed();
  const { router } = await openApp("/jobs");
  await userEvent.click(await screen.findByRole("link", { name: "Dead 1" }));
  await waitFor(() => expect(rows()).toEqual([idOf(1)]));
  expect(location()).toBe("/jobs?state=dead");
  expect(screen.getByRole("heading", { level: 1, name: "Dead letters" })).toBeDefined();
  act(() => router.history.back());
  await waitFor(() => expect(rows()).toHaveLength(4));
  expect(location()).toBe("/jobs");
  act(() => router.history.forward());
  await waitFor(() => expect(rows()).toEqual([idOf(1)]));
});

test("a link restores filter, order and the open job", async () => {
  seed();
  await openApp(`/jobs?state=running,dead&queue=media&tag=eu&sort=oldest&job=${idOf(2)}&tab=attempts`);
  await row(2);
  expect(Object.fromEntries(api.asked[0] ?? [])).toEqual({
    state: "running,dead",
    queue: "media",
    tag: "eu",
    sort: "oldest",
    view: "row",
    limit: "100",
  });
  for (const chip of ["queue:media", "tag:eu", "state:running,dead"]) expect(screen.getByText(chip)).toBeDefined();
  expect(await screen.findByRole("tab", { name: "Attempts 1", selected: true })).toBeDefined();
});

test("typed terms become chips and parts of the address", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.keyboard("/");
  expect(document.activeElement).toBe(filter());
  await userEvent.keyboard("queue:media tag:eu{Enter}");
  await waitFor(() => expect(rows()).toEqual([idOf(2)]));
  expect(location()).toBe("/jobs?queue=media&tag=eu");
  await userEvent.keyboard("{Backspace}");
  await waitFor(() => expect(location()).toBe("/jobs?queue=media"));
  await userEvent.click(screen.getByRole("button", { name: "Remove queue:media" }));
  await waitFor(() => expect(rows()).toHaveLength(4));
});

test("further terms are together in the address, a chip each", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.type(filter(), "-task:res* args.to:user4@example.org{Enter}");
  await waitFor(() => expect(rows()).toEqual([idOf(4)]));
  expect(new URLSearchParams(window.location.search).get("q")).toBe("-task:res* args.to:user4@example.org");
  expect(api.asked.at(-1)?.get("q")).toBe("-task:res* args.to:user4@example.org");
  await userEvent.click(screen.getByRole("button", { name: "Remove args.to:user4@example.org" }));
  await waitFor(() => expect(rows()).toEqual([4, 3, 1].map(idOf)));
  await userEvent.type(filter(), "ConnectTimeout{Enter}");
  expect(await screen.findByText("No job matches -task:res* ConnectTimeout")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Clear filter" }));
  await waitFor(() => expect(rows()).toHaveLength(4));
  expect(location()).toBe("/jobs");
});

test("the chips can be edited as one text, and left as they were", async () => {
  seed();
  await openApp("/jobs?queue=mail&state=dead&q=error:ConnectTimeout");
  await row(1);
  const edit = () => userEvent.click(screen.getByRole("button", { name: "Edit filter as text" }));
  await edit();
  expect((filter() as HTMLInputElement).value).toBe("queue:mail error:ConnectTimeout");
  expect(screen.queryByRole("button", { name: "Remove queue:mail" })).toBeNull();
  await userEvent.keyboard("{Escape}{Escape}");
  expect(await screen.findByRole("button", { name: "Remove queue:mail" })).toBeDefined();
  await edit();
  await userEvent.keyboard(" -user2{Home}{Delete>11/}{Enter}");
  await waitFor(() => expect(new URLSearchParams(window.location.search).get("q")).toBe("error:ConnectTimeout -user2"));
  expect(new URLSearchParams(window.location.search).get("queue")).toBeNull();
  expect(new URLSearchParams(window.location.search).get("state")).toBe("dead");
});

test("a wrong filter is answered with what was meant, which a key takes", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.type(filter(), "tag:eu stat:dead{Enter}");
  expect((await screen.findByRole("alert")).textContent).toBe("“stat:” is no filter. Did you mean state?");
  const field = filter() as HTMLInputElement;
  expect(field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0)).toBe("stat");
  expect(location()).toBe("/jobs");
  await screen.findByRole("option", { name: "Write state" });
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(field.value).toBe("tag:eu state:dead");
  expect(screen.queryByRole("alert")).toBeNull();
});

test.each([
  ["workflow:1", "“workflow:” is no filter. Possible: state, queue, task,"],
  ["state:failed", "“failed” is no state. Did you mean dead?"],
  ["wait:30s", "This is no comparison with a duration. Write >30s, <=500ms or 1m..2h. Did you mean >30s?"],
  ['tag:"open', "This quote is not closed."],
])("%s is refused where it stands", async (text, says) => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.click(filter());
  await userEvent.paste(text);
  await userEvent.keyboard("{Enter}");
  expect((await screen.findByRole("alert")).textContent).toContain(says);
  expect(location()).toBe("/jobs");
});

test("paths of arguments and names of errors are those of the rows", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.type(filter(), "-args.t");
  expect(await screen.findByRole("option", { name: "-args.to:" })).toBeDefined();
  await userEvent.clear(filter());
  await userEvent.type(filter(), "error:");
  expect(await screen.findByRole("option", { name: "error:httpx.ConnectTimeout" })).toBeDefined();
  await userEvent.clear(filter());
  await userEvent.type(filter(), "queue:a,ma");
  expect(await screen.findByRole("option", { name: "queue:a,mail" })).toBeDefined();
  await userEvent.clear(filter());
  await userEvent.type(filter(), "created:-2");
  await screen.findByRole("option", { name: "created:-24h.." });
});

test("suggestions complete keys and values by keyboard", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.type(filter(), "que");
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect((filter() as HTMLInputElement).value).toBe("queue:");
  await screen.findByRole("option", { name: "queue:mail" });
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  await waitFor(() => expect(location()).toBe("/jobs?queue=mail"));
});

test("the id of a job opens it", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.type(filter(), `${idOf(1)}{Enter}`);
  expect(await screen.findByRole("heading", { level: 2, name: "send_email" })).toBeDefined();
  expect(location()).toBe(`/jobs?job=${idOf(1)}`);
});

test("the order turns at its head", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.click(screen.getByRole("button", { name: "Created" }));
  await waitFor(() => expect(rows()).toEqual([1, 2, 3, 4].map(idOf)));
  expect(screen.getByRole("columnheader", { name: "Created" }).getAttribute("aria-sort")).toBe("ascending");
});

test("first use says what a job is and how to make one", async () => {
  await openApp("/jobs");
  expect(await screen.findByText("No jobs yet")).toBeDefined();
  expect(screen.getByText(/taskflow enqueue/)).toBeDefined();
});

test("a filter without a match says so, and can be cleared", async () => {
  seed();
  await openApp("/jobs?queue=none&range=1h");
  expect(await screen.findByText("No job matches queue:none in the last hour")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Search in the last 6 hours" }));
  await waitFor(() => expect(location()).toBe("/jobs?queue=none&range=6h"));
  await userEvent.click(await screen.findByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(rows()).toHaveLength(4));
  expect(location()).toBe("/jobs");
});

test("a failure says what, with the request's id, and is tried again", async () => {
  seed();
  server.use(http.get(`${API}/jobs`, () => problem(500, "internal", "The store is locked"), { once: true }));
  await openApp("/jobs");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Could not load jobs");
  expect(alert.textContent).toContain("The store is locked");
  expect(alert.textContent).toContain("req-7");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  await row(4);
});

test("while another filter loads, the old rows are not offered as its answer", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  let answer = () => {};
  const wait = new Promise<void>((resolve) => {
    answer = resolve;
  });
  server.use(
    http.get(`${API}/jobs`, async () => {
      await wait;
      return HttpResponse.json({ items: [], next: null, looked_at: 4, looked_until: null, complete: true });
    }),
  );
  await userEvent.click(screen.getByRole("link", { name: "Cancelled 0" }));
  expect(await screen.findByRole("progressbar", { name: "Loading" })).toBeDefined();
  expect(rowOf(4)?.closest("[inert]")).not.toBeNull();
  answer();
  expect(await screen.findByText("No job is cancelled")).toBeDefined();
});

test("a search that reached its limit says how far it came, and goes on when asked", async () => {
  seed();
  const at = new Date().toISOString(); // of today, in whatever hour this runs
  server.use(
    http.get(`${API}/jobs`, ({ request }) => {
      const more = new URL(request.url).searchParams.get("cursor");
      const items = more ? [] : null;
      return items
        ? undefined
        : HttpResponse.json({ items: [], next: idOf(5), looked_at: 80_000, looked_until: at, complete: false });
    }),
  );
  await openApp("/jobs?tag=eu");
  expect(await screen.findByText(/Looked through 80,000 jobs back to \d\d:\d\d\./)).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Search further back" }));
  await row(2);
});

test("how far a search came is a clock time only for today in the zone that is shown", async () => {
  seed();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 5, 1, 12) });
  server.use(
    http.get(`${API}/jobs`, () =>
      HttpResponse.json({
        items: [],
        next: idOf(5),
        looked_at: 80_000,
        looked_until: "2026-06-01T09:30:00Z",
        complete: false,
      }),
    ),
  );
  try {
    await openApp("/jobs?tag=eu");
    await screen.findByText(/Looked through 80,000 jobs back to/);
    act(() => zoneChoice.set("utc"));
    expect(screen.getByText(/back to 09:30\.$/)).toBeDefined();
    act(() => zoneChoice.set("Pacific/Kiritimati"));
    expect(screen.getByText(/back to \D*1 Jun\D* 23:30\.$/)).toBeDefined();
  } finally {
    vi.useRealTimers();
  }
});

test("the next page follows when the end comes into view; one that fails is asked for again", async () => {
  api.jobs = Array.from({ length: 50 }, (_, index) => storedJob(index));
  api.pageSize = 30;
  let fails = true;
  server.use(
    http.get(`${API}/jobs`, ({ request }) => {
      const wanted = new URL(request.url).searchParams.has("cursor");
      return wanted && fails ? problem(503, "busy", "The server is busy") : undefined;
    }),
  );
  await openApp("/jobs");
  await row(49);
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Could not load more jobs");
  expect(rows()).toHaveLength(30);
  expect(screen.getByRole("table", { name: "Jobs" }).getAttribute("aria-rowcount")).toBe("-1");
  fails = false;
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(rows()).toHaveLength(50));
  expect(screen.getByRole("table", { name: "Jobs" }).getAttribute("aria-rowcount")).toBe("51");
});

test("rows are selected by keyboard, and retried together", async () => {
  api.jobs = [1, 2, 3].map((n) => storedJob(n, { state: n === 2 ? "running" : "dead", finished_at: null }));
  await openApp("/jobs");
  await row(3);
  await userEvent.keyboard("jxjxjx");
  const bar = await screen.findByRole("region", { name: "3 selected" });
  await userEvent.click(within(bar).getByRole("button", { name: "Retry" }));
  expect(await screen.findByText("Retried 2; 1 could not be")).toBeDefined();
  expect(screen.getByText("It is running")).toBeDefined();
  expect(api.writes.sort()).toEqual([1, 2, 3].map((n) => `retry ${idOf(n)}`));
  // What was done is patched in place; what failed stays selected.
  expect((await row(1)).textContent).toContain("Pending");
  expect(screen.getByRole("region", { name: "1 selected" })).toBeDefined();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("region", { name: "1 selected" })).toBeNull();
});

test("Shift selects a range, a all rows", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  const box = (n: number) => within(rowOf(n) as HTMLElement).getByRole("checkbox");
  await userEvent.click(box(4));
  await userEvent.keyboard("{Shift>}");
  await userEvent.click(box(2));
  await userEvent.keyboard("{/Shift}");
  expect(await screen.findByRole("region", { name: /selected/ })).toBeDefined();
  await userEvent.keyboard("a");
  expect(await screen.findByRole("region", { name: "4 selected" })).toBeDefined();
});

test("a deletion is asked for, with verb and number; rows stay where they were", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.click(within(rowOf(4) as HTMLElement).getByRole("checkbox"));
  await userEvent.click(within(rowOf(2) as HTMLElement).getByRole("checkbox"));
  await userEvent.keyboard("{Delete}");
  const dialog = await screen.findByRole("dialog", { name: "Delete 2 jobs?" });
  expect(dialog.textContent).toContain("This fits 1 of them; 1 is left as it is.");
  expect(api.writes).toEqual([]);
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete 1 job" }));
  expect(await screen.findByText("Deleted 1; 1 could not be")).toBeDefined();
  await waitFor(() => expect(within(rowOf(4) as HTMLElement).getByText("deleted")).toBeDefined());
  expect(rows()).toHaveLength(4);
});

test("an act that fits none of the selected jobs says why", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.click(within(rowOf(3) as HTMLElement).getByRole("checkbox"));
  const bar = await screen.findByRole("region", { name: "1 selected" });
  const retry = within(bar).getByRole("button", { name: "Retry" });
  expect(retry.getAttribute("aria-disabled")).toBe("true");
  await userEvent.keyboard("r");
  await userEvent.click(retry);
  expect(api.writes).toEqual([]);
  expect(within(bar).getByRole("button", { name: "Cancel" }).getAttribute("aria-disabled")).toBeNull();
});

test("a role without the permission sees every button, and why it may not", async () => {
  seed();
  setSession({ ...first, role: "viewer", permissions: ["jobs:read"] });
  await openApp(`/jobs?job=${idOf(1)}`);
  const drawer = within(await screen.findByRole("complementary", { name: "Job send_email" }));
  await drawer.findByRole("tab", { name: "Attempts 1" });
  for (const name of ["Retry", "Cancel", "Delete"]) {
    expect(drawer.getByRole("button", { name }).getAttribute("aria-disabled")).toBe("true");
  }
  await userEvent.keyboard("r");
  expect(api.writes).toEqual([]);
});

test("j and k lead through the list with the drawer open, and Esc gives the focus back", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.keyboard("jj{Enter}");
  expect(await screen.findByRole("complementary", { name: "Job send_email" })).toBeDefined();
  expect(location()).toBe(`/jobs?job=${idOf(3)}`);
  await userEvent.keyboard("j");
  expect(await screen.findByRole("complementary", { name: "Job resize" })).toBeDefined();
  expect(location()).toBe(`/jobs?job=${idOf(2)}`);
  await userEvent.keyboard("]");
  expect(await screen.findByRole("tab", { name: "Attempts 1", selected: true })).toBeDefined();
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(location()).toBe("/jobs"));
  await waitFor(() => expect(document.activeElement).toBe(rowOf(2)));
});

test("over the list the same keys act, for there is no list to reach", async () => {
  setWidth(900);
  seed();
  await openApp(`/jobs?job=${idOf(3)}`);
  await screen.findByRole("dialog", { name: "Job send_email" });
  await row(4);
  await userEvent.keyboard("j");
  expect(await screen.findByRole("dialog", { name: "Job resize" })).toBeDefined();
  await userEvent.keyboard("c");
  await screen.findByRole("dialog", { name: "Cancel 1 job?" });
  await userEvent.keyboard("{Enter}");
  expect(await screen.findByText("Asked resize to stop")).toBeDefined();
});

test("without a feed it asks: rows are patched where they are, new ones wait to be shown", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  seed();
  await openApp("/jobs?state=pending");
  await row(3);
  api.set(idOf(3), { state: "running", attempt: 1, lease_no: 2 });
  api.jobs.push(storedJob(5, { state: "pending", attempt: 0, lease_no: 0 }));
  await act(() => vi.advanceTimersByTimeAsync(5000));
  await waitFor(() => expect(rowOf(3)?.textContent).toContain("Running"));
  expect(rows()).toEqual([idOf(3)]);
  api.jobs = api.jobs.filter(({ id }) => id !== idOf(3));
  await act(() => vi.advanceTimersByTimeAsync(5000));
  await waitFor(() => expect(rowOf(3)?.textContent).toContain("deleted"));
  await userEvent.click(screen.getByRole("button", { name: "1 new job" }));
  await waitFor(() => expect(rows()).toEqual([idOf(5)]));
  expect(screen.queryByRole("button", { name: "1 new job" })).toBeNull();
});

test("a failed question leaves the last rows, dimmed, and says so", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  seed();
  await openApp("/jobs");
  await row(4);
  server.use(http.get(`${API}/jobs`, () => problem(500, "internal", "The store is locked"), { once: true }));
  await act(() => vi.advanceTimersByTimeAsync(5000));
  expect((await screen.findByRole("alert")).textContent).toContain("The store is locked");
  expect(rows()).toHaveLength(4);
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("a running row counts its seconds", async () => {
  const began = new Date(Date.now() - 42_000).toISOString();
  api.jobs = [storedJob(1, { state: "running", started_at: began, finished_at: null })];
  await openApp("/jobs");
  expect((await row(1)).textContent).toMatch(/4[2-5] s/);
});

test("no history is a quiet line; a history is bars with sums", async () => {
  seed();
  const { unmount } = await openApp("/jobs");
  expect(await screen.findByText("This server keeps no history yet.")).toBeDefined();
  unmount();
  const now = Date.now();
  const at = Array.from({ length: 96 }, (_, i) => new Date(Math.ceil(now / 900_000) * 900_000 - (96 - i) * 900_000));
  const column = (value: number) => at.map((_, i) => (i === 90 ? value : 0));
  const none = { p50: [], p95: [], p99: [] };
  api.series = {
    from: at[0],
    to: new Date(),
    step: 900,
    at,
    series: [
      {
        name: null,
        started: column(9),
        completed: column(7),
        failed: column(5),
        dead: column(2),
        cancelled: column(0),
        arrived: column(9),
        wait: none,
        run: none,
      },
    ],
  };
  await openApp("/jobs");
  expect(
    await screen.findByRole("figure", {
      name: "Attempts that ended, Last 24 hours. completed 7, retried 3, dead 2",
    }),
  ).toBeDefined();
});

test("a range between two times of the zone goes into the address and the question", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  await userEvent.click(screen.getByRole("button", { name: "Time range: Any time" }));
  await userEvent.click(await screen.findByRole("button", { name: "Last hour" }));
  await waitFor(() => expect(location()).toBe("/jobs?range=1h"));
  await waitFor(() => expect(api.asked.at(-1)?.has("created_after")).toBe(true));
  expect(api.asked.at(-1)?.has("created_before")).toBe(false);
  expect(screen.getByRole("button", { name: "Time range: Last hour" })).toBeDefined();
});

test("columns are chosen for this browser", async () => {
  seed();
  await openApp("/jobs");
  await row(4);
  const head = () => screen.getAllByRole("columnheader").map((cell) => cell.textContent);
  expect(head()).not.toContain("Priority");
  await userEvent.click(screen.getByRole("button", { name: "Columns" }));
  await userEvent.click(await screen.findByRole("menuitemcheckbox", { name: "Priority" }));
  await waitFor(() => expect(document.querySelector("thead")?.textContent).toContain("Priority"));
  expect(localStorage.getItem("taskflow.jobs.columns")).toContain("priority");
});

test("the menu of a row filters by what it shows", async () => {
  seed();
  await openApp("/jobs");
  await userEvent.click(within(await row(2)).getByRole("button", { name: "Actions for resize" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Only queue media" }));
  await waitFor(() => expect(location()).toBe("/jobs?queue=media"));
});
