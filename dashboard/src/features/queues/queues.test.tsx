import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueueRow, Worker } from "@/api/types";
import { session, setSession } from "@/lib/session";
import { openApp } from "@/test/app";
import { API } from "@/test/jobs";
import { queueRow, seriesOf, workerRow } from "@/test/rows";

let queues: QueueRow[];
let workers: Worker[];
const sent: { path: string; body: unknown }[] = [];
const server = setupServer(
  http.get(`${API}/queues`, () => HttpResponse.json({ items: queues, next: null })),
  http.get(`${API}/workers`, () => HttpResponse.json({ items: workers })),
  http.get(`${API}/stats/series`, () => HttpResponse.json(seriesOf({ mail: { completed: [1, 2, 3] } }))),
  http.get(`${API}/jobs/stats`, () => HttpResponse.json({ states: {}, queues: {}, as_of: "", exact: true })),
  http.post(`${API}/queues/:name/:act`, async ({ request, params }) => {
    const body = await request.text();
    sent.push({ path: `${params.name}/${params.act}`, body: body === "" ? null : JSON.parse(body) });
    const pause = params.act === "pause";
    queues = queues.map((queue) =>
      queue.name === params.name
        ? { ...queue, paused: pause, paused_by: pause ? "ada" : null, reason: pause ? "deploy" : null }
        : queue,
    );
    return HttpResponse.json(queues.find((queue) => queue.name === params.name));
  }),
);
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setSession(first);
  sent.length = 0;
  workers = [workerRow(1, { info: { queues: ["mail", "media"] } })];
  queues = [
    queueRow("imports", { pending: 412, oldest_ready_age: 240 }),
    queueRow("mail", { pending: 3, running: 12, slots: 50, rate_in: 4, rate_out: 3.5, oldest_ready_age: 2, eta: 1.5 }),
    queueRow("media", { rate_out: 22 }),
  ];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const names = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.getAttribute("data-row"));
const row = async (name: string) => {
  const link = await screen.findByRole("link", { name });
  return link.closest("tr") as HTMLElement;
};

test("a queue shows its depth, rates, slots, and leads to its page and its jobs", async () => {
  await openApp("/queues");
  const mail = await row("mail");
  expect(within(mail).getByRole("link", { name: "mail" }).getAttribute("href")).toBe("/queues/mail");
  expect(within(mail).getByRole("link", { name: "3" }).getAttribute("href")).toBe("/jobs?queue=mail&state=pending");
  expect(within(mail).getByRole("img", { name: "12 running, 3 pending" })).toBeDefined();
  expect(within(mail).getByRole("img", { name: "12 of 50 slots busy" })).toBeDefined();
  expect(mail.textContent).toContain("4/s");
  expect(mail.textContent).toContain("3.5/s");
  expect(await within(mail).findByRole("img", { name: "Attempts of mail that ended in the last hour" })).toBeDefined();
});

test("what is not known is a dash, not a zero", async () => {
  await openApp("/queues");
  const cells = [...(await row("imports")).querySelectorAll("td")].map((cell) => cell.textContent);
  // in, out, history, slots, eta
  expect(cells.slice(4, 9)).toEqual(["–", "–", "–", "–", "–"]);
});

test("ready jobs without a living worker are marked, with the command that helps", async () => {
  await openApp("/queues");
  const imports = await row("imports");
  expect(await within(imports).findByText("No worker")).toBeDefined();
  expect(within(imports).getByRole("button", { name: "Copy command of a worker" })).toBeDefined();
  expect(within(await row("mail")).queryByText("No worker")).toBeNull();
});

test("the order stands in the URL", async () => {
  const { router } = await openApp("/queues");
  await row("mail");
  expect(names()).toEqual(["imports", "mail", "media"]);
  const head = screen.getByRole("columnheader", { name: "Ready" });
  await userEvent.click(within(head).getByRole("button"));
  await waitFor(() => expect(router.state.location.href).toBe("/queues?sort=-ready"));
  expect(names()).toEqual(["imports", "mail", "media"]);
  expect(screen.getByRole("columnheader", { name: "Ready" }).getAttribute("aria-sort")).toBe("descending");
  await userEvent.click(within(screen.getByRole("columnheader", { name: "Ready" })).getByRole("button"));
  await waitFor(() => expect(router.state.location.href).toBe("/queues?sort=ready"));
  expect(names()).toEqual(["media", "mail", "imports"]);
  await userEvent.click(within(screen.getByRole("columnheader", { name: "Queue" })).getByRole("button"));
  await waitFor(() => expect(router.state.location.href).toBe("/queues"));
});

test("a sort that does not exist is dropped", async () => {
  await openApp("/queues?sort=-colour");
  await row("mail");
  expect(names()).toEqual(["imports", "mail", "media"]);
});

test("the filter narrows by name, stands in the URL, and can be cleared", async () => {
  const { router } = await openApp("/queues");
  await row("mail");
  await userEvent.keyboard("/");
  expect(document.activeElement).toBe(screen.getByRole("searchbox", { name: "Filter queues by name" }));
  await userEvent.keyboard("ME");
  await waitFor(() => expect(names()).toEqual(["media"]));
  expect(router.state.location.href).toBe("/queues?q=ME");
  await userEvent.keyboard("x");
  expect(await screen.findByText("No queue matches “MEx”")).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Clear filter" }));
  await waitFor(() => expect(names()).toHaveLength(3));
});

test("a pause asks for a reason and changes the row where it stands; resume takes it back", async () => {
  await openApp("/queues");
  const mail = await row("mail");
  await userEvent.click(within(mail).getByRole("button", { name: "Pause mail" }));
  const dialog = await screen.findByRole("dialog", { name: "Pause mail?" });
  expect(dialog.textContent).toContain("3 jobs wait until it is resumed");
  const reason = within(dialog).getByRole("textbox", { name: /Reason/ });
  await waitFor(() => expect(document.activeElement).toBe(reason));
  await userEvent.type(reason, " deploy {Enter}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(sent).toEqual([{ path: "mail/pause", body: { reason: "deploy" } }]);
  const paused = await row("mail");
  expect(await within(paused).findByText("Paused by ada")).toBeDefined();
  expect(within(paused).getByText("deploy")).toBeDefined();
  expect(names()).toEqual(["imports", "mail", "media"]);
  await userEvent.click(within(paused).getByRole("button", { name: "Resume mail" }));
  const question = await screen.findByRole("dialog", { name: "Resume mail?" });
  await userEvent.type(within(question).getByLabelText(/Reason/), "deployed{Enter}");
  await waitFor(() => expect(screen.queryByText("Paused by ada")).toBeNull());
  expect(sent.at(-1)).toEqual({ path: "mail/resume", body: { reason: "deployed" } });
});

test("a pause that fails keeps the dialog and says why", async () => {
  server.use(
    http.post(`${API}/queues/:name/pause`, () =>
      HttpResponse.json(
        { title: "x", status: 503, code: "store_unavailable", detail: "The store is down." },
        { status: 503 },
      ),
    ),
  );
  await openApp("/queues");
  await userEvent.click(within(await row("mail")).getByRole("button", { name: "Pause mail" }));
  await userEvent.click(await screen.findByRole("button", { name: "Pause queue" }));
  expect((await screen.findByRole("alert")).textContent).toBe("The store is down.");
  expect(screen.getByRole("dialog", { name: "Pause mail?" })).toBeDefined();
});

test("who may not pause sees the button with the reason, and it does nothing", async () => {
  setSession({ ...first, role: "viewer", permissions: ["queues:read"] });
  await openApp("/queues");
  const pause = within(await row("mail")).getByRole("button", { name: "Pause mail" });
  expect(pause.getAttribute("aria-disabled")).toBe("true");
  pause.focus();
  expect((await screen.findByRole("tooltip")).textContent).toContain("Needs queues:write; your role is viewer");
  await userEvent.click(pause);
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("no queue yet: the page says how one appears", async () => {
  queues = [];
  await openApp("/queues");
  expect(await screen.findByText("No queue yet")).toBeDefined();
});

test("while it loads there is a skeleton of rows, after a moment", async () => {
  server.use(http.get(`${API}/queues`, () => delay("infinite")));
  await openApp("/queues");
  const waiting = await waitFor(() => {
    const busy = document.querySelector("[aria-busy=true]");
    if (!busy) throw new Error("not there");
    return busy;
  });
  await waitFor(() => expect(waiting.className).not.toContain("invisible"));
});

test("an error says what and the id of the request; trying again helps, and old rows stay", async () => {
  const problem = { title: "x", status: 500, code: "internal", detail: "Out of order.", request_id: "req-7" };
  server.use(http.get(`${API}/queues`, () => HttpResponse.json(problem, { status: 500 }), { once: true }));
  const { queryClient } = await openApp("/queues");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Could not load queues");
  expect(alert.textContent).toContain("Out of order.");
  expect(alert.textContent).toContain("req-7");
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  await row("mail");
  server.use(http.get(`${API}/queues`, () => HttpResponse.json(problem, { status: 500 })));
  await queryClient.invalidateQueries({ queryKey: ["api", "queues"] });
  expect((await screen.findByRole("alert")).textContent).toContain("Out of order.");
  expect(names()).toHaveLength(3);
});
