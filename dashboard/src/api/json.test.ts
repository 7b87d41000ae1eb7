// @vitest-environment node
import { expect, test, vi } from "vitest";
import { formatJson, isRawNumber, parseJson } from "./json";

const LOSSY = [
  "9007199254740993",
  "-9007199254740993",
  "0.1000000000000000055511151231257827",
  "1e400",
  // JavaScript writes it as 0.
  "-0",
  "123456789012345678901234567890",
];
const EXACT = ["0", "1", "1.5", "1.50", "1e3", "0.1", "9007199254740991", "1E-7", "0.000"];

// Node 20 and older browsers: revivers do not see the source, and there is no JSON.rawJSON.
async function withoutSource() {
  const parse = JSON.parse;
  const restore = [
    vi
      .spyOn(JSON, "parse")
      .mockImplementation((text, reviver) =>
        parse(text, reviver && ((key: string, value: unknown) => reviver.call(undefined, key, value))),
      ),
  ];
  const raw = JSON as { rawJSON?: unknown; isRawJSON?: unknown };
  const kept = { rawJSON: raw.rawJSON, isRawJSON: raw.isRawJSON };
  raw.rawJSON = undefined;
  raw.isRawJSON = undefined;
  vi.resetModules();
  const module = await import("./json");
  return {
    module,
    end() {
      for (const spy of restore) spy.mockRestore();
      if (kept.rawJSON) Object.assign(raw, kept);
      else {
        delete raw.rawJSON;
        delete raw.isRawJSON;
      }
    },
  };
}

test.each(LOSSY)("%s keeps its digits", (source) => {
  const value = parseJson(`{"n":[${source}]}`) as { n: unknown[] };
  expect(isRawNumber(value.n[0])).toBe(true);
  expect(formatJson(value)).toBe(`{"n":[${source}]}`);
});

test.each(EXACT)("%s is a plain number", (source) => {
  expect(parseJson(source)).toBe(Number(source));
});

test("strings that look like numbers stay strings", () => {
  const text = '{"a":"9007199254740993","b \\" 9007199254740993":1}';
  expect(parseJson(text)).toEqual(JSON.parse(text));
});

test("it writes with indentation", () => {
  expect(formatJson(parseJson('{"n":9007199254740993}'), 2)).toBe('{\n  "n": 9007199254740993\n}');
  expect(formatJson(undefined)).toBe("null");
});

test("an engine without the source of numbers loses none either", async () => {
  const { module, end } = await withoutSource();
  try {
    for (const source of LOSSY) {
      expect(module.formatJson(module.parseJson(`{"n":[${source},"${source}"]}`))).toBe(
        `{"n":[${source},"${source}"]}`,
      );
    }
    for (const source of EXACT) expect(module.parseJson(source)).toBe(Number(source));
  } finally {
    end();
  }
});
