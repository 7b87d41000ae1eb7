import { expect, test } from "vitest";
import { indentJson, isEmptyJson, membersOf } from "./raw-json";

test("members are cut out as the text they are", () => {
  const text = '{"id":"x","args": {"n":9007199254740993,"m":1.10,"s":"a,\\"}{:"} ,"result":null,"list":[1,{"a":2}]}';
  const members = membersOf(text);
  expect(members.get("args")).toBe('{"n":9007199254740993,"m":1.10,"s":"a,\\"}{:"}');
  expect(members.get("result")).toBe("null");
  expect(members.get("list")).toBe('[1,{"a":2}]');
  expect(members.get("id")).toBe('"x"');
  expect([...members.keys()]).toEqual(["id", "args", "result", "list"]);
});

test("a name inside of a value is no member", () => {
  expect(membersOf('{"a":{"args":1},"args":2}').get("args")).toBe("2");
  expect(membersOf("{}").size).toBe(0);
});

test("indented, no digit and no order changes", () => {
  expect(indentJson('{"10":1.10,"2":[1,[],{}],"s":"a\\nb"}')).toBe(
    ["{", '  "10": 1.10,', '  "2": [', "    1,", "    [],", "    {}", "  ],", '  "s": "a\\nb"', "}"].join("\n"),
  );
  expect(indentJson('{ "a" :\n 1 }')).toBe('{\n  "a": 1\n}');
  expect(indentJson("null")).toBe("null");
});

test("a long text is no trouble", () => {
  const text = `{"blob":"${"x".repeat(400_000)}","n":1}`;
  expect(indentJson(text)).toHaveLength(text.length + 9);
  expect(membersOf(text).get("n")).toBe("1");
});

test.each([
  ["null", true],
  ["{ }", true],
  ["[]", true],
  ["0", false],
  ['""', false],
  ['{"a":null}', false],
])("%s is empty: %s", (text, empty) => {
  expect(isEmptyJson(text)).toBe(empty);
});
