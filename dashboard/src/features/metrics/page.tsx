import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import { useMemo } from "react";
import type { Kind } from "@/api/series";
import type { SeriesOut } from "@/api/types";
import type { Range } from "@/lib/range";
import { words } from "@/lib/text/metrics";
import { shell } from "@/lib/text/shell";
import { useSeries } from "@/live/fresh";
import { useWatch } from "@/live/live";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { RangeSelect } from "@/ui/range-select";
import { Region } from "@/ui/region";
import { Select } from "@/ui/select";
import { Charts, ChartsSkeleton } from "./charts";
import { Names } from "./names";
import type { MetricsSearch } from "./search";

export const route = createLazyRoute("/charts")({ component: MetricsPage });

const DEFAULT: Range = "24h";
const ALL = "*";
const KINDS = ["none", "queue", "task", "node"] as const;

/** The history as charts: of all jobs, or of one queue, task or node; one range and one cursor over all. */
function MetricsPage() {
  // So that the page says whether it is live where no sidebar is open.
  useWatch({ stats: true });
  const search = route.useSearch();
  const range = search.range ?? DEFAULT;
  const by = search.by ?? "none";
  const navigate = useNavigate({ from: "/charts" });
  const query = useSeries(range, by);
  const go = (next: Partial<MetricsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }) });
  return (
    <Page
      title={shell.metrics}
      live
      flush
      actions={<RangeSelect value={range} onChange={(next) => go({ range: next === DEFAULT ? undefined : next })} />}
      toolbar={
        <div className="flex shrink-0 flex-wrap items-center gap-2 border-border border-b px-5 py-3 max-md:px-4">
          <Select
            label={words.by}
            value={by}
            className="w-36"
            options={KINDS.map((value) => ({ value, label: words[value] }))}
            onChange={(next) => go({ by: next === "none" ? undefined : (next as Kind), name: undefined })}
          />
          {by === "none" ? null : (
            <NameSelect by={by} name={search.name} series={query.data} onChange={(name) => go({ name })} />
          )}
        </div>
      }
    >
      <Region query={query} what={words.what} skeleton={<ChartsSkeleton />}>
        {(series) => (
          <Content series={series} range={range} by={by} name={search.name} onName={(name) => go({ name })} />
        )}
      </Region>
    </Page>
  );
}

interface NameProps {
  by: Kind;
  name: string | undefined;
  series: SeriesOut | undefined;
  onChange: (name: string | undefined) => void;
}

function NameSelect({ by, name, series, onChange }: NameProps) {
  const names = useMemo(() => {
    const found = (series?.series ?? []).flatMap((one) => (one.name === null ? [] : [one.name]));
    // What is chosen stays to be seen where it did nothing in the range.
    return name === undefined || found.includes(name) ? found : [name, ...found];
  }, [series, name]);
  return (
    <Select
      label={words.name[by]}
      value={name ?? ALL}
      className="w-60 max-sm:w-full"
      options={[{ value: ALL, label: words.allNames[by] }, ...names.map((one) => ({ value: one, label: one }))]}
      onChange={(next) => onChange(next === ALL ? undefined : next)}
    />
  );
}

interface ContentProps {
  series: SeriesOut;
  range: Range;
  by: "none" | Kind;
  name: string | undefined;
  onName: (name: string) => void;
}

function Content({ series, range, by, name, onName }: ContentProps) {
  if (by !== "none" && name === undefined) return <Names series={series} range={range} by={by} onName={onName} />;
  const one = series.series.find((found) => (by === "none" ? found.name === null : found.name === name));
  if (!one) return <Empty icon={<ChartNoAxesColumn aria-hidden size={24} />} title={words.gone(name ?? "")} />;
  return <Charts series={series} one={one} range={range} by={by} />;
}
