import { expect, test } from "vitest";
import type { ErrorGroup, ErrorPage } from "@/api/types";
import { errorGroup } from "@/test/rows";
import { onlyFirst, withBeginning } from "./beginning";

const group = (digit: number, minute: number) =>
  errorGroup(digit, { last_at: new Date(60_000 * minute).toISOString(), count: minute });
const page = (items: ErrorGroup[], next: string | null): ErrorPage => ({
  items,
  next,
  counts: { open: 0, resolved: 0, muted: 0, new: 0, most: 10_000 },
});
const held = {
  pages: [page([group(1, 9), group(2, 8)], "a"), page([group(3, 7), group(4, 6)], "b"), page([group(5, 5)], null)],
  pageParams: [null, "a", "b"],
};
const digits = (data: typeof held) => data.pages.map(({ items }) => items.map((one) => one.fingerprint[0]).join(""));

test("a group that moved up stands once, and what it pushed out is kept behind the first page", () => {
  const now = withBeginning(held, page([group(5, 10), group(1, 9)], "x"), "last");
  expect(digits(now)).toEqual(["51", "234", ""]);
  expect(now.pageParams).toEqual(held.pageParams);
  expect(now.pages.at(-1)?.next).toBeNull();
});

test("a group that would still belong to the first page and is missing has left the list", () => {
  expect(digits(withBeginning(held, page([group(2, 8), group(3, 7)], "x"), "last"))).toEqual(["23", "4", "5"]);
  expect(digits(withBeginning(held, page([group(2, 8), group(3, 7)], "x"), "count"))).toEqual(["23", "4", "5"]);
  expect(digits(withBeginning(held, page([group(2, 8)], null), "last"))).toEqual(["2", "34", "5"]);
});

test("a list of one page is the page", () => {
  const first = page([group(7, 1)], null);
  expect(withBeginning(onlyFirst(held), first, "last").pages).toEqual([first]);
});
