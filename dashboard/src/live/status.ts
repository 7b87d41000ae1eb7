import { useSyncExternalStore } from "react";
import { boot } from "@/lib/boot";
import { type Cut, NO_CUT } from "./messages";

/** How fresh the page is. `off`: nothing on it is live. Times are milliseconds of this browser's clock. */
export type LiveStatus =
  | { mode: "off" }
  | { mode: "live" }
  | { mode: "paused" }
  | { mode: "reconnecting"; since: number }
  | { mode: "polling"; everySeconds: number; asOf: number };

export interface LiveControls {
  pause(): void;
  resume(): void;
  reconnect(): void;
}

let status: LiveStatus = { mode: "off" };
let controls: LiveControls | null = null;
const listeners = new Set<() => void>();

export function liveStatus(): LiveStatus {
  return status;
}

export function setLiveStatus(next: LiveStatus): void {
  status = next;
  for (const listener of listeners) listener();
}

/** The hub says how it is paused and resumed. */
export function setLiveControls(next: LiveControls | null): void {
  controls = next;
}

export function liveControls(): LiveControls | null {
  return controls;
}

/** Pause what is live, resume what is paused. */
export function togglePause(): void {
  if (status.mode === "off") return;
  if (status.mode === "paused") controls?.resume();
  else controls?.pause();
}

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(subscribe, liveStatus);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let cut: Cut = NO_CUT;
const cutListeners = new Set<() => void>();

/** The hub says what of the wishes of this tab is beyond the server's limits. */
export function setCut(next: Cut): void {
  cut = next;
  for (const listener of cutListeners) listener();
}

/** What this tab wishes and the feed does not tell: it must be asked for even while the feed is live. */
export function useCut(): Cut {
  return useSyncExternalStore(subscribeToCut, () => cut);
}

function subscribeToCut(listener: () => void): () => void {
  cutListeners.add(listener);
  return () => cutListeners.delete(listener);
}

let newer: string | null = null;
const versionListeners = new Set<() => void>();

/** The feed says which version answers; another one than that of this page brings a page of its own. */
export function tellVersion(version: string): void {
  if (boot.version === "dev" || version === boot.version || version === newer) return;
  newer = version;
  for (const listener of versionListeners) listener();
}

/** The version of the server, if it is another one than that of this page. */
export function useNewVersion(): string | null {
  return useSyncExternalStore(subscribeToVersion, () => newer);
}

function subscribeToVersion(listener: () => void): () => void {
  versionListeners.add(listener);
  return () => versionListeners.delete(listener);
}
