import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import type { JobLog } from "@/api/logs";
import { keys } from "@/api/queries";
import { storedLine } from "@/test/jobs";
import { isLogEvent, patchLog } from "./patch-log";

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";
let client: QueryClient;
const held = () => client.getQueryData<JobLog>(keys.log(ID));
const asked = () => client.getQueryState(keys.log(ID))?.isInvalidated;

beforeEach(() => {
  client = new QueryClient();
  client.setQueryData(keys.log(ID), { lines: [storedLine(1)], next: "1.1", more: false });
  client.setQueryData(keys.logCount(ID), 1);
});

test("lines that follow are put behind those that are held, and counted", () => {
  patchLog(client, ID, { after: "1.1", next: "1.3", lines: [storedLine(2), storedLine(3)] });
  expect(held()?.lines.map((line) => line.seq)).toEqual([1, 2, 3]);
  expect(held()?.next).toBe("1.3");
  expect(client.getQueryData(keys.logCount(ID))).toBe(3);
  expect(asked()).toBe(false);
});

test("where lines are missing in between, the log is asked for", () => {
  patchLog(client, ID, { after: "1.2", next: "1.3", lines: [storedLine(3)] });
  expect(held()?.lines.map((line) => line.seq)).toEqual([1]);
  expect(asked()).toBe(true);
});

test("the place of others is nothing new to a reader that is there, and a question to one that is not", () => {
  patchLog(client, ID, { after: "1.1", next: "1.1", lines: [] });
  expect(asked()).toBe(false);
  patchLog(client, ID, { after: "1.9", next: "1.9", lines: [] });
  expect(asked()).toBe(true);
});

test("a log that is not held, or that is too long to hold, stays as it is", () => {
  client.setQueryData(keys.log(ID), { lines: [storedLine(1)], next: "1.1", more: true });
  patchLog(client, ID, { after: "1.1", next: "1.2", lines: [storedLine(2)] });
  expect([held()?.lines.length, asked()]).toEqual([1, false]);
  const put = vi.spyOn(client, "setQueryData");
  patchLog(client, "other", { after: null, next: null, lines: [] });
  expect(put).not.toHaveBeenCalled();
});

test("an event of lines is told from one of attempts", () => {
  expect(isLogEvent({ id: ID, logs: { after: null, next: null, lines: [] } })).toBe(true);
  expect(isLogEvent({ id: ID, attempts: [] })).toBe(false);
  expect(isLogEvent({ id: ID, gone: true })).toBe(false);
});
