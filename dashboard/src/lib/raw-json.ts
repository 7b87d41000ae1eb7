/** JSON as text: cut apart and indented without being parsed, so that no digit, no order and no twin of a key is lost. */

const PIECE = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

const OPENS = new Set(["{", "["]);
const CLOSES = new Set(["}", "]"]);

/**
 * The members of a JSON object, each as the text it was.
 *
 * @returns by name; of a key that comes twice, the last one
 */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let name: string | null = null;
  let from = 0;
  let previous = "";
  for (const match of text.matchAll(PIECE)) {
    const piece = match[0];
    const end = depth === 1 && (piece === "," || piece === "}");
    if (end && name !== null) {
      members.set(name, text.slice(from, match.index).trim());
      name = null;
    }
    if (OPENS.has(piece)) depth++;
    else if (CLOSES.has(piece)) depth--;
    else if (piece === ":" && depth === 1 && name === null) {
      name = JSON.parse(previous) as string;
      from = match.index + 1;
    }
    previous = piece;
  }
  return members;
}

/** Put JSON text on lines of its own, with an indentation of two. */
export function indentJson(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let previous = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [piece] of text.matchAll(PIECE)) {
    if (CLOSES.has(piece)) {
      depth = Math.max(0, depth - 1);
      if (!OPENS.has(previous)) out.push(line());
    } else if (OPENS.has(previous)) {
      out.push(line());
    }
    out.push(piece);
    if (OPENS.has(piece)) depth++;
    else if (piece === ",") out.push(line());
    else if (piece === ":") out.push(" ");
    previous = piece;
  }
  return out.join("");
}

/** Whether a JSON text holds nothing: `null`, `{}`, `[]`. */
export function isEmptyJson(text: string): boolean {
  return /^\s*(?:null|\{\s*\}|\[\s*\]|)\s*$/.test(text);
}
