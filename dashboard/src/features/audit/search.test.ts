import { expect, test } from "vitest";
import { placeOf } from "@/api/audit";
import { auditSearch, termOf } from "./search";

test("what is typed is an actor, an action or an object", () => {
  expect(termOf("actor:key:9f2c41d7")).toEqual({ key: "actor", value: "key:9f2c41d7" });
  expect(termOf("cli:ada")).toEqual({ key: "actor", value: "cli:ada" });
  expect(termOf(" job.retry ")).toEqual({ key: "action", value: "job.retry" });
  expect(termOf("action:later.thing")).toEqual({ key: "action", value: "later.thing" });
  expect(termOf("queue:a:b")).toEqual({ key: "object", value: "queue:a:b" });
  expect(termOf("object: queue:mail")).toEqual({ key: "object", value: "queue:mail" });
  expect(termOf("actor:")).toBeNull();
  expect(termOf("  ")).toBeNull();
});

test("an old link opens whatever it says", () => {
  expect(auditSearch.parse({ actor: 3, range: "9y", act: "x" })).toEqual({});
  expect(auditSearch.parse({ act: "12", actor: "ada" })).toEqual({ act: "12", actor: "ada" });
});

test("objects lead to their pages", () => {
  expect(placeOf("job:1a")).toEqual({ to: "/jobs/1a", name: "1a" });
  expect(placeOf("queue:a/b c")).toEqual({ to: "/jobs?queue=a%2Fb%20c", name: "a/b c" });
  expect(placeOf("bulk:1")).toBeNull();
});
