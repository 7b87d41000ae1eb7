import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { serverNow } from "@/lib/clock";
import { countShort } from "@/lib/format";
import type { Mark } from "@/lib/marks";
import { type Range, rangeSpan, rangeStep } from "@/lib/range";
import { client, take } from "./client";
import { keys } from "./queries";
import type { SeriesOut, SeriesQuery } from "./types";

export type Column = readonly (number | null)[];
type One = SeriesOut["series"][number];
/** What the history tells apart; a node is the host that workers ran on. */
export type Kind = "queue" | "task" | "node";

const NOTHING: Column = [];

/** How finely a range is asked for: for the points of a chart, or of a sparkline. */
export type Detail = "points" | "sparks";

const SPARKS: Record<Range, number> = {
  "15m": 60,
  "1h": 120,
  "6h": 720,
  "24h": 3600,
  "7d": 21_600,
  "30d": 86_400,
};

/**
 * The history of a range that ends now. Its key names the range and not its times, so that a page asks again under the
 * same key while time goes on.
 */
export function rangeSeriesQuery(
  range: Range,
  by: "none" | Kind = "none",
  detail: Detail = "points",
  /** Only the one of this name. */
  name?: string,
) {
  return queryOptions({
    queryKey: keys.rangeSeries(range, by, detail, name),
    queryFn: ({ signal }) => {
      const { from, to } = rangeSpan(range, serverNow());
      const query: SeriesQuery = {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        step: detail === "points" ? rangeStep(range) : SPARKS[range],
        by,
        ...(name === undefined ? {} : { names: name }),
      };
      return take(client.GET("/api/v1/stats/series", { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });
}

/** Attempts that ended in a step, by how. */
export interface Ended {
  completed: Column;
  retried: Column;
  dead: Column;
}

export function endedOf(one: One | undefined): Ended {
  if (!one) return { completed: NOTHING, retried: NOTHING, dead: NOTHING };
  const { completed, retried, dead } = one;
  return { completed, retried, dead };
}

/** How many attempts ended in each step: the throughput of a sparkline. */
export function throughputOf(one: One): Column {
  return one.completed.map((completed, index) => completed + (one.failed[index] ?? 0));
}

/** The share of attempts of each step that failed; null where none ended. */
export function failingOf(one: One): Column {
  return one.failed.map((failed, index) => {
    const tried = failed + (one.completed[index] ?? 0);
    return tried > 0 ? failed / tried : null;
  });
}

/** The highest value; null where nothing was measured. */
export function highestOf(column: Column): number | null {
  return column.reduce<number | null>(
    (top, value) => (value !== null && (top === null || value > top) ? value : top),
    null,
  );
}

export function sumOf(column: Column): number {
  return column.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Gives lines of a chart the sums of their values, all of them as short as the largest is written. */
export function withTotals<Line extends { values: Column }>(lines: readonly Line[]): (Line & { total: string })[] {
  const top = Math.max(...lines.map((line) => sumOf(line.values)));
  return lines.map((line) => ({ ...line, total: countShort(sumOf(line.values), top) }));
}

/** Start of each step, in milliseconds. */
export function timesOf(series: SeriesOut): number[] {
  return series.at.map((time) => Date.parse(time));
}

/** The releases that were first announced in the range, for the marks of a chart. */
export function marksOf(series: SeriesOut): Mark[] {
  return series.releases.map(({ name, first_at }) => ({ at: Date.parse(first_at), label: name }));
}

const REMEMBERED_S = 90 * 86_400;

/** Whether any job was enqueued, started or ended in the days that history is kept. */
export function hasHistoryQuery() {
  return queryOptions({
    queryKey: keys.rangeSeries("ever", "none", "points"),
    queryFn: async ({ signal }) => {
      const from = new Date(serverNow() - REMEMBERED_S * 1000).toISOString();
      const to = new Date(serverNow()).toISOString();
      const query: SeriesQuery = { from, to, step: 86_400, by: "none" };
      const { series } = await take(client.GET("/api/v1/stats/series", { params: { query }, signal }));
      return series.some((one) =>
        [one.arrived, one.started, one.completed, one.dead, one.cancelled].some((column) => sumOf(column) > 0),
      );
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
