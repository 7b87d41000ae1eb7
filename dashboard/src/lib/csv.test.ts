import { expect, test } from "vitest";
import { csvOf } from "./csv";

test("cells are quoted where they must be, and what is unknown is empty", () => {
  expect(
    csvOf([
      ["time", 'a "b", c'],
      ["2026-11-30T12:00:00Z", null],
      ["two\nlines", 0.25],
    ]),
  ).toBe('time,"a ""b"", c"\r\n2026-11-30T12:00:00Z,\r\n"two\nlines",0.25\r\n');
});

test.each(["=1+1", "+1", "-1", "@x", "\tx"])("%j is no formula to a spreadsheet", (text) => {
  expect(csvOf([[text]])).toBe(`'${text}\r\n`);
});

test("a negative number stays a number", () => {
  expect(csvOf([[-1.5]])).toBe("-1.5\r\n");
});
