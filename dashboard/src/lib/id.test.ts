// @vitest-environment node
import { expect, test, vi } from "vitest";
import { compactId, newKey, shortId } from "./id";

test("a UUID takes 22 characters of base64url", () => {
  expect(compactId("00000000-0000-0000-0000-000000000000")).toBe("A".repeat(22));
  const id = "01a22889-3704-73e4-a1a6-5c2011bef2c3";
  expect(compactId(id)).toBe(Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url"));
  expect(() => compactId("no")).toThrow("no is not a UUID");
  expect(shortId(id)).toBe("01a22889");
});

test("keys differ, also where there is no randomUUID", () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  const made = new Set(Array.from({ length: 100 }, newKey));
  vi.unstubAllGlobals();
  expect(made.size).toBe(100);
  for (const key of made) expect(key).toMatch(/^[\w-]{22}$/);
});
