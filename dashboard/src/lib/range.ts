/** Time ranges that a page offers; their names stand in the URL: `?range=24h`. */
export const RANGES = ["15m", "1h", "6h", "24h", "7d", "30d"] as const;

export type Range = (typeof RANGES)[number];

interface Shape {
  seconds: number;
  /** Width of one point of a chart, in seconds: 15 to 96 points, each a whole number of minutes. */
  step: number;
}

const SHAPE: Record<Range, Shape> = {
  "15m": { seconds: 900, step: 60 },
  "1h": { seconds: 3600, step: 60 },
  "6h": { seconds: 21_600, step: 300 },
  "24h": { seconds: 86_400, step: 900 },
  "7d": { seconds: 604_800, step: 7200 },
  "30d": { seconds: 2_592_000, step: 28_800 },
};

export function isRange(text: string): text is Range {
  return Object.hasOwn(SHAPE, text);
}

export function rangeSeconds(range: Range): number {
  return SHAPE[range].seconds;
}

export function rangeStep(range: Range): number {
  return SHAPE[range].step;
}

/**
 * The span of a range that ends now. Its end is the next whole step, so that points keep their place while time goes on.
 *
 * @param now milliseconds
 * @returns milliseconds; `to` is not included
 */
export function rangeSpan(range: Range, now: number): { from: number; to: number } {
  const { seconds, step } = SHAPE[range];
  const to = Math.ceil(now / (step * 1000)) * step * 1000;
  return { from: to - seconds * 1000, to };
}
