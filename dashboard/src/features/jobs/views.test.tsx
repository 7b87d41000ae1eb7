import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { session, setSession } from "@/lib/session";
import { openApp, setWidth } from "@/test/app";
import { API, JobsServer, problem, storedJob } from "@/test/jobs";
import { storedView, ViewsServer } from "@/test/views";
import { currentToasts, dismissToast } from "@/ui/toast";
import type { JobsSearch } from "./search";
import { contentOf, searchOfView, shows } from "./views";

const server = setupServer();
let api: ViewsServer;
let jobs: JobsServer;
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  setSession(first);
  api = new ViewsServer();
  jobs = new JobsServer();
  jobs.jobs = [storedJob(1), storedJob(2, { queue: "media", state: "retrying" })];
  server.use(...api.handlers(), ...jobs.handlers());
});
afterEach(() => {
  server.resetHandlers();
  for (const { id } of currentToasts()) dismissToast(id);
});
afterAll(() => server.close());

const address = () => `${window.location.pathname}${window.location.search}`;
const menuButton = (name: string | RegExp = /^View/) => screen.findByRole("button", { name });

async function openMenu() {
  await userEvent.click(await menuButton());
  return screen.findByRole("menu");
}

async function pick(name: string | RegExp, role: "menuitem" | "menuitemcheckbox" = "menuitem") {
  const menu = await openMenu();
  await userEvent.click(await within(menu).findByRole(role, { name }));
}

test.each<[string, Partial<Parameters<typeof storedView>[1]>, JobsSearch]>([
  ["nothing", { filter: "" }, {}],
  ["fields", { filter: "queue:mail state:dead,retrying" }, { queue: "mail", state: "dead,retrying" }],
  ["text", { filter: "-task:send_* args.user.id:42" }, { q: "-task:send_* args.user.id:42" }],
  [
    "all",
    { filter: "task:resize run:>5m", sort: "oldest", range: "24h", columns: ["ended", "queue"] },
    { task: "resize", q: "run:>5m", sort: "oldest", range: "24h", columns: "queue,ended" },
  ],
  ["no column", { filter: "", columns: [] }, { columns: "none" }],
  [
    "a past range",
    { filter: "", range: "2026-11-30T06:00Z..2026-11-30T07:00Z" },
    { range: "2026-11-30T06:00Z..2026-11-30T07:00Z" },
  ],
])("a view of %s is an address, and back", (_, content, search) => {
  const view = storedView(1, content);
  expect(searchOfView(view)).toEqual({ ...search, view: view.id });
  expect(shows(search, view)).toBe(true);
  expect(shows({ ...search, queue: "other" }, view)).toBe(false);
  const again = storedView(2, contentOf(search, null));
  expect(shows(search, again)).toBe(true);
});

test("columns of the browser are kept where the address names none", () => {
  expect(contentOf({}, ["queue"]).columns).toEqual(["queue"]);
  expect(contentOf({ columns: "run" }, ["queue"]).columns).toEqual(["run"]);
});

test("a built-in view is opened from the menu, and stands in the address", async () => {
  await openApp("/jobs?queue=mail&range=24h");
  await pick("Failing now", "menuitemcheckbox");
  await waitFor(() => expect(address()).toBe("/jobs?state=retrying&view=failing-now"));
  await menuButton("View: Failing now");
  const menu = await openMenu();
  const item = await within(menu).findByRole("menuitemcheckbox", { name: "Failing now" });
  expect(item.getAttribute("aria-checked")).toBe("true");
  expect(within(menu).queryByRole("menuitem", { name: /^Delete/ })).toBeNull();
});

test("what the list shows is saved, shared and opened", async () => {
  await openApp("/jobs?queue=mail&range=24h&sort=oldest&columns=run");
  await pick("Save this view…");
  const dialog = await screen.findByRole("dialog", { name: "Save this view" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Save view" }));
  expect((await within(dialog).findByRole("alert")).textContent).toBe("Give it a name.");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Name" }), "Slow mail");
  await userEvent.click(within(dialog).getByRole("checkbox", { name: /^Shared with everyone/ }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Save view" }));
  await menuButton("View: Slow mail");
  expect(api.writes).toEqual([
    ["POST", { filter: "queue:mail", sort: "oldest", range: "24h", columns: ["run"], name: "Slow mail", shared: true }],
  ]);
  const saved = api.views.at(-1);
  expect(address()).toBe(`/jobs?queue=mail&sort=oldest&range=24h&columns=run&view=${saved?.id}`);
  const menu = await openMenu();
  expect(within(menu).getByRole("group", { name: "Shared" }).textContent).toBe("SharedSlow mail");
});

test("a name that is taken is said beside the name", async () => {
  api.refusal = problem(409, "conflict", "a view of yours is named 'Mail' already");
  await openApp("/jobs");
  await pick("Save this view…");
  const dialog = await screen.findByRole("dialog", { name: "Save this view" });
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Name" }), "Mail{Enter}");
  expect((await within(dialog).findByRole("alert")).textContent).toBe("a view of yours is named 'Mail' already");
});

test("changes of an open view are saved, it is renamed and deleted", async () => {
  const view = storedView(1, { name: "Mail" });
  api.views.push(view);
  await openApp(`/jobs?queue=media&view=${view.id}`);
  await menuButton("View: Mail, changed");
  await pick("Save changes");
  await menuButton("View: Mail");
  expect(api.writes.at(-1)).toEqual(["PATCH", { filter: "queue:media", sort: "newest", range: null, columns: null }]);
  await pick("Rename or share…");
  const dialog = await screen.findByRole("dialog", { name: "Rename or share" });
  const field = within(dialog).getByRole("textbox", { name: "Name" });
  await userEvent.clear(field);
  await userEvent.type(field, "Media{Enter}");
  await menuButton("View: Media");
  expect(api.writes.at(-1)).toEqual(["PATCH", { name: "Media", shared: false }]);
  await pick("Delete view…");
  await userEvent.click(await screen.findByRole("button", { name: "Delete view" }));
  await menuButton("Views");
  expect(api.writes.at(-1)).toEqual(["DELETE", view.id]);
  expect(address()).toBe("/jobs?queue=media");
});

test("who may not share is told so, at shared views and in the dialog", async () => {
  setSession({ ...first, role: "operator", permissions: ["jobs:read", "views:write"] });
  const view = storedView(1, { name: "Ours", kind: "shared" });
  api.views.push(view);
  await openApp(`/jobs?queue=mail&view=${view.id}`);
  await menuButton("View: Ours");
  const menu = await openMenu();
  for (const name of [/^Rename or share…/, /^Delete view…/]) {
    const item = within(menu).getByRole("menuitem", { name });
    expect(item.getAttribute("aria-disabled")).toBe("true");
    expect(item.textContent).toContain("views:share");
  }
  await userEvent.click(within(menu).getByRole("menuitem", { name: "Save this view…" }));
  const dialog = await screen.findByRole("dialog", { name: "Save this view" });
  expect((within(dialog).getByRole("checkbox") as HTMLButtonElement).disabled).toBe(true);
  expect(dialog.textContent).toContain("views:share");
});

test("views that cannot be read are asked for again; the list works without them", async () => {
  server.use(http.get(`${API}/views`, () => problem(503, "store_unavailable", "the store does not answer")));
  await openApp("/jobs?queue=mail&view=gone");
  await menuButton("Views");
  const menu = await openMenu();
  const again = await within(menu).findByRole("menuitem", { name: "Views cannot be read. Try again" });
  expect(within(menu).getByRole("menuitem", { name: "Save this view…" })).toBeDefined();
  server.use(...api.handlers());
  await userEvent.click(again);
  expect(await within(menu).findByRole("menuitemcheckbox", { name: "Failing now" })).toBeDefined();
});

test("the columns of an address are changed there, not in this browser", async () => {
  await openApp("/jobs?columns=run");
  await userEvent.click(await screen.findByRole("button", { name: "Columns" }));
  const menu = await screen.findByRole("menu");
  await userEvent.click(within(menu).getByRole("menuitemcheckbox", { name: "Ended" }));
  await waitFor(() => expect(address()).toBe("/jobs?columns=run,ended"));
  await userEvent.click(within(menu).getByRole("menuitem", { name: "Reset columns" }));
  await waitFor(() => expect(address()).toBe("/jobs"));
});

test("the palette finds views", async () => {
  api.views.push(storedView(1, { name: "Slow mail", filter: "queue:mail run:>5m" }));
  await openApp("/jobs");
  await userEvent.keyboard("{Control>}k{/Control}");
  const palette = await screen.findByRole("dialog", { name: "Command palette" });
  await within(palette).findByText("View Slow mail");
  await userEvent.type(within(palette).getByRole("combobox"), "slow mail{Enter}");
  await waitFor(() => expect(window.location.search).toContain("queue=mail&q=run"));
});
