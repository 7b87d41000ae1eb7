import { Pause, Radio, RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { useNow } from "@/lib/clock";
import { age } from "@/lib/format";
import { shell } from "@/lib/text/shell";
import { liveControls, useLiveStatus } from "@/live/status";
import { Tip } from "./tip";

/** How fresh the page is; a press pauses and resumes. Nothing where nothing is live. */
export function LiveBadge() {
  const status = useLiveStatus();
  const paused = status.mode === "paused";
  if (status.mode === "off") return null;
  return (
    <Tip text={paused ? shell.resumeLive : shell.pauseLive} keyName="p">
      <button
        type="button"
        aria-pressed={paused}
        onClick={() => (paused ? liveControls()?.resume() : liveControls()?.pause())}
        className="inline-flex h-6 shrink-0 items-center gap-1.5 rounded-full border border-border bg-surface px-2.5 text-12 text-text-2 transition-colors duration-(--tf-fast) hover:bg-hover"
      >
        <Inside />
      </button>
    </Tip>
  );
}

function Inside(): ReactNode {
  const status = useLiveStatus();
  switch (status.mode) {
    case "off":
      return null;
    case "live":
      return (
        <>
          <Radio aria-hidden size={13} className="text-completed" />
          {shell.live}
        </>
      );
    case "paused":
      return (
        <>
          <Pause aria-hidden size={13} />
          {shell.livePaused}
        </>
      );
    case "reconnecting":
      return (
        <>
          <RefreshCw aria-hidden size={13} className="text-retrying" />
          <Reconnecting since={status.since} />
        </>
      );
    case "polling":
      return (
        <>
          <RefreshCw aria-hidden size={13} />
          {shell.livePolling}
        </>
      );
  }
}

function Reconnecting({ since }: { since: number }) {
  const now = useNow();
  return shell.liveReconnecting(age((now - since) / 1000));
}
