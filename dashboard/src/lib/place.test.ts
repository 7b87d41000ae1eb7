import { expect, test } from "vitest";
import { isQueueName, newPlace, priorityOf, wrongIn } from "./place";

test("a name of a queue is as the server takes it", () => {
  for (const name of ["mail", "a", "0", "reports.daily", "eu/mail:1-2_3", "x".repeat(128)])
    expect(isQueueName(name)).toBe(true);
  for (const name of ["", " mail", "not a name", ".mail", "-x", "ä", "x".repeat(129)])
    expect(isQueueName(name)).toBe(false);
});

test("a priority is a whole number from -100 to 100", () => {
  expect(["0", "-100", "100", "+7", "007"].map(priorityOf)).toEqual([0, -100, 100, 7, 7]);
  for (const text of ["101", "-101", "1.5", "1e2", "high", "", " 1"]) expect(priorityOf(text)).toBeNull();
});

test("what is typed and differs is named, and nothing else", () => {
  const from = { queue: "mail", priority: 5 };
  expect(newPlace({ queue: "mail", priority: "5" }, from)).toBeNull();
  expect(newPlace({ queue: " imports ", priority: "5" }, from)).toEqual({ queue: "imports" });
  expect(newPlace({ queue: "", priority: "0" }, from)).toEqual({ priority: 0 });
  expect(newPlace({ queue: "mail", priority: "5" })).toEqual({ queue: "mail", priority: 5 });
  expect(newPlace({ queue: "", priority: "" })).toBeNull();
  expect(newPlace({ queue: "imports", priority: "high" })).toBeNull();
  expect(wrongIn({ queue: "not a name", priority: "101" })).toEqual({ queue: true, priority: true });
  expect(wrongIn({ queue: "", priority: " " })).toEqual({ queue: false, priority: false });
});
