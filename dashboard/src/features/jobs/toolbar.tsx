import { useNavigate } from "@tanstack/react-router";
import type { JobsQuery } from "@/api/types";
import { ColumnMenu } from "./column-menu";
import { ExportMenu } from "./export-menu";
import { FilterField } from "./filter-field";
import { FIELD_KEYS, formatFilter, type Term, termsOfText } from "./grammar";
import { formatRange, type Range } from "./range";
import { RangePicker } from "./range-picker";
import { type JobsSearch, rangeIsOfEnd, termsOf } from "./search";
import { StateTabs } from "./state-tabs";
import { ViewMenu } from "./view-menu";

interface Props {
  search: JobsSearch;
  range: Range;
  /** The question that the list asks. */
  filter: JobsQuery;
  onOpenJob: (id: string) => void;
}

/** States, filter, range, columns: all of them in the URL, or for columns in this browser. */
export function Toolbar({ search, range, filter, onOpenJob }: Props) {
  const { add, replace, remove, clear, setRange } = useFilters();
  return (
    <>
      <StateTabs search={search} />
      <div className="flex shrink-0 flex-wrap items-start gap-2 px-5 pt-3 pb-3 max-md:px-4">
        <FilterField
          terms={termsOf(search)}
          onAdd={add}
          onReplace={replace}
          onRemove={remove}
          onClear={clear}
          onOpenJob={onOpenJob}
        />
        {/* One line of their own where they do not fit beside the filter: none is left over in a further line. */}
        <div className="flex gap-2">
          <ViewMenu search={search} />
          <RangePicker range={range} ofEnd={rangeIsOfEnd(search)} onChange={setRange} />
          <ExportMenu filter={filter} />
          <ColumnMenu search={search} />
        </div>
      </div>
    </>
  );
}

const NO_TERMS = Object.fromEntries([...FIELD_KEYS, "q" as const].map((key) => [key, undefined]));
/** Another list: what was open belongs to the one before. */
const CLOSED = { job: undefined, tab: undefined };

/** Changes of the question, each a step in the history. */
export function useFilters() {
  const navigate = useNavigate({ from: "/jobs" });
  const change = (next: (old: JobsSearch) => Partial<JobsSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...CLOSED, ...next(old) }), resetScroll: false });
  const go = (next: Partial<JobsSearch>) => change(() => next);
  return {
    add: (terms: readonly Term[]) => change((old) => paramsOf(terms, termsOfText(old.q))),
    /** In the place of all chips; a state that its tab says stays. */
    replace: (terms: readonly Term[]) =>
      change(({ state }) => ({
        ...NO_TERMS,
        ...(state?.includes(",") ? {} : { state }),
        ...paramsOf(terms, []),
      })),
    remove: ({ key, value }: Term) =>
      change(({ q }) =>
        key === "q" ? textOf(termsOfText(q).filter((one) => one.value !== value)) : { [key]: undefined },
      ),
    clear: () => go({ ...NO_TERMS, view: undefined }),
    clearAll: () => go({ ...NO_TERMS, range: undefined, view: undefined }),
    setRange: (range: Range) => go({ range: formatRange(range) }),
    toggleSort: () =>
      void navigate({
        search: (old) => ({ ...old, sort: old.sort === "oldest" ? undefined : ("oldest" as const) }),
        resetScroll: false,
      }),
  };
}

/** Parameters of the URL: those of single keys, and the further terms behind those that were there. */
function paramsOf(terms: readonly Term[], before: readonly Term[]): Partial<JobsSearch> {
  const fields = terms.filter(({ key }) => key !== "q").map(({ key, value }) => [key, value]);
  const texts = terms.filter(({ key, value }) => key === "q" && !before.some((one) => one.value === value));
  return { ...Object.fromEntries(fields), ...(texts.length > 0 ? textOf([...before, ...texts]) : {}) };
}

function textOf(terms: readonly Term[]): Partial<JobsSearch> {
  return { q: formatFilter(terms) || undefined };
}
