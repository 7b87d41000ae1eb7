// @vitest-environment node
import { expect, test } from "vitest";
import { previewOf, tokensOf } from "./json-text";

const kinds = (text: string) => tokensOf(text).map(({ kind, text: part }) => `${kind} ${part}`);

test("parts of JSON are told apart", () => {
  expect(kinds('{"a": [1.50, true, "x"]}')).toEqual([
    "mark {",
    'key "a"',
    "mark : [",
    "number 1.50",
    "mark , ",
    "word true",
    "mark , ",
    'string "x"',
    "mark ]}",
  ]);
});

test.each([
  '{"n":9007199254740993}',
  '{"cut": "in the mid',
  "<script>alert(1)</script>",
  '"\u202eRTL"',
  "",
  '{"a\\"b":"c\\\\"}',
])("no character is lost of %s", (text) => {
  expect(
    tokensOf(text)
      .map((token) => token.text)
      .join(""),
  ).toBe(text);
});

test("a preview reads as names and values", () => {
  expect(previewOf('{"to":"ada@example.org","n":1}')).toBe("to:ada@example.org, n:1");
  expect(previewOf('{"to":"ada@exam')).toBe("to:ada@exam");
  expect(previewOf('{"a":{"b":[1,2]},"c":null}')).toBe("a:{b:[1, 2]}, c:null");
  expect(previewOf("{}")).toBe("");
});
