import { csvOf, saveText } from "@/lib/csv";
import { marksByStep } from "@/lib/marks";
import { kit } from "@/lib/text/kit";
import type { ChartProps } from "./chart";

/** Save the numbers of a chart, oldest first, with times that every program reads. */
export function saveChart(chart: Pick<ChartProps, "title" | "at" | "series" | "marks">): void {
  const { title, at, series, marks = [] } = chart;
  const ofStep = marksByStep(at, marks);
  const head = [kit.time, ...series.map((line) => line.label), ...(ofStep.size > 0 ? [kit.mark] : [])];
  const rows = at.map((time, index) => [
    new Date(time).toISOString(),
    ...series.map((line) => line.values[index] ?? null),
    ...(ofStep.size > 0 ? [(ofStep.get(index) ?? []).map((mark) => mark.label).join(", ")] : []),
  ]);
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  saveText(`${name}.csv`, "text/csv;charset=utf-8", csvOf([head, ...rows]));
}
