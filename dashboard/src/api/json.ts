/**
 * JSON that loses no digit. A number that JavaScript cannot hold, such as 9007199254740993 or 1.10, is kept as the text it
 * was: as `JSON.rawJSON` where the engine has it.
 */

/** A number as it was written. */
export interface RawNumber {
  readonly rawJSON: string;
}

class KeptNumber implements RawNumber {
  constructor(readonly rawJSON: string) {
    Object.freeze(this);
  }
}

interface RawSupport {
  rawJSON?: (text: string) => RawNumber;
  isRawJSON?: (value: unknown) => boolean;
}
const engine = JSON as unknown as RawSupport;

/** Whether a value of `parseJson` is a number that was kept as text. */
export function isRawNumber(value: unknown): value is RawNumber {
  return value instanceof KeptNumber || engine.isRawJSON?.(value) === true;
}

function keep(source: string): RawNumber {
  return engine.rawJSON ? engine.rawJSON(source) : new KeptNumber(source);
}

function survives(source: string): boolean {
  const value = Number(source);
  if (Number.isFinite(value) && String(value) === source) return true;
  // 1e3, 1.50: written otherwise, still the same number if no digit got lost.
  return Number.isFinite(value) && digits(String(value)) === digits(source);
}

/** Sign, significant digits and the power of ten of a number's text, for comparison. */
function digits(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match) return source;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const all = (whole + fraction).replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  if (significant === "") return `${sign}0`;
  const power = Number(exponent) - fraction.length + (all.length - significant.length);
  return `${sign}${significant}e${power}`;
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const reviver: Reviver = (_key, value, context) => {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return survives(context.source) ? value : keep(context.source);
};

// A string, or a number outside of one.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// Marks a number that went through as a string, in engines whose revivers do not see the source.
const MARK = "\u{e000}number:";

let seesSource: boolean | undefined;

function reviverSeesSource(): boolean {
  seesSource ??= (() => {
    let seen = false;
    const probe: Reviver = (_key, value, context) => {
      seen = context?.source === "1";
      return value;
    };
    JSON.parse("1", probe);
    return seen;
  })();
  return seesSource;
}

/** Parse JSON; numbers that do not fit come out as `RawNumber`. */
export function parseJson(text: string): unknown {
  if (reviverSeesSource()) return JSON.parse(text, reviver);
  const marked = text.replace(TOKENS, (token) =>
    token.startsWith('"') || survives(token) ? token : JSON.stringify(MARK + token),
  );
  return JSON.parse(marked, (_key, value) =>
    typeof value === "string" && value.startsWith(MARK) ? keep(value.slice(MARK.length)) : value,
  );
}

/** Write JSON; `RawNumber` goes out as it came in. */
export function formatJson(value: unknown, indent?: number): string {
  if (engine.rawJSON) return JSON.stringify(value, null, indent) ?? "null";
  const text = JSON.stringify(value, (_key, item) => (item instanceof KeptNumber ? MARK + item.rawJSON : item), indent);
  return (text ?? "null").replace(TOKENS, (token) =>
    token.startsWith(`"${MARK}`) ? token.slice(MARK.length + 1, -1) : token,
  );
}
