import { useSyncExternalStore } from "react";

/** A choice of this browser: kept in `localStorage`, for the visit only where there is none. */
export interface Stored<T extends string> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

const PREFIX = "taskflow.";

/**
 * Keep one choice under `taskflow.<name>`.
 *
 * @param name name of the choice
 * @param fallback its value before anybody chose
 * @param valid whether a stored text is a value; another version of the page may have written it
 */
export function stored<T extends string>(name: string, fallback: T, valid: (text: string) => text is T): Stored<T> {
  const key = PREFIX + name;
  const listeners = new Set<() => void>();
  let value = parse(readItem(key), fallback, valid);
  const tell = () => {
    for (const listener of listeners) listener();
  };
  globalThis.addEventListener?.("storage", (event: StorageEvent) => {
    if (event.key !== key && event.key !== null) return;
    value = parse(event.newValue, fallback, valid);
    tell();
  });
  return {
    get: () => value,
    set(next) {
      value = next;
      writeItem(key, next);
      tell();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value of a stored choice; renders again when it changes, in this tab or another. */
export function useStored<T extends string>(choice: Stored<T>): T {
  return useSyncExternalStore(choice.subscribe, choice.get);
}

function parse<T extends string>(text: string | null, fallback: T, valid: (text: string) => text is T): T {
  return text !== null && valid(text) ? text : fallback;
}

function readItem(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // Storage is off, so the choice lasts for the visit.
  }
}

function writeItem(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is off or full, so the choice lasts for the visit.
  }
}
