import {
  KINDS,
  type Kind,
  LEAST_RATE,
  MOST_JOBS,
  MOST_RATE,
  MOST_SECONDS,
  MOST_WEIGHT,
  type RunOrder,
} from "@/api/playground";
import { countExactly } from "@/lib/format";
import { words } from "@/lib/text/playground";

/** The form as it is typed. */
export type Values = Record<"rate" | "seconds" | "fail" | Kind, string>;
export type Errors = Partial<Record<keyof Values | "mix", string>>;

export const FIRST: Values = { rate: "20", seconds: "30", fail: "2", quick: "6", slow: "2", cpu: "1", retried: "1" };

interface Read {
  /** What is sent; null while something is wrong. */
  order: RunOrder | null;
  errors: Errors;
  /** How many jobs that are; null while that is not known. */
  total: number | null;
  /** Shares of the kinds, of 1; all zero while a weight is wrong. */
  shares: Record<Kind, number>;
}

/** Read the form: what is wrong, and what it means. */
export function readForm(values: Values): Read {
  const errors: Errors = {};
  const number = (name: "rate" | "seconds" | "fail", least: number, most: number) => {
    const value = Number(values[name].trim() || "x");
    if (value >= least && value <= most) return value;
    errors[name] = words.between(String(least), countExactly(most));
    return Number.NaN;
  };
  const rate = number("rate", LEAST_RATE, MOST_RATE);
  const seconds = number("seconds", 1, MOST_SECONDS);
  const fail = number("fail", 0, 100);
  const total = Number.isNaN(rate * seconds) ? null : Math.max(1, Math.round(rate * seconds));
  if (total !== null && total > MOST_JOBS) errors.rate = words.tooMany(countExactly(total), countExactly(MOST_JOBS));
  const mix = { quick: 0, slow: 0, cpu: 0, retried: 0 };
  for (const kind of KINDS) {
    const weight = Number(values[kind].trim() || "0");
    if (Number.isInteger(weight) && weight >= 0 && weight <= MOST_WEIGHT) mix[kind] = weight;
    else errors[kind] = words.whole(String(MOST_WEIGHT));
  }
  const all = KINDS.reduce((sum, kind) => sum + mix[kind], 0);
  const whole = KINDS.every((kind) => errors[kind] === undefined);
  if (whole && all === 0) errors.mix = words.noKind;
  const shares = { ...mix };
  for (const kind of KINDS) shares[kind] = whole && all > 0 ? mix[kind] / all : 0;
  const good = Object.keys(errors).length === 0;
  return { order: good ? { rate, seconds, fail: fail / 100, mix } : null, errors, total, shares };
}

/** The field that an error of the server is about. */
export function fieldOf(pointer: string): keyof Errors | undefined {
  const [first = "", second] = pointer.slice(1).split("/");
  if (second !== undefined && first === "mix") return KINDS.find((kind) => kind === second) ?? "mix";
  return (["rate", "seconds", "fail", "mix"] as const).find((name) => name === first);
}
