import "@/lib/navigator-language";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { axisTime, countShort } from "@/lib/format";
import type { Mark } from "@/lib/marks";
import { niceTop } from "@/lib/scale";
import { useTheme } from "@/lib/theme";
import { useZone } from "@/lib/zone";
import type { ChartProps } from "./chart";
import { drawBars, stackTotals } from "./chart-bars";
import { drawMarks, MARKS_ROOM } from "./chart-marks";
import { CHART_HEIGHT, isInside } from "./chart-size";
import { ChartTip } from "./chart-tip";

const NONE: readonly Mark[] = [];

interface Props extends ChartProps {
  /** What it shows, for those who do not see it. */
  name: string;
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The canvas of a chart. Its colours are read from the tokens, again when the theme changes. */
export default function ChartCanvas(props: Props) {
  const { name, at, series, format, kind = "lines", scale, height = CHART_HEIGHT, cursor } = props;
  const { marks = NONE } = props;
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const zone = useZone();
  const [over, setOver] = useState<{ index: number; left: number } | null>(null);
  const shape = series.map((line) => `${line.id} ${line.token} ${line.fill} ${line.dash}`).join(" ");
  const latest = useRef({ at, series, format, marks });
  latest.current = { at, series, format, marks };
  const plot = useRef<uPlot | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: theme stands for the tokens, shape for the series; their data comes by the next effect
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colours = latest.current.series.map((line) => token(line.token));
    const bars = kind === "bars";
    const flags = {
      line: token("--tf-control"),
      ground: token("--tf-surface"),
      text: token("--tf-text-2"),
      font: `${11 * devicePixelRatio}px ${token("--tf-font")}`,
    };
    const made = new uPlot(
      {
        width: Math.max(1, element.clientWidth),
        height,
        padding: [() => (latest.current.marks.length > 0 ? MARKS_ROOM : 8), 4, 0, 0],
        legend: { show: false },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
        cursor: {
          y: false,
          drag: { x: false, y: false },
          points: bars ? { show: false } : { size: 6 },
          ...(cursor ? { sync: { key: cursor } } : {}),
        },
        scales: {
          // Half a step at both ends: a bar stands over its time, and lines share the axis of bars.
          x: { range: (_plot, low, high) => [low - halfStep(latest.current.at), high + halfStep(latest.current.at)] },
          y: { range: (_plot, _low, high) => [0, niceTop(bars ? highest(latest.current) : high, scale)] },
        },
        axes: axes(zone, bars || scale === "count" ? countShort : format),
        series: [
          {},
          ...latest.current.series.map((item, index) => ({
            label: item.label,
            stroke: colours[index] ?? "",
            width: 1.5,
            points: bars ? { show: false } : { show: true, size: 4, filter: lonely },
            ...(bars ? { paths: () => null } : {}),
            ...(item.dash ? { dash: [...item.dash] } : {}),
            ...(item.fill ? { fill: `color-mix(in srgb, ${colours[index]} 12%, transparent)` } : {}),
          })),
        ],
        hooks: {
          draw: [
            ...(bars ? [(drawn: uPlot) => drawBars(drawn, latest.current.at, latest.current.series, colours)] : []),
            (drawn) => drawMarks(drawn, latest.current.at, latest.current.marks, flags),
          ],
          setCursor: [
            (plotted) => {
              const index = plotted.cursor.idx;
              const left = plotted.cursor.left ?? -1;
              setOver(
                index === null || index === undefined || left < 0
                  ? null
                  : { index, left: left + plotted.bbox.left / devicePixelRatio },
              );
            },
          ],
        },
      },
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(1, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, zone, shape, height, cursor, kind, scale]);

  useEffect(() => {
    plot.current?.setData(dataOf({ at, series }));
  }, [at, series]);

  const marked = marks.map((mark) => `${mark.at} ${mark.label}`).join(", ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: it draws the marks that the ref holds, and makes room for them
  useEffect(() => {
    plot.current?.redraw(false, true);
  }, [marked]);

  return (
    <div ref={box} role="img" aria-label={name} className="absolute inset-0">
      {over ? (
        <ChartTip
          at={at}
          series={series}
          format={format}
          kind={kind}
          marks={marks}
          index={over.index}
          left={over.left}
        />
      ) : null}
    </div>
  );
}

/** Points without a neighbour: a line has at least two, so these would not be seen. */
function lonely(plotted: uPlot, series: number): number[] {
  const values = plotted.data[series] ?? [];
  const known = (index: number) => (values[index] ?? null) !== null;
  return [...values.keys()].filter((index) => known(index) && !known(index - 1) && !known(index + 1));
}

type Shown = Pick<ChartProps, "at" | "series" | "format">;

function axes(zone: string, words: (value: number, top: number) => string): uPlot.Axis[] {
  const text = token("--tf-text-3");
  const font = `11px ${token("--tf-font")}`;
  return [
    {
      stroke: text,
      font,
      grid: { show: false },
      ticks: { show: false },
      size: 24,
      space: 72,
      values: (plotted, ticks) => {
        const { min = 0, max = 0 } = plotted.scales.x ?? {};
        const left = plotted.bbox.left / devicePixelRatio;
        return ticks.map((tick) => {
          const word = axisTime(tick * 1000, max - min, zone);
          const middle = left + plotted.valToPos(tick, "x");
          return isInside(middle, widthOf(plotted, word, font), plotted.width) ? word : "";
        });
      },
    },
    {
      stroke: text,
      font,
      grid: { stroke: token("--tf-border"), width: 1 },
      ticks: { show: false },
      gap: 8,
      size: (plotted, labels) => 10 + Math.max(0, ...(labels ?? []).map((word) => widthOf(plotted, word, font))),
      // Zero, half and the top: three lines are enough to read a height by.
      splits: (plotted) => {
        const top = plotted.scales.y?.max ?? 1;
        return [0, top / 2, top];
      },
      // Nothing needs no unit.
      values: (_plot, ticks) => ticks.map((tick) => (tick === 0 ? "0" : words(tick, ticks.at(-1) ?? tick))),
    },
  ];
}

// In pixels of the page: as narrow as the words are, so that the plot begins where the heading does.
function widthOf({ ctx }: uPlot, word: string, font: string): number {
  ctx.save();
  ctx.font = font;
  const { width } = ctx.measureText(word);
  ctx.restore();
  return Math.ceil(width);
}

function halfStep(at: readonly number[]): number {
  const [first, second] = at;
  return first === undefined || second === undefined ? 30 : (second - first) / 2000;
}

function highest({ at, series }: Shown): number {
  return Math.max(0, ...stackTotals(at.length, series));
}

function dataOf({ at, series }: Pick<Shown, "at" | "series">): uPlot.AlignedData {
  return [at.map((time) => time / 1000), ...series.map((line) => [...line.values])] as uPlot.AlignedData;
}
