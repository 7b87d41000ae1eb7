import { expect, test } from "vitest";
import { byId, type ListRow, patchPages } from "./patch";

const row = (id: string, more: Partial<ListRow> = {}): ListRow => ({
  id,
  task: "send",
  args_preview: "{}",
  queue: "mail",
  priority: 0,
  state: "pending",
  reason: null,
  round: 1,
  attempt: 0,
  max_attempts: 3,
  created_at: "2026-11-30T12:00:00Z",
  run_at: "2026-11-30T12:00:00Z",
  started_at: null,
  finished_at: null,
  worker: null,
  progress: null,
  tags: [],
  error: null,
  cancel_requested_at: null,
  lease_no: 0,
  ...more,
});
const page = (...items: ListRow[]) => ({ items, next: null, looked_at: 0, looked_until: null, complete: true });
const pages = () => ({ pages: [page(row("c"), row("b")), page(row("a"))], pageParams: [null, "b"] });

test("fields change in place; order and length never do", () => {
  const before = pages();
  const after = patchPages(
    before,
    byId([
      { id: "a", state: "running", lease_no: 1 },
      { id: "z", state: "dead" },
    ]),
  );
  expect(after?.pages.map((one) => one.items.map(({ id, state }) => `${id} ${state}`))).toEqual([
    ["c pending", "b pending"],
    ["a running"],
  ]);
  expect(after?.pages[0]).toBe(before.pages[0]);
});

test("what did not move stays the same object", () => {
  const before = pages();
  expect(patchPages(before, byId([row("c"), row("a", { tags: [] })]))).toBe(before);
  expect(patchPages(before, new Map())).toBe(before);
  expect(patchPages(undefined, byId([row("c")]))).toBeUndefined();
});

test("an answer that was overtaken is dropped", () => {
  const before = { pages: [page(row("a", { state: "running", lease_no: 2 }))], pageParams: [null] };
  expect(patchPages(before, byId([{ id: "a", state: "retrying", lease_no: 1 }]))).toBe(before);
});

test("a deleted job keeps its row, marked", () => {
  const after = patchPages(pages(), byId([{ id: "b", gone: true }]));
  expect(after?.pages[0]?.items).toHaveLength(2);
  expect(after?.pages[0]?.items[1]).toMatchObject({ id: "b", gone: true, state: "pending" });
});
