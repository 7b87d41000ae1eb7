import { useSyncExternalStore } from "react";

/** One timer for every age on the page: it ticks once per second, only while something listens. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let skew = 0;
let present = Date.now();

function tick(): void {
  present = Date.now() + skew;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    present = Date.now() + skew;
    timer = setInterval(tick, 1000);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The server's time in milliseconds, as far as this browser knows it. */
export function serverNow(): number {
  return Date.now() + skew;
}

/** Learn the difference to the server's clock; less than two seconds is the way of the message. */
export function setServerTime(at: number): void {
  const difference = at - Date.now();
  skew = Math.abs(difference) < 2000 ? 0 : difference;
}

/** The server's time, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => (listeners.size === 0 ? serverNowOfSecond() : present));
}

// Before the first subscription the snapshot must not change between two reads of one render.
function serverNowOfSecond(): number {
  if (Date.now() + skew - present >= 1000) present = Date.now() + skew;
  return present;
}
