/** One call of a Python traceback. */
export interface Frame {
  /** Its place in the traceback; a recursion has the same line many times. */
  index: number;
  file: string;
  /** The last two parts of the path: enough to know it by. */
  short: string;
  line: number;
  name: string;
  /** Source lines below it, without the common indentation; marks of columns are kept. */
  code: string;
  own: boolean;
}

/** One exception of a chain: how it follows from the one before, its frames, its last lines. */
export interface Raised {
  /** "The above exception was the direct cause …"; null for the first. */
  because: string | null;
  frames: Frame[];
  /** Type and message as the traceback says them. */
  message: string;
}

const HEAD = /^Traceback \(most recent call last\):$/;
const FRAME = /^ {2}File "(.+)", line (\d+)(?:, in (.+))?$/;
const LIBRARY = /(?:^|[\\/])(?:site-packages|dist-packages|lib[\\/]python\d[^\\/]*|taskflowmq)[\\/]|^<(?!stdin|string)/;
const LINK = /^(?:During handling of|The above exception was)/;

/** Whether a file belongs to a library, to Python, or to TaskFlow itself. */
export function isLibrary(file: string): boolean {
  return LIBRARY.test(file);
}

/**
 * Read a Python traceback.
 *
 * @returns its chain, oldest first; null if it has another form (an exception group, another language): show it as text
 */
export function readTraceback(text: string): Raised[] | null {
  const chain: Raised[] = [];
  let because: string | null = null;
  let current: Raised | null = null;
  let code: string[] = [];

  const endFrame = () => {
    const frame = current?.frames.at(-1);
    if (frame && code.length > 0) frame.code = outdent(code);
    code = [];
  };
  for (const line of text.replace(/\s+$/, "").split("\n")) {
    if (/^\s*[+|]/.test(line)) return null;
    const frame = FRAME.exec(line);
    if (HEAD.test(line)) {
      endFrame();
      current = { because, frames: [], message: "" };
      chain.push(current);
    } else if (!current) {
      return null;
    } else if (frame) {
      endFrame();
      current.frames.push(frameOf(frame, current.frames.length));
    } else if (LINK.test(line)) {
      because = line;
    } else if (current.frames.length > 0 && current.message === "" && /^\s{4}/.test(line)) {
      code.push(line);
    } else if (line.startsWith("  [Previous line repeated")) {
      code.push(`  ${line}`);
    } else if (line !== "" || current.message !== "") {
      endFrame();
      current.message += (current.message ? "\n" : "") + line;
    }
  }
  endFrame();
  for (const raised of chain) raised.message = raised.message.trimEnd();
  return chain.length > 0 ? chain : null;
}

function frameOf([, file = "", line = "0", name]: RegExpExecArray, index: number): Frame {
  return callFrame(index, file, Number(line), name ?? "", "");
}

/** A call that was not read from a text. */
export function callFrame(index: number, file: string, line: number, name: string, code: string): Frame {
  const short = file.split(/[\\/]/).slice(-2).join("/");
  return { index, file, short, line, name, code, own: !isLibrary(file) };
}

function outdent(lines: string[]): string {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length);
  const common = Math.min(...indents);
  // Rows of ^^^^ mark columns of the row above; they need no place where the row itself stands alone.
  const kept = lines.filter((line) => !/^\s*[~^]+\s*$/.test(line));
  return kept.map((line) => line.slice(common)).join("\n");
}

/** A run of frames that are all one's own, or all of libraries. */
export interface FrameRun {
  own: boolean;
  frames: Frame[];
}

/** Neighbouring frames of the same kind together, so that those of libraries can be folded. */
export function runsOf(frames: readonly Frame[]): FrameRun[] {
  const runs: FrameRun[] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last && last.own === frame.own) last.frames.push(frame);
    else runs.push({ own: frame.own, frames: [frame] });
  }
  return runs;
}
