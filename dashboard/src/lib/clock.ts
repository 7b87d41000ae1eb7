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

/** The store's time in milliseconds, as far as this browser knows it. */
export function storeNow(): number {
  return Date.now() + skew;
}

/** Learn the difference to the store's clock; less than two seconds is the way of the message. */
export function setStoreTime(at: number): void {
  const difference = at - Date.now();
  skew = Math.abs(difference) < 2000 ? 0 : difference;
}

/** The store's time, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => (listeners.size === 0 ? storeNowOfSecond() : present));
}

// Before the first subscription the snapshot must not change between two reads of one render.
function storeNowOfSecond(): number {
  if (Date.now() + skew - present >= 1000) present = Date.now() + skew;
  return present;
}
