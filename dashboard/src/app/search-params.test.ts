// @vitest-environment node
import { expect, test } from "vitest";
import { jobsSearch } from "@/features/jobs/search";
import { parseSearch, stringifySearch } from "./search-params";

test.each(["?state=dead&queue=mail", "?q=args.user.id:42", "?tag=a&tag=b", "?q=a+%26+b", "?worker=host/1,2", ""])(
  "%s is the same after a round trip",
  (text) => {
    expect(stringifySearch(parseSearch(text))).toBe(text);
  },
);

test("what is not set is not in the address", () => {
  expect(stringifySearch({ a: undefined, b: null, c: "", d: false, e: 0, f: true })).toBe("?e=0&f=true");
});

test("text that looks like JSON stays text", () => {
  expect(parseSearch("?q=42&r=null&s=%22x%22")).toEqual({ q: "42", r: "null", s: '"x"' });
});

test("a link with values that no longer exist opens without them", () => {
  expect(jobsSearch.parse({ state: "melted", queue: "mail", unknown: "1" })).toEqual({ queue: "mail" });
});
