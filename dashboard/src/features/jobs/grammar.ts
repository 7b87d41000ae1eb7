import { parseFilter as parseText } from "@/filter/parse";
import type { Fault, Term as FilterTerm } from "@/filter/terms";
import { writeTerm } from "@/filter/write";

/** Filters that have a parameter of the URL each; all others are together in `q`. */
export const FIELD_KEYS = ["queue", "task", "tag", "worker", "state"] as const;
export type FieldKey = (typeof FIELD_KEYS)[number];

export interface Term {
  key: FieldKey | "q";
  /** Of `q`: the whole term, as it is written. */
  value: string;
}

export interface Parsed {
  /** In the order of the text; of queue, task, worker and state one each, the last one. */
  terms: Term[];
  /** Why the text cannot be applied, if it cannot. */
  problem: Fault | null;
  /** The text is the id of a job. */
  jobId: string | null;
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function isFieldKey(text: string): text is FieldKey {
  return (FIELD_KEYS as readonly string[]).includes(text);
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Read `queue:mail -task:send_* args.user.id:42 "free text"`, or the id of a job. */
export function parseFilter(text: string): Parsed {
  const trimmed = text.trim();
  if (isUuid(trimmed)) return { terms: [], problem: null, jobId: dashed(trimmed) };
  const { terms, fault } = parseText(text);
  if (fault) return { terms: [], problem: fault, jobId: null };
  const found = new Map<string, Term>();
  for (const term of terms.map(placed)) {
    const name = term.key === "q" || (term.key === "tag" && found.has("tag")) ? term.value : term.key;
    found.delete(name);
    // A job has several tags: only one of them has a parameter of its own.
    found.set(name, name === term.key || term.key === "q" ? term : { key: "q", value: formatTerm(term) });
  }
  return { terms: [...found.values()], problem: null, jobId: null };
}

/** The terms of the parameter `q`; none where it is no filter. */
export function termsOfText(q: string | undefined): Term[] {
  return parseText(q ?? "").terms.map((term) => ({ key: "q", value: writeTerm(term) }));
}

/** A term as parameters of the URL have it. */
function placed(term: FilterTerm): Term {
  const texts = term.values.map((value) => (value.type === "word" && !value.pattern ? value.text : null));
  const plain = isFieldKey(term.key) && !term.negated && texts.every((one) => one !== null);
  if (plain && (term.key === "state" || texts.length === 1))
    return { key: term.key as FieldKey, value: texts.join(",") };
  return { key: "q", value: writeTerm(term) };
}

function dashed(uuid: string): string {
  const hex = uuid.replaceAll("-", "").toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Write a term as it is typed. */
export function formatTerm({ key, value }: Term): string {
  if (key === "q") return value;
  const texts = key === "state" ? value.split(",") : [value];
  const values = texts.map((text) => ({ type: "word" as const, text, pattern: false }));
  return writeTerm({ key, values, path: [], negated: false });
}

export function formatFilter(terms: readonly Term[]): string {
  return terms.map(formatTerm).join(" ");
}

export interface Token {
  from: number;
  to: number;
  /** Without a minus; null: none yet. */
  key: string | null;
  /** What of it stands before the value: `-queue:a,`. */
  before: string;
  /** The value that the cursor stands in, of several the last. */
  value: string;
}

/** The token that the cursor stands in, for suggestions. */
export function tokenAt(text: string, caret: number): Token {
  let from = caret;
  let to = caret;
  while (from > 0 && !/\s/.test(text[from - 1] ?? "")) from--;
  while (to < text.length && !/\s/.test(text[to] ?? "")) to++;
  const token = text.slice(from, to);
  const minus = token.startsWith("-") ? "-" : "";
  const colon = token.indexOf(":");
  if (colon < 0) return { from, to, key: null, before: minus, value: token.slice(minus.length) };
  const start = Math.max(colon, token.lastIndexOf(",")) + 1;
  const key = token.slice(minus.length, colon);
  return { from, to, key: key.toLowerCase(), before: token.slice(0, start), value: token.slice(start) };
}
