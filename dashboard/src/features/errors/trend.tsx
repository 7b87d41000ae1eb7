import type { ErrorGroup } from "@/api/types";
import { useNow } from "@/lib/clock";
import { clockMinutes } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { useZone } from "@/lib/zone";
import { Bars } from "@/ui/bars";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** How often it occurred in each of the last 24 hours. */
export function Trend({ group }: { group: ErrorGroup }) {
  const zone = useZone();
  const now = useNow();
  // The hours of the answer end with the present minute.
  const end = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
  const at = group.trend.map((_, index) => end - (group.trend.length - index) * HOUR_MS);
  return (
    <Bars
      label={words.trendTitle}
      height={72}
      series={[{ id: "failures", label: words.failuresSeries, fill: "fill-dead", dot: "bg-dead", values: group.trend }]}
      at={at}
      formatAt={(time) => words.hour(clockMinutes(time, zone), clockMinutes(time + HOUR_MS, zone))}
      axis={[words.ago(24), words.ago(18), words.ago(12), words.ago(6), words.now]}
    />
  );
}
