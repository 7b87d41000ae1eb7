import { expect, test } from "vitest";
import { jobsQueryOf, jobsSearch, rangeIsOfEnd, statesOf, termsOf } from "./search";

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";
const parse = (values: Record<string, unknown>) => jobsSearch.parse(values);
const OPEN = { from: null, to: null };

test("what is not valid is dropped, the rest stays", () => {
  expect(
    parse({ state: "dead,lost", sort: "newest", queue: "mail", worker: "7c", range: "5y", job: ID, x: "y" }),
  ).toEqual({ state: "dead", queue: "mail", job: ID });
  expect(parse({ state: "lost" }).state).toBeUndefined();
  expect(parse({ queue: ["a", "b"] }).queue).toBeUndefined();
});

test("a single state is said by its tab, several by a chip", () => {
  expect(termsOf(parse({ state: "dead", queue: "mail" }))).toEqual([{ key: "queue", value: "mail" }]);
  expect(termsOf(parse({ state: "dead,retrying" }))).toEqual([{ key: "state", value: "dead,retrying" }]);
  expect(statesOf(parse({ state: "dead,retrying" }))).toEqual(["dead", "retrying"]);
});

test("further terms are one text, and what is no filter is dropped", () => {
  const search = parse({ queue: "mail", q: ' -task:a*   "two words" ' });
  expect(search.q).toBe('-task:a* "two words"');
  expect(termsOf(search).map(({ value }) => value)).toEqual(["mail", "-task:a*", '"two words"']);
  expect(jobsQueryOf(search, OPEN)).toEqual({ queue: "mail", q: '-task:a* "two words"' });
  expect(parse({ q: "workflow:1" }).q).toBeUndefined();
  expect(parse({ q: "  " }).q).toBeUndefined();
  expect(parse({ q: ["a"] }).q).toBeUndefined();
});

test("a range of ended jobs is about their end", () => {
  const bounds = { from: Date.parse("2026-11-30T06:00Z"), to: Date.parse("2026-11-30T07:00Z") };
  expect(rangeIsOfEnd(parse({ state: "dead,completed" }))).toBe(true);
  expect(rangeIsOfEnd(parse({ state: "dead,running" }))).toBe(false);
  expect(jobsQueryOf(parse({ state: "dead" }), bounds)).toEqual({
    state: "dead",
    finished_after: "2026-11-30T06:00:00.000Z",
    finished_before: "2026-11-30T07:00:00.000Z",
  });
  expect(jobsQueryOf(parse({}), { from: bounds.from, to: null })).toEqual({
    created_after: "2026-11-30T06:00:00.000Z",
  });
});

test("the question has what was chosen and no more", () => {
  expect(jobsQueryOf(parse({}), OPEN)).toEqual({});
  expect(jobsQueryOf(parse({ task: "send", tag: "eu", worker: ID, sort: "oldest" }), OPEN)).toEqual({
    task: "send",
    tag: "eu",
    worker: ID,
    sort: "oldest",
  });
});
