import { isJsonToken } from "./parse";
import { FREE_TEXT, isOneOf, PAYLOAD_KEYS, type Term, type Value } from "./terms";
import { writeRange, writeTimes } from "./values";

const BARE = /^[^ \t\n\r",]+$/;
const BARE_STEP = /^[^ \t\n\r:.,"]+$/;
const BARE_TEXT = /^[^ \t\n\r":-][^ \t\n\r":]*$/;

/** Write a filter, so that the same terms are read from it. */
export function writeFilter(terms: readonly Term[]): string {
  return terms.map(writeTerm).join(" ");
}

export function writeTerm(term: Term): string {
  const minus = term.negated ? "-" : "";
  if (term.key === FREE_TEXT) {
    const [word] = term.values;
    const text = word?.type === "word" ? word.text : "";
    return minus + (BARE_TEXT.test(text) ? text : quote(text));
  }
  const path = term.path.map((step) => `.${BARE_STEP.test(step) ? step : quote(step)}`).join("");
  return `${minus}${term.key}${path}:${term.values.map((value) => writeValue(term, value)).join(",")}`;
}

function writeValue({ key }: Term, value: Value): string {
  switch (value.type) {
    case "json":
      return value.token;
    case "range":
      return writeRange(key, value);
    case "times":
      return writeTimes(value);
    case "word":
      return value.pattern || isPlain(key, value.text) ? value.text : quote(value.text);
  }
}

function isPlain(key: string, text: string): boolean {
  if (!BARE.test(text)) return false;
  return isOneOf(PAYLOAD_KEYS, key) ? !/^[<>]/.test(text) && !isJsonToken(text) : !text.includes("*");
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
