import { TriangleAlert } from "lucide-react";
import { age, clockSeconds } from "@/lib/format";
import { shell } from "@/lib/text/shell";
import { useZone } from "@/lib/zone";
import { liveControls, useLiveStatus } from "@/live/status";
import { Button } from "./button";

/** Below the header while live updates are interrupted: how often it asks instead, and how old the data is. */
export function StaleBar() {
  const status = useLiveStatus();
  const zone = useZone();
  if (status.mode !== "polling") return null;
  return (
    <div
      role="status"
      className="flex min-h-9 shrink-0 items-center gap-2.5 border-border border-b bg-warn-soft px-5 py-1 text-12 max-md:px-4"
    >
      <TriangleAlert aria-hidden size={14} className="shrink-0 text-retrying" />
      <span className="grow">{shell.stale(age(status.everySeconds), clockSeconds(status.asOf, zone))}</span>
      <Button size="s" variant="ghost" onClick={() => liveControls()?.reconnect()}>
        {shell.staleNow}
      </Button>
    </div>
  );
}
