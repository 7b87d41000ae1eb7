import { nearest } from "./nearest";
import {
  type Fault,
  FaultError,
  FILTER_KEYS,
  type FilterKey,
  FREE_TEXT,
  isOneOf,
  PAYLOAD_KEYS,
  type Term,
  type Value,
  WORD_KEYS,
} from "./terms";
import { readValue } from "./values";

export const MAX_FILTER = 1_000;
const MAX_TERMS = 32;
const MAX_VALUES = 64;
const MAX_STEPS = 16;
const SPACES = " \t\n\r";
/** What words of other systems are here. */
const SYNONYMS = new Map([
  ["status", "state"],
  ["name", "task"],
  ["kind", "task"],
  ["tags", "tag"],
  ["workers", "worker"],
  ["host", "worker"],
  ["exception", "error"],
  ["duration", "run"],
  ["runtime", "run"],
  ["latency", "wait"],
  ["attempts", "attempt"],
  ["retries", "attempt"],
  ["enqueued", "created"],
  ["due", "scheduled"],
  ["run_at", "scheduled"],
  ["ended", "finished"],
  ["completed", "finished"],
  ["payload", "args"],
  ["kwargs", "args"],
  ["arguments", "args"],
]);
const JSON_TOKEN = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;

export function isJsonToken(text: string): boolean {
  return JSON_TOKEN.test(text);
}

export interface ParsedFilter {
  terms: Term[];
  /** The text of each term. */
  texts: string[];
  /** Why the text is no filter; then there are no terms. Its places count code points. */
  fault: Fault | null;
}

/** Read `state:dead task:send_* args.user.id:42 run:>2m "free text"`; the same as `core/filter_text.py`. */
export function parseFilter(text: string): ParsedFilter {
  const reader = new Reader(text);
  try {
    return { ...reader.read(), fault: null };
  } catch (error) {
    if (error instanceof FaultError) return { terms: [], texts: [], fault: error.fault };
    throw error;
  }
}

/** A part of the text: what it says, whether it stood in quotes, and where it is. */
interface Piece {
  text: string;
  quoted: boolean;
  start: number;
  end: number;
}

class Reader {
  // Code points: the server counts them too.
  private readonly text: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.text = Array.from(text);
  }

  read(): { terms: Term[]; texts: string[] } {
    if (this.text.length > MAX_FILTER) throw new FaultError("too_long", MAX_FILTER, this.text.length);
    const bad = this.text.findIndex((one) => one === "\0" || (one.length === 1 && /[\ud800-\udfff]/.test(one)));
    if (bad >= 0) throw new FaultError("bad_character", bad, bad + 1);
    const terms: Term[] = [];
    const texts: string[] = [];
    while (this.skipSpaces()) {
      if (terms.length === MAX_TERMS) throw new FaultError("too_many", this.at, this.text.length);
      const start = this.at;
      terms.push(this.term());
      texts.push(this.slice(start));
    }
    return { terms, texts };
  }

  private skipSpaces(): boolean {
    while (this.isIn(SPACES)) this.at++;
    return this.at < this.text.length;
  }

  private peek(): string {
    return this.text[this.at] ?? "";
  }

  private isIn(characters: string): boolean {
    return this.peek() !== "" && characters.includes(this.peek());
  }

  private isOver(): boolean {
    return this.peek() === "" || this.isIn(SPACES);
  }

  private slice(start: number): string {
    return this.text.slice(start, this.at).join("");
  }

  private term(): Term {
    const start = this.at;
    const negated = this.peek() === "-";
    if (negated) this.at++;
    if (this.isOver()) throw new FaultError("no_value", start, this.at);
    if (this.peek() === '"') return freeText(this.wholeQuoted(), negated);
    const steps = this.steps();
    if (this.peek() !== ":") return freeText(this.slice(start + Number(negated)), negated);
    const key = this.key(steps);
    this.at++;
    return { key, values: this.values(key), path: steps.slice(1).map((one) => one.text), negated };
  }

  private wholeQuoted(): string {
    const piece = this.quoted();
    if (!this.isOver()) throw new FaultError("stray_quote", this.at, this.at + 1);
    if (piece.text === "") throw new FaultError("no_value", piece.start, piece.end);
    return piece.text;
  }

  private quoted(): Piece {
    const start = this.at++;
    let text = "";
    while (this.peek() !== '"') {
      const next = this.text[this.at + 1];
      if (this.peek() === "\\" && (next === "\\" || next === '"')) this.at++;
      if (this.peek() === "") throw new FaultError("open_quote", start, start + 1);
      text += this.peek();
      this.at++;
    }
    this.at++;
    return { text, quoted: true, start, end: this.at };
  }

  /** A word up to its colon or its end, divided at its dots. */
  private steps(): Piece[] {
    const steps: Piece[] = [];
    while (true) {
      if (this.peek() === '"' && steps.length > 0) {
        steps.push(this.quoted());
        if (!this.isIn(".:")) throw new FaultError("stray_quote", this.at, this.at + 1);
      } else {
        steps.push(this.bare(`${SPACES}.:"`));
      }
      if (this.peek() === '"') throw new FaultError("stray_quote", this.at, this.at + 1);
      if (this.peek() !== ".") return steps;
      this.at++;
    }
  }

  private bare(until: string): Piece {
    const start = this.at;
    while (this.peek() !== "" && !this.isIn(until)) this.at++;
    return { text: this.slice(start), quoted: false, start, end: this.at };
  }

  private key(steps: readonly Piece[]): FilterKey {
    const start = steps[0]?.start ?? this.at;
    const key = lower(steps[0]?.text ?? "");
    if (isOneOf(PAYLOAD_KEYS, key)) {
      if (steps.length === 1 || steps.length > MAX_STEPS || steps.some((one) => one.text === "")) {
        throw new FaultError("bad_path", start, this.at);
      }
      return key;
    }
    if (!isOneOf(FILTER_KEYS, key) || steps.length > 1) {
      throw new FaultError("unknown_key", start, this.at, SYNONYMS.get(key) ?? nearest(key, FILTER_KEYS));
    }
    return key;
  }

  private values(key: FilterKey): Value[] {
    const found: Value[] = [];
    while (true) {
      if (found.length === MAX_VALUES) throw new FaultError("too_many", this.at, this.text.length);
      found.push(typedValue(key, this.value(key)));
      if (this.peek() !== ",") return found;
      this.at++;
    }
  }

  private value(key: FilterKey): Piece {
    const piece = this.peek() === '"' ? this.quoted() : this.bare(`${SPACES},"`);
    if (!this.isOver() && this.peek() !== ",") throw new FaultError("stray_quote", this.at, this.at + 1);
    if (piece.text === "" && !(piece.quoted && isOneOf(PAYLOAD_KEYS, key))) {
      throw new FaultError("no_value", piece.start, piece.end);
    }
    return piece;
  }
}

function freeText(text: string, negated: boolean): Term {
  return { key: FREE_TEXT, values: [{ type: "word", text, pattern: false }], path: [], negated };
}

// ASCII letters only: others are small in some languages and not in others.
function lower(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text.toLowerCase() : text;
}

function typedValue(key: FilterKey, { text, quoted, start, end }: Piece): Value {
  if (isOneOf(PAYLOAD_KEYS, key)) {
    if (quoted) return { type: "word", text, pattern: false };
    if (/^[<>]/.test(text)) throw new FaultError("bad_value", start, end);
    if (!isJsonToken(text)) return { type: "word", text, pattern: false };
    if (!/^[tfn]/.test(text) && !Number.isFinite(Number(text))) throw new FaultError("bad_number", start, end);
    return { type: "json", token: text };
  }
  if (isOneOf(WORD_KEYS, key) && key !== "state" && key !== "worker") {
    return { type: "word", text, pattern: !quoted && text.includes("*") };
  }
  return readValue(key, text, start, end);
}
