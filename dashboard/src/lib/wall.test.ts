import { expect, test } from "vitest";
import { wallOf } from "./wall";
import { instantOf } from "./zone";

test("the clock of a zone, and back", () => {
  const at = Date.parse("2026-11-30T17:20:00Z");
  expect(wallOf(at, "Europe/Berlin")).toBe("2026-11-30T18:20");
  expect(wallOf(at, "UTC")).toBe("2026-11-30T17:20");
  expect(instantOf(wallOf(at, "Asia/Kolkata"), "Asia/Kolkata")?.at).toBe(at);
});
