import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { cx } from "@/lib/cx";
import { shell } from "@/lib/text/shell";
import { Page } from "@/ui/page";
import { RangeSelect } from "@/ui/range-select";
import { NeedsAttention, useAttention } from "./attention";
import { Charts } from "./charts";
import { FailingTasks } from "./failing-tasks";
import { Numbers } from "./numbers";
import { QueueTable } from "./queue-table";
import { OVERVIEW_RANGES } from "./search";

const route = getRouteApi("/");
const DEFAULT = "1h";

/** How the whole is doing, and what to look at first. */
export function Overview() {
  const { range = DEFAULT } = route.useSearch();
  const attention = useAttention(range);
  const waits = attention.data === undefined && !attention.error;
  const navigate = useNavigate({ from: "/" });
  return (
    <Page
      title={shell.overview}
      live
      flush
      actions={
        <RangeSelect
          value={range}
          ranges={OVERVIEW_RANGES}
          onChange={(next) => {
            const known = OVERVIEW_RANGES.find((one) => one === next);
            void navigate({ search: { range: known === DEFAULT ? undefined : known } });
          }}
        />
      }
    >
      <Numbers range={range} />
      <Charts range={range} />
      <NeedsAttention query={attention} range={range} />
      {/* Nothing is seen to move: how long the lines above are must be known before. */}
      <div className={cx("grid gap-px bg-border xl:grid-cols-[11fr_10fr]", waits && "invisible")}>
        <QueueTable range={range} />
        <FailingTasks range={range} />
      </div>
    </Page>
  );
}
