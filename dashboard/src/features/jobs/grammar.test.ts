import { expect, test } from "vitest";
import { formatFilter, parseFilter, tokenAt } from "./grammar";
import { placeOf } from "./problem-words";

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";

test("terms by key", () => {
  expect(parseFilter(' queue:mail  task:send_email tag:"two words"').terms).toEqual([
    { key: "queue", value: "mail" },
    { key: "task", value: "send_email" },
    { key: "tag", value: "two words" },
  ]);
});

test("a value may hold colons and quotes", () => {
  expect(parseFilter("tag:a:b").terms).toEqual([{ key: "tag", value: "a:b" }]);
  expect(parseFilter('tag:"say \\"hi\\""').terms).toEqual([{ key: "tag", value: 'say "hi"' }]);
});

test("of one key the last one counts, and keys may be written large", () => {
  expect(parseFilter("queue:a Queue:b").terms).toEqual([{ key: "queue", value: "b" }]);
});

test("a job has several tags", () => {
  expect(parseFilter('tag:a tag:"b c"').terms).toEqual([
    { key: "tag", value: "a" },
    { key: "q", value: 'tag:"b c"' },
  ]);
});

test("several states go with commas", () => {
  expect(parseFilter("state:dead,retrying").terms).toEqual([{ key: "state", value: "dead,retrying" }]);
});

test("a worker is an id", () => {
  expect(parseFilter(`worker:${ID.toUpperCase()}`).terms).toEqual([{ key: "worker", value: ID }]);
});

test.each([
  "-queue:mail",
  "queue:a,b",
  "task:send_*",
  "-state:dead",
  "error:Timeout",
  "args.user.id:42",
  "hello",
  "run:>2m",
])("%s has no parameter of its own", (text) => {
  expect(parseFilter(`queue:mail ${text}`).terms).toEqual([
    { key: "queue", value: "mail" },
    { key: "q", value: text },
  ]);
});

test.each([
  ["queue:", { kind: "no_value", start: 6, end: 6, hint: null }],
  ["queue:mail stat:x", { kind: "unknown_key", start: 11, end: 15, hint: "state" }],
])("%s cannot be applied", (text, problem) => {
  expect(parseFilter(text)).toEqual({ terms: [], problem, jobId: null });
});

test("the id of a job is not a filter", () => {
  expect(parseFilter(` ${ID} `)).toEqual({ terms: [], problem: null, jobId: ID });
  expect(parseFilter(ID.replaceAll("-", "")).jobId).toBe(ID);
});

test("nothing is nothing", () => {
  expect(parseFilter("  ")).toEqual({ terms: [], problem: null, jobId: null });
});

test.each([
  "queue:mail",
  'task:send tag:"two words"',
  'tag:"say \\"hi\\" \\\\"',
  'tag:"a*" -task:b* "free text"',
  "state:dead,running",
])("%s is written as it is read", (text) => {
  expect(formatFilter(parseFilter(text).terms)).toBe(text);
});

test("the token at the cursor", () => {
  expect(tokenAt("queue:ma task:x", 8)).toEqual({ from: 0, to: 8, key: "queue", before: "queue:", value: "ma" });
  expect(tokenAt("queue:ma ta", 11)).toEqual({ from: 9, to: 11, key: null, before: "", value: "ta" });
  expect(tokenAt("-queue:a,b", 10)).toEqual({ from: 0, to: 10, key: "queue", before: "-queue:a,", value: "b" });
  expect(tokenAt("-st", 3)).toEqual({ from: 0, to: 3, key: null, before: "-", value: "st" });
  expect(tokenAt("", 0)).toEqual({ from: 0, to: 0, key: null, before: "", value: "" });
});

test("where a fault is, in the units of a field", () => {
  const text = "🙂 stat:dead";
  const { problem } = parseFilter(text);
  expect(problem && placeOf(problem, text)).toEqual({ from: 3, to: 7 });
});
