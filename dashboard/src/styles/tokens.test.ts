// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { STATES } from "@/lib/state";
import { contrast, difference, SIGHT } from "./colour";

// From the disk: with `?raw` a style sheet comes out empty under vitest.
const css = readFileSync(`${process.cwd()}/src/styles/tokens.css`, "utf8");
const GROUNDS = ["surface", "app", "raised", "hover"] as const;

function tokensOf(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`));
  const body = block.slice(0, block.indexOf("}"));
  return Object.fromEntries([...body.matchAll(/--tf-([\w-]+):\s*([^;]+);/g)].map((match) => [match[1], match[2]]));
}

describe.each([
  ["light", tokensOf(":root")],
  ["dark", tokensOf(':root[data-theme="dark"]')],
])("%s", (_theme, tokens) => {
  const colour = (name: string) => {
    const value = tokens[name];
    if (!/^#[0-9a-f]{6}$/.test(value ?? "")) throw new Error(`--tf-${name} is ${value}`);
    return value as string;
  };

  test.each(STATES)("%s stands out from every ground", (state) => {
    for (const ground of GROUNDS) expect(contrast(colour(state), colour(ground))).toBeGreaterThanOrEqual(3);
  });

  test.each(Object.entries(SIGHT))("no two states look alike for %s sight", (_name, sight) => {
    const pairs = STATES.flatMap((a, index) => STATES.slice(index + 1).map((b) => [a, b] as const));
    expect(pairs).toHaveLength(36);
    for (const [a, b] of pairs) {
      expect(difference(colour(a), colour(b), sight), `${a} and ${b}`).toBeGreaterThanOrEqual(8);
    }
  });

  const inks = ["red", "green", "yellow", "blue", "magenta", "cyan"].map((name) => `ansi-${name}`);
  test.each(["text", "text-2", "text-3", "accent", "danger", ...inks])("%s can be read on every ground", (name) => {
    for (const ground of GROUNDS) expect(contrast(colour(name), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([
    ["on-primary", "primary"],
    ["on-primary", "primary-hover"],
    ["on-danger", "danger"],
    ["on-danger", "danger-hover"],
    ["accent", "accent-soft"],
    ["danger", "danger-soft"],
    ["text", "active"],
    ["text-2", "active"],
    ["text-3", "accent-soft"],
    ["text-2", "warn-soft"],
  ])("%s can be read on %s", (text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test("controls and the focus ring stand out", () => {
    for (const ground of GROUNDS) {
      expect(contrast(colour("control"), colour(ground))).toBeGreaterThanOrEqual(3);
      expect(contrast(colour("focus"), colour(ground))).toBeGreaterThanOrEqual(3);
    }
  });
});
