import { expect, test } from "vitest";
import type { Attempt, Job } from "@/api/job";
import { storedAttempt, storedJob } from "@/test/jobs";
import { partsOf, runsOf, type Step, stepsOf } from "./timeline";

const T = Date.parse("2026-11-30T12:00:00Z");
const at = (seconds: number) => new Date(T + seconds * 1000).toISOString();
const NOW = T + 100_000;
const RAW = { args: "{}", result: "null", meta: "null" };

function jobOf(attempts: Attempt[], more: Partial<Job> = {}): Job {
  const base = storedJob(0, { created_at: at(0), run_at: at(0), attempts, attempts_total: attempts.length });
  return { ...base, attempt: attempts.at(-1)?.attempt ?? 0, raw: RAW, ...more };
}

const failed = (n: number, from: number, to: number, more: Partial<Attempt> = {}) =>
  storedAttempt(n, { started_at: at(from), finished_at: at(to), outcome: "failed", ...more });

const kinds = (steps: Step[]) =>
  steps.map((step) => (step.kind === "run" ? `${step.run.attempt.outcome} ${step.run.attempt.attempt}` : step.kind));

const DEAD = jobOf([failed(1, 1, 11), failed(2, 13, 23), failed(3, 27, 37)], {
  state: "dead",
  reason: "attempts_exhausted",
  finished_at: at(37),
});

test("runs are from start to end", () => {
  expect(runsOf(DEAD, NOW).map(({ ran }) => ran)).toEqual([10, 10, 10]);
});

test("a running attempt counts up to now", () => {
  const job = jobOf([storedAttempt(1, { started_at: at(40), outcome: "running" })], {
    state: "running",
    finished_at: null,
  });
  expect(runsOf(job, NOW)[0]?.ran).toBe(60);
  expect(partsOf(job, runsOf(job, NOW), NOW).map(({ kind, seconds }) => [kind, seconds])).toEqual([
    ["wait", 40],
    ["run", 60],
  ]);
  expect(kinds(stepsOf(job, runsOf(job, NOW), false))).toEqual(["enqueued", "running 1"]);
});

test("the strip is waits and runs in turn", () => {
  expect(partsOf(DEAD, runsOf(DEAD, NOW), NOW).map(({ kind, seconds }) => `${kind} ${seconds}`)).toEqual([
    "wait 1",
    "run 10",
    "wait 2",
    "run 10",
    "wait 4",
    "run 10",
  ]);
});

test("the last attempt says how it ended; nothing says it twice", () => {
  expect(kinds(stepsOf(DEAD, runsOf(DEAD, NOW), false))).toEqual(["enqueued", "failed 1", "failed 2", "failed 3"]);
});

test.each<[Partial<Job>, string[]]>([
  [{ state: "pending" }, ["enqueued", "ready"]],
  [{ state: "scheduled", run_at: at(500) }, ["enqueued", "due"]],
  [{ state: "cancelled", reason: "cancelled_by_user", finished_at: at(9) }, ["enqueued", "ended"]],
  [{ state: "dead", reason: "invalid_arguments", finished_at: at(9) }, ["enqueued", "ended"]],
])("without an attempt: %o", (more, expected) => {
  const job = jobOf([], { finished_at: null, ...more });
  expect(kinds(stepsOf(job, [], false))).toEqual(expected);
});

test("a retrying job says when it is tried again", () => {
  const job = jobOf([failed(1, 1, 2)], { state: "retrying", run_at: at(120), finished_at: null });
  const steps = stepsOf(job, runsOf(job, NOW), false);
  expect(steps.at(-1)).toEqual({ kind: "due", at: T + 120_000, attempt: 2 });
});

test("a running job that was asked to stop says so", () => {
  const job = jobOf([storedAttempt(1, { started_at: at(1), outcome: "running" })], {
    state: "running",
    finished_at: null,
    cancel_requested_at: at(5),
  });
  expect(kinds(stepsOf(job, runsOf(job, NOW), false)).at(-1)).toBe("cancel-requested");
});

test("a retry by hand begins a round", () => {
  const attempts = [
    failed(1, 1, 2),
    failed(2, 3, 4),
    failed(1, 50, 51, { round: 2, lease_no: 3 }),
    storedAttempt(2, { round: 2, lease_no: 4, started_at: at(60), finished_at: at(61) }),
  ];
  const job = jobOf(attempts, { round: 2, attempt: 2, finished_at: at(61) });
  expect(kinds(stepsOf(job, runsOf(job, NOW), false))).toEqual([
    "enqueued",
    "failed 1",
    "failed 2",
    "round",
    "failed 1",
    "completed 2",
  ]);
});

test("retried and not started yet, the attempts are of the round before", () => {
  const job = jobOf([failed(1, 1, 2)], { round: 2, attempt: 0, state: "pending", run_at: at(90), finished_at: null });
  expect(kinds(stepsOf(job, runsOf(job, NOW), false))).toEqual(["enqueued", "failed 1", "round", "ready"]);
});

test("an attempt that is counted again is no new round", () => {
  const snoozed = failed(1, 1, 2, { outcome: "snoozed" });
  const job = jobOf([snoozed, failed(1, 9, 10, { lease_no: 2 })], { round: 1, finished_at: at(10) });
  expect(kinds(stepsOf(job, runsOf(job, NOW), false))).toEqual(["enqueued", "snoozed 1", "failed 1"]);
});

test("attempts that are not listed are counted where they are missing", () => {
  const job = jobOf([failed(1, 1, 2), failed(2, 3, 4), failed(90, 900, 901)], {
    attempts_total: 90,
    state: "dead",
    finished_at: at(901),
  });
  const runs = runsOf(job, NOW);
  expect(runs.map(({ skipped }) => skipped)).toEqual([0, 0, 87]);
  expect(kinds(stepsOf(job, runs, false))).toEqual(["enqueued", "failed 1", "failed 2", "skipped", "failed 90"]);
});

test("of many attempts the middle is folded until it is asked for", () => {
  const attempts = Array.from({ length: 40 }, (_, i) => failed(i + 1, i * 10, i * 10 + 1));
  const job = jobOf(attempts, { state: "dead", finished_at: at(391) });
  const runs = runsOf(job, NOW);
  const steps = stepsOf(job, runs, false);
  expect(steps.filter(({ kind }) => kind === "run")).toHaveLength(15);
  expect(steps.find(({ kind }) => kind === "folded")).toEqual({ kind: "folded", count: 25 });
  expect(stepsOf(job, runs, true).filter(({ kind }) => kind === "run")).toHaveLength(40);
});
