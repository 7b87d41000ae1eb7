import type uPlot from "uplot";
import { type Mark, marksByStep } from "@/lib/marks";

/** A label above one mark, or above several that stand too close for a label each. */
export interface Flag {
  /** The marks that it stands for, oldest first. */
  marks: readonly Placed[];
  text: string;
  left: number;
  width: number;
}

interface Placed {
  x: number;
  label: string;
}

interface Room {
  /** Pixels of the plot. */
  width: number;
  /** Pixels of a text. */
  measure: (text: string) => number;
}

/** Pixels within a label, on either side of its text; and between two labels. */
const INSIDE = 5;
const APART = 4;
/** A longer name is cut in its middle: names of releases begin alike. */
const LONGEST = 22;

/**
 * Places the labels of marks side by side. A label begins at its mark, or ends there if the plot does; those that would
 * lie on top of each other become one, with the name of the newest and how many more there are.
 *
 * @param marks by their place, oldest first
 */
export function flagsOf(marks: readonly Placed[], room: Room): Flag[] {
  const flags: Flag[] = [];
  // From the newest on: it keeps its name.
  for (const mark of [...marks].reverse()) {
    let flag = placed([mark], room);
    let newer = flags.at(-1);
    while (newer && flag.left + flag.width + APART > newer.left) {
      flags.pop();
      flag = placed([...flag.marks, ...newer.marks], room);
      newer = flags.at(-1);
    }
    flags.push(flag);
  }
  return flags.reverse();
}

function placed(marks: readonly Placed[], { width, measure }: Room): Flag {
  const newest = marks.at(-1);
  const more = marks.length > 1 ? ` +${marks.length - 1}` : "";
  const text = `${shortened(newest?.label ?? "")}${more}`;
  const own = Math.ceil(measure(text)) + 2 * INSIDE;
  const x = newest?.x ?? 0;
  const left = x + own <= width ? x : x - own;
  return { marks, text, left: Math.max(0, left), width: own };
}

function shortened(label: string): string {
  if (label.length <= LONGEST) return label;
  const half = Math.floor((LONGEST - 1) / 2);
  return `${label.slice(0, half)}…${label.slice(-half)}`;
}

/**
 * Draw marks over a plot: a hairline each, and their labels above it.
 *
 * @param colours of the line, of the ground of a label and of its text
 */
export function drawMarks(
  plot: uPlot,
  at: readonly number[],
  marks: readonly Mark[],
  colours: { line: string; ground: string; text: string; font: string },
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio || 1;
  const [first = 0, second = first + 60_000] = at;
  // What a step counts stands over its start, half a step to either side: a mark is moved as its step is.
  const half = (second - first) / 2;
  const shown = [...marksByStep(at, marks).values()].flat();
  const places = shown
    .map((mark) => ({ label: mark.label, x: plot.valToPos((mark.at - half) / 1000, "x") }))
    .sort((a, b) => a.x - b.x);
  ctx.save();
  ctx.font = colours.font;
  const measure = (text: string) => ctx.measureText(text).width / ratio;
  const width = bbox.width / ratio;
  ctx.lineWidth = Math.max(1, Math.round(ratio));
  ctx.strokeStyle = colours.line;
  for (const { x } of places) {
    const left = Math.round(bbox.left + x * ratio) + (ctx.lineWidth % 2) / 2;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top - LIFT * ratio);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const flag of flagsOf(places, { width, measure })) {
    const left = Math.round(bbox.left + flag.left * ratio);
    const top = bbox.top - (LIFT + FLAG) * ratio;
    ctx.beginPath();
    ctx.roundRect(left, top, flag.width * ratio, FLAG * ratio, 3 * ratio);
    ctx.fillStyle = colours.ground;
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = colours.text;
    ctx.fillText(flag.text, left + INSIDE * ratio, top + (FLAG / 2 + 0.5) * ratio);
  }
  ctx.restore();
}

/** Height of a label, and how far above the plot it stands, in pixels; both are room above the plot. */
const FLAG = 16;
const LIFT = 3;

/** Room above a plot with marks, in pixels. */
export const MARKS_ROOM = FLAG + LIFT + 2;
