// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = process.cwd();
const FILES = readdirSync(`${ROOT}/src`, { recursive: true, encoding: "utf8" }).map((file) =>
  file.replaceAll("\\", "/"),
);
const SOURCES = FILES.filter((file) => /\.(tsx?|css)$/.test(file) && !/\.(test\.tsx?|d\.ts)$/.test(file));
const read = (file: string) => readFileSync(`${ROOT}/src/${file}`, "utf8");

// A colour, or a class that holds one: `text-[#fff]`, `bg-[rgb(…)]`.
const RAW_COLOUR = /#[0-9a-f]{6}\b|#[0-9a-f]{3}\b(?![\w-])|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(/i;
const COLOUR_FILES = ["styles/tokens.css", "styles/colour.ts"];

function rawColours(text: string): string[] {
  return text.split("\n").filter((line) => RAW_COLOUR.test(line.replace(/href="#\w+"/g, "")));
}

test("colours are tokens", () => {
  expect(SOURCES.length).toBeGreaterThan(80);
  const found = SOURCES.filter((file) => !COLOUR_FILES.includes(file)).flatMap((file) =>
    rawColours(read(file)).map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});

test.each(['<p className="text-[#fff]">', "color: rgb(0 0 0);", 'fill="#17181c"', "background: oklch(0.5 0 0);"])(
  "the check of colours sees %s",
  (line) => {
    expect(rawColours(line)).toHaveLength(1);
  },
);

test("nothing writes markup, and nothing is taken from another host", () => {
  const bad = SOURCES.filter((file) =>
    /dangerouslySetInnerHTML|\.innerHTML\s*=|https?:\/\/(?!localhost|127\.)/.test(read(file)),
  );
  expect(bad).toEqual([]);
});

// Test files share their modules: a stand-in, or a global, of one file would be there for those that follow.
const STAYS = /\bvi\.(do)?mock\(|\bglobalThis\.\w+ = /i;

test("no test leaves a stand-in of a module or a global to the next file", () => {
  const tests = FILES.filter((file) => /\.test\.tsx?$/.test(file) || file.startsWith("test/"));
  expect(tests.length).toBeGreaterThan(40);
  expect(tests.filter((file) => file !== "test/setup.ts" && STAYS.test(read(file)))).toEqual([]);
  expect(STAYS.test("vi." + 'mock("./chart")')).toBe(true);
  expect(STAYS.test("globalThis." + "matchMedia = () => wide;")).toBe(true);
});
