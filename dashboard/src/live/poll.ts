import { useEffect, useRef } from "react";
import { liveStatus } from "./status";

const LEAST_MS = 5_000;
const MOST_MS = 60_000;

/** Milliseconds until the next question: four times as long as the last one took, at least 5 s; longer after failures. */
export function pollDelay(tookMs: number, failures: number): number {
  return Math.min(MOST_MS, Math.max(LEAST_MS, 4 * tookMs) * 2 ** Math.min(failures, 3));
}

/**
 * Ask again and again while the page is seen, where no live feed tells: never while it is hidden or paused, and at once
 * when it is seen again after a time.
 *
 * @param ask one question; it must obey the signal
 * @param enabled false stops
 * @param told false: the feed does not tell it even while it is live
 */
export function usePolling(ask: (signal: AbortSignal) => Promise<unknown>, enabled: boolean, told = true): void {
  const current = useRef(ask);
  current.current = ask;
  const isTold = useRef(told);
  isTold.current = told;
  useEffect(() => {
    if (!enabled) return;
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let due = Date.now() + LEAST_MS;
    let failures = 0;
    let asking = false;
    const later = (ms: number) => {
      due = Date.now() + ms;
      clearTimeout(timer);
      timer = setTimeout(turn, ms);
    };
    async function turn() {
      if (asking || document.hidden || end.signal.aborted) return;
      // The feed tells it, or the reader wants none of it.
      const { mode } = liveStatus();
      if (mode === "paused" || (mode === "live" && isTold.current)) return later(LEAST_MS);
      asking = true;
      const began = performance.now();
      try {
        await current.current(end.signal);
        failures = 0;
      } catch {
        // The reader sees the last good data; whoever asks says how old it is.
        failures++;
      }
      asking = false;
      if (!end.signal.aborted) later(pollDelay(performance.now() - began, failures));
    }
    const onVisible = () => {
      if (!document.hidden && Date.now() >= due) void turn();
    };
    document.addEventListener("visibilitychange", onVisible);
    later(LEAST_MS);
    return () => {
      end.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [enabled]);
}
