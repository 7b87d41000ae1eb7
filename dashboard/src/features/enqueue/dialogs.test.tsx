import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { keys } from "@/api/queries";
import type { JobPages } from "@/features/jobs/rows";
import { zoneChoice } from "@/lib/zone";
import { openApp, setWidth } from "@/test/app";
import { API, idOf, JobsServer, storedJob } from "@/test/jobs";
import { currentToasts, dismissToast } from "@/ui/toast";

const server = setupServer();
let schema: object;
let sent: { run_at?: string; args: object }[];
let lists: number;
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  setWidth(1440);
  act(() => zoneChoice.set("Asia/Kolkata"));
  const api = new JobsServer();
  api.jobs = [storedJob(1, { task: "mail", args: { to: "ada" } })];
  schema = object(["to"]);
  sent = [];
  lists = 0;
  const taken = async ({ request }: { request: Request }) => {
    sent.push((await request.json()) as never);
    return HttpResponse.json({ ...storedJob(1, { task: "mail" }), created: true } as never);
  };
  server.use(
    http.get(`${API}/jobs`, () => {
      lists++;
      return undefined;
    }),
    http.get(`${API}/tasks`, () => HttpResponse.json({ items: [{ name: "mail", args_schema: schema, options: {} }] })),
    http.get(`${API}/tasks/:name`, () => HttpResponse.json({ name: "mail", recent: [] })),
    http.post(`${API}/jobs/:id/replay`, taken),
    http.post(`${API}/jobs`, taken),
    ...api.handlers(),
  );
});
afterEach(() => {
  server.resetHandlers();
  for (const { id } of currentToasts()) dismissToast(id);
});
afterAll(() => server.close());

function object(names: string[]) {
  const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  return { type: "object", additionalProperties: false, properties };
}

const field = (name: string | RegExp) => screen.findByRole("textbox", { name });

test("a replay keeps what was put in while workers announce another schema and the job moves", async () => {
  const { queryClient } = await openApp(`/jobs/${idOf(1)}`);
  await userEvent.click(await screen.findByRole("button", { name: "Edit and retry…" }));
  const to = await field(/^to/);
  await waitFor(() => expect((to as HTMLInputElement).value).toBe("ada"));
  await userEvent.clear(to);
  await userEvent.type(to, "grace");
  await userEvent.type(await field(/^Reason/), "wrong address");
  schema = object(["cc", "to"]);
  await act(() => queryClient.refetchQueries({ queryKey: keys.tasks() }));
  await act(() => queryClient.refetchQueries({ queryKey: keys.job(idOf(1)) }));
  expect(((await field(/^to/)) as HTMLInputElement).value).toBe("grace");
  expect(((await field(/^Reason/)) as HTMLInputElement).value).toBe("wrong address");
  const dialog = screen.getByRole("dialog");
  const time = dialog.querySelector<HTMLInputElement>('input[type="datetime-local"]') as HTMLInputElement;
  await userEvent.type(time, "2030-07-01T12:00");
  await userEvent.click(dialog.querySelector('button[type="submit"]') as HTMLElement);
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toMatchObject({
    args: { to: "grace" },
    run_at: "2030-07-01T06:30:00.000Z",
    reason: "wrong address",
  });
});

test.each([
  { pages: 1, asked: 2, what: "appears in a list of one page" },
  { pages: 2, asked: 1, what: "leaves a longer list alone" },
])("a job that is enqueued beside a list $what", async ({ pages, asked }) => {
  const { queryClient } = await openApp("/jobs");
  await waitFor(() => expect(lists).toBe(1));
  const row = () => document.querySelector(`tr[data-row="${idOf(1)}"]`);
  await waitFor(() => expect(row()).not.toBeNull());
  if (pages === 2)
    act(() => {
      queryClient.setQueriesData<JobPages>({ queryKey: keys.jobs() }, (data) => {
        const [page] = data?.pages ?? [];
        return page && { pages: [page, { ...page, items: [] }], pageParams: [null, idOf(1)] };
      });
    });
  await userEvent.click(screen.getByRole("button", { name: /^Enqueue/ }));
  const task = await screen.findByRole("combobox", { name: /^Task/ });
  await waitFor(() => expect(document.querySelector('#enqueue-tasks [value="mail"]')).not.toBeNull());
  await userEvent.type(task, "mai");
  const submit = () => screen.getByRole("dialog").querySelector('button[type="submit"]') as HTMLElement;
  await userEvent.click(submit());
  expect(screen.getByText("No program has announced a task of this name.")).toBeDefined();
  expect(sent).toEqual([]);
  await userEvent.type(task, "l");
  await userEvent.type(await field(/^to/), "grace");
  await userEvent.click(submit());
  await waitFor(() => expect(sent).toMatchObject([{ args: { to: "grace" } }]));
  await waitFor(() => expect(window.location.search).toContain(idOf(1)));
  await waitFor(() => expect(lists).toBe(asked));
});
