/** What a filter of jobs is made of; the same as `core/filter_terms.py`. */

export const WORD_KEYS = ["state", "queue", "task", "tag", "worker", "error"] as const;
export const DURATION_KEYS = ["wait", "run"] as const;
export const NUMBER_KEYS = ["attempt", "priority"] as const;
export const TIME_KEYS = ["created", "scheduled", "finished"] as const;
/** Roots of paths into a job's JSON. */
export const PAYLOAD_KEYS = ["args", "meta"] as const;
/** Every key, in the order in which it is listed. */
export const FILTER_KEYS = [...WORD_KEYS, ...DURATION_KEYS, ...NUMBER_KEYS, ...TIME_KEYS, ...PAYLOAD_KEYS] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];
/** The key of free text, which has none. */
export const FREE_TEXT = "";

export type Value =
  /** Text that is equal; a pattern has `*` in it, which stands for any text. */
  | { type: "word"; text: string; pattern: boolean }
  /** A number, a boolean or null of a payload, as JSON. */
  | { type: "json"; token: string }
  /** Integers, or milliseconds; null: no bound. */
  | { type: "range"; low: number | null; high: number | null; with_low: boolean; with_high: boolean }
  /** Times as they are written; null: no bound. */
  | { type: "times"; low: string | null; high: string | null };

export type Range = Extract<Value, { type: "range" }>;
export type Times = Extract<Value, { type: "times" }>;

/** One condition: a job fits if one of the values does, or, negated, if none does. */
export interface Term {
  key: FilterKey | typeof FREE_TEXT;
  values: Value[];
  /** From the root of a payload. */
  path: string[];
  negated: boolean;
}

export type FaultKind =
  | "too_long"
  | "too_many"
  | "bad_character"
  | "open_quote"
  | "stray_quote"
  | "no_value"
  | "unknown_key"
  | "bad_path"
  | "bad_state"
  | "bad_worker"
  | "bad_number"
  | "bad_duration"
  | "bad_time"
  | "bad_range"
  | "bad_value";

/** Why a text is no filter: the rule, the characters from `start` to `end`, and what was probably meant. */
export interface Fault {
  kind: FaultKind;
  start: number;
  end: number;
  hint: string | null;
}

/** Ends the reading of a text; `parseFilter` catches it. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(kind: FaultKind, start: number, end: number, hint: string | null = null) {
    super(kind);
    this.fault = { kind, start, end, hint };
  }
}

export function isOneOf<T extends string>(known: readonly T[], text: string): text is T {
  return (known as readonly string[]).includes(text);
}
