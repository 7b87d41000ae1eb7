import { csvOf, saveText } from "@/lib/csv";
import { kit } from "@/lib/text/kit";
import type { ChartProps } from "./chart";

/** Save the numbers of a chart, oldest first, with times that every program reads. */
export function saveChart({ title, at, series }: Pick<ChartProps, "title" | "at" | "series">): void {
  const head = [kit.time, ...series.map((line) => line.label)];
  const rows = at.map((time, index) => [
    new Date(time).toISOString(),
    ...series.map((line) => line.values[index] ?? null),
  ]);
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  saveText(`${name}.csv`, "text/csv;charset=utf-8", csvOf([head, ...rows]));
}
