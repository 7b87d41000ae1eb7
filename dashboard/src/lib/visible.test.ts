import { expect, test } from "vitest";
import { visible } from "./visible";

test("what is not seen, or turns the text, is written out", () => {
  expect(visible("a\u0007b\u0000")).toBe("a\\u0007b\\u0000");
  expect(visible("photo\u202egnp.exe")).toBe("photo\\u202egnp.exe");
  expect(visible("a\u200bb\ufeff")).toBe("a\\u200bb\\ufeff");
  expect(visible("\u{e0041}")).toBe("\\udb40\\udc41");
});

test("what is text stays", () => {
  for (const text of ["line\n\tnext", "שלום", "می‌خواهم", "👩‍🚀", "<b>&amp;"]) expect(visible(text)).toBe(text);
});
