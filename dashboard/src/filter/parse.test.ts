import { describe, expect, it } from "vitest";
import fixtures from "./fixtures.json";
import { MAX_FILTER, parseFilter } from "./parse";
import type { Fault, Term } from "./terms";
import { writeFilter } from "./write";

interface Fixture {
  text: string;
  terms?: Term[];
  canonical?: string;
  error?: Fault;
}

const all = fixtures as Fixture[];
const right = all.filter((one) => one.terms);
const wrong = all.filter((one) => one.error);

describe("the examples that the server reads too", () => {
  it("are both right and wrong texts", () => {
    expect(right.length).toBeGreaterThan(30);
    expect(wrong.length).toBeGreaterThan(60);
    expect(right.length + wrong.length).toBe(all.length);
  });

  it.each(right)("reads $text", ({ text, terms, canonical }) => {
    const parsed = parseFilter(text);
    expect(parsed.fault).toBeNull();
    expect(parsed.terms).toEqual(terms);
    expect(writeFilter(parsed.terms)).toBe(canonical);
    expect(parseFilter(canonical ?? "").terms).toEqual(terms);
  });

  it.each(wrong)("refuses $text", ({ text, error }) => {
    expect(parseFilter(text)).toEqual({ terms: [], texts: [], fault: error });
  });
});

describe("any text", () => {
  it("keeps the text of each term", () => {
    expect(parseFilter('  state:dead   -tag:"a b",c 🙂 ').texts).toEqual(["state:dead", '-tag:"a b",c', "🙂"]);
  });

  it("is read or refused in a short time, however odd", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const parts = [
      "state",
      "args",
      ".",
      ":",
      ",",
      '"',
      "\\",
      "-",
      " ",
      "*",
      ">",
      "..",
      "1",
      "s",
      "2026-11-01",
      "🙂",
      "é",
    ];
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: random(40) }, () => parts[random(parts.length)]).join("");
      const { terms, fault } = parseFilter(text);
      if (fault) expect(fault.start).toBeLessThanOrEqual(MAX_FILTER);
      else expect(parseFilter(writeFilter(terms)).terms).toEqual(terms);
    }
  });
});
