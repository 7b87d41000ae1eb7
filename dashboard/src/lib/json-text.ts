/** Kinds of tokens that a payload view tells apart. */
export type TokenKind = "key" | "string" | "number" | "word" | "mark";

export interface Token {
  kind: TokenKind;
  text: string;
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([{}[\],:])/g;

/**
 * Split JSON text into coloured parts. Nothing is parsed, so no digit and no order can change; what is no JSON comes out
 * as it is.
 */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const push = (kind: TokenKind, part: string) => {
    const last = tokens.at(-1);
    if (last && last.kind === kind && kind === "mark") last.text += part;
    else tokens.push({ kind, text: part });
  };
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > at) push("mark", text.slice(at, match.index));
    const [whole, string, colon, number, word] = match;
    if (string !== undefined) {
      push(colon === undefined ? "string" : "key", string);
      if (colon !== undefined) push("mark", colon);
    } else if (number !== undefined) push("number", number);
    else if (word !== undefined) push("word", word);
    else push("mark", whole);
    at = match.index + whole.length;
  }
  if (at < text.length) push("mark", text.slice(at));
  return tokens;
}

/**
 * The one-line preview of a row: `{"to":"ada@example.org","n":1}` cut anywhere becomes `to:ada@example.org, n:1`.
 */
export function previewOf(text: string): string {
  const inner = text.replace(/^\s*\{/, "").replace(/\}\s*$/, "");
  return (
    inner
      .replace(/"((?:[^"\\]|\\.)*)"\s*:\s*/g, (_all, key: string) => `${key}:`)
      .replace(/"((?:[^"\\]|\\.)*)"/g, (_all, value: string) => unescapeSimple(value))
      .replace(/,(?=\S)/g, ", ")
      // The string that the cut went through.
      .replace(/(^|[:,[{ ])"([^"]*)$/, "$1$2")
  );
}

function unescapeSimple(value: string): string {
  return value.replaceAll('\\"', '"').replaceAll("\\n", " ").replaceAll("\\\\", "\\");
}
