import { NONE, pointTime } from "@/lib/format";
import { marksByStep } from "@/lib/marks";
import { kit } from "@/lib/text/kit";
import { useZone } from "@/lib/zone";
import type { ChartProps } from "./chart";

/** The numbers of a chart, newest first, for readers and for exact values. */
export function ChartTable({ title, at, series, format, marks = [] }: ChartProps) {
  const zone = useZone();
  const ofStep = marksByStep(at, marks);
  const order = at.map((_, index) => index).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="h-full overflow-y-auto border-border border-t" tabIndex={0} aria-label={title}>
      <table className="w-full border-collapse text-12" aria-label={title}>
        <thead className="sticky top-0 bg-surface">
          <tr className="h-7 text-text-3">
            <th scope="col" className="text-left font-medium">
              {kit.time}
            </th>
            {series.map((line) => (
              <th key={line.id} scope="col" className="pr-2 text-right font-medium">
                {line.label}
              </th>
            ))}
            {ofStep.size > 0 ? (
              <th scope="col" className="pl-4 text-left font-medium">
                {kit.mark}
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {order.map((index) => (
            <tr key={at[index]} className="h-7 border-border border-t">
              <th scope="row" className="text-left font-normal text-text-2">
                {pointTime(at, index, zone)}
              </th>
              {series.map((line) => {
                const value = line.values[index] ?? null;
                return (
                  <td key={line.id} className="pr-2 text-right">
                    {value === null ? NONE : format(value)}
                  </td>
                );
              })}
              {ofStep.size > 0 ? (
                <td className="max-w-48 truncate pl-4 text-text-2">
                  {(ofStep.get(index) ?? []).map((mark) => mark.label).join(", ")}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
