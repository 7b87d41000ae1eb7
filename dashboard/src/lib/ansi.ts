/** The colours of a terminal, as programs write them into their lines. */

/** A run of characters that look alike. */
export interface Piece {
  text: string;
  className: string;
}

const COLOURS = [
  "text-text-3",
  "text-ansi-red",
  "text-ansi-green",
  "text-ansi-yellow",
  "text-ansi-blue",
  "text-ansi-magenta",
  "text-ansi-cyan",
  "",
] as const;

/** `ESC [ … m`, and every other sequence that a terminal would obey and a page leaves out. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const SEQUENCE = /\u001b\[([\d;:]*)m|\u001b\[[\d;?]*[A-Za-ln-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

interface Style {
  colour: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

const PLAIN: Style = { colour: "", bold: false, dim: false, italic: false, underline: false };

/** Cut a text into pieces by its colours. Backgrounds and colours beyond the sixteen are left out. */
export function piecesOf(text: string): Piece[] {
  if (!text.includes("\u001b")) return [{ text, className: "" }];
  const pieces: Piece[] = [];
  let style = PLAIN;
  let at = 0;
  const put = (end: number) => {
    if (end > at) pieces.push({ text: text.slice(at, end), className: classOf(style) });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    put(match.index);
    at = match.index + match[0].length;
    if (match[1] !== undefined) style = styled(style, match[1]);
  }
  put(text.length);
  return pieces;
}

/** A text without its colours, for searching and copying. */
export function withoutColours(text: string): string {
  return text.includes("\u001b") ? text.replace(SEQUENCE, "") : text;
}

function styled(before: Style, codes: string): Style {
  let style = before;
  const numbers = codes.split(/[;:]/).map((code) => Number(code || 0));
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i] ?? 0;
    // `38;5;n` and `38;2;r;g;b` carry numbers that are no codes.
    if (code === 38 || code === 48) i += numbers[i + 1] === 5 ? 2 : numbers[i + 1] === 2 ? 4 : 0;
    else style = apply(style, code);
  }
  return style;
}

function apply(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code === 39) return { ...style, colour: "" };
  const colour = code >= 90 ? code - 90 : code - 30;
  return colour >= 0 && colour < COLOURS.length ? { ...style, colour: COLOURS[colour] ?? "" } : style;
}

function classOf({ colour, bold, dim, italic, underline }: Style): string {
  return [colour || (dim ? "text-text-3" : ""), bold && "font-semibold", italic && "italic", underline && "underline"]
    .filter(Boolean)
    .join(" ");
}
