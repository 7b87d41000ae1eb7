// @vitest-environment node
import { expect, test } from "vitest";
import { instantOf, isZone, offsetMinutes, writtenInstant, zoneName } from "./zone";

test("a zone is local, utc or a name that the browser knows", () => {
  expect(["local", "utc", "Europe/Berlin", "Mars/Base", ""].map(isZone)).toEqual([true, true, true, false, false]);
  expect(zoneName("utc")).toBe("UTC");
  expect(zoneName("Asia/Tokyo")).toBe("Asia/Tokyo");
  expect(isZone(zoneName("local"))).toBe(true);
});

test("offsets, half hours and before 1970 too", () => {
  expect(offsetMinutes("UTC", 0)).toBe(0);
  expect(offsetMinutes("Asia/Kolkata", Date.UTC(2026, 0, 1))).toBe(330);
  expect(offsetMinutes("America/New_York", Date.UTC(2026, 0, 1))).toBe(-300);
  expect(offsetMinutes("Europe/Berlin", Date.UTC(2026, 2, 29, 0, 59, 59))).toBe(60);
  expect(offsetMinutes("Europe/Berlin", Date.UTC(2026, 2, 29, 1, 0, 0))).toBe(120);
  expect(offsetMinutes("UTC", -1)).toBe(0);
});

const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());

test("a wall clock time becomes an instant", () => {
  const found = instantOf("2026-07-01T12:00", "Europe/Berlin");
  expect([iso(found?.at), found?.note]).toEqual(["2026-07-01T10:00:00.000Z", "once"]);
  expect(instantOf("tomorrow", "UTC")).toBeNull();
});

test("a time that the clock skips is as much later", () => {
  const found = instantOf("2026-03-29T02:30", "Europe/Berlin");
  expect([iso(found?.at), found?.note]).toEqual(["2026-03-29T01:30:00.000Z", "gap"]);
});

test("a time that comes twice is the first of the two", () => {
  const found = instantOf("2026-10-25T02:30", "Europe/Berlin");
  expect([iso(found?.at), found?.note]).toEqual(["2026-10-25T00:30:00.000Z", "overlap"]);
});

test("just beside a change there is no doubt", () => {
  expect(instantOf("2026-03-29T03:00", "Europe/Berlin")).toEqual({ at: Date.UTC(2026, 2, 29, 1), note: "once" });
  expect(instantOf("2026-10-25T03:00", "Europe/Berlin")).toEqual({ at: Date.UTC(2026, 9, 25, 2), note: "once" });
});

test("half an hour of change, as on Lord Howe", () => {
  // 2026-10-04 02:00 → 02:30 (+10:30 → +11:00).
  expect(instantOf("2026-10-04T02:15", "Australia/Lord_Howe")?.note).toBe("gap");
  expect(instantOf("2026-04-05T01:45", "Australia/Lord_Howe")?.note).toBe("overlap");
});

test("what is written has an offset of its own, or is meant on the clock of the zone", () => {
  const read = (text: string) => iso(writtenInstant(text, "Asia/Kolkata") ?? undefined);
  expect(read("2026-07-01T12:00:00Z")).toBe("2026-07-01T12:00:00.000Z");
  expect(read("2026-07-01T12:00+02:00")).toBe("2026-07-01T10:00:00.000Z");
  expect(read("2026-07-01T12:00")).toBe("2026-07-01T06:30:00.000Z");
  expect(read("2026-07-01 12:00:05")).toBe("2026-07-01T06:30:05.000Z");
  expect(read("2026-07-01")).toBe("2026-06-30T18:30:00.000Z");
  expect([read("soon"), read(""), read("2026-13-01T00:00Z")]).toEqual([undefined, undefined, undefined]);
});
