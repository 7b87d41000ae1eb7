import { expect, test } from "vitest";
import type { ActResult, ActTarget } from "@/api/job-actions";
import { toldOf } from "./told-of";

const target = (n: number, state: string): ActTarget => ({ id: `${n}`, task: `task${n}`, state });
const good = (n: number, answer = "new_round"): ActResult => ({ id: `${n}`, answer, problem: null });
const bad = (n: number, problem: { code: string; detail: string }): ActResult => ({
  id: `${n}`,
  answer: null,
  problem,
});
const conflict = { code: "conflict", detail: "job 01a2 is neither dead nor waiting" };

test("one job is named", () => {
  expect(toldOf("retry", [target(1, "dead")], [good(1)]).title).toBe("Retried task1");
  const told = toldOf("retry", [target(1, "running")], [bad(1, conflict)]);
  expect(told.title).toBe("task1 could not be retried");
  expect(told.detail).toBe("It is running");
});

test("several are counted", () => {
  expect(toldOf("delete", [target(1, "dead"), target(2, "dead")], [good(1), good(2)]).title).toBe("Deleted 2 jobs");
});

test("what could not be done is said, with why", () => {
  const targets = [target(1, "dead"), target(2, "dead"), target(3, "running")];
  const told = toldOf("retry", targets, [good(1), good(2), bad(3, conflict)]);
  expect(told.title).toBe("Retried 2; 1 could not be");
  expect(told.detail).toBe("It is running");
  expect(told.failures).toEqual([{ id: "3", task: "task3", why: "It is running" }]);
});

test("different reasons are counted", () => {
  const targets = [target(1, "running"), target(2, "running"), target(3, "dead")];
  const gone = { code: "not_found", detail: "there is no job" };
  const told = toldOf("retry", targets, [bad(1, conflict), bad(2, conflict), bad(3, gone)]);
  expect(told.title).toBe("3 jobs could not be retried");
  expect(told.detail).toBe("It is running (2) · It no longer exists (1)");
});

test("an answer that did not come is no conflict", () => {
  expect(toldOf("retry", [target(1, "dead")], [bad(1, { code: "unreachable", detail: "no answer" })]).detail).toBe(
    "no answer",
  );
});

test("a running job is only asked to stop", () => {
  expect(toldOf("cancel", [target(1, "running")], [good(1, "requested")]).title).toBe("Asked task1 to stop");
  const targets = [target(1, "running"), target(2, "pending")];
  const both = toldOf("cancel", targets, [good(1, "requested"), good(2, "cancelled")]);
  expect(both.title).toBe("Cancelled 1; asked 1 to stop");
});
