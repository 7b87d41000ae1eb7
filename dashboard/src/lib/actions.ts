import { useSyncExternalStore } from "react";

/** A job to make a new one of. */
export interface Replayed {
  id: string;
  task: string;
  queue: string;
  /** Its arguments, as the JSON text that they are. */
  args: string;
}

/** A job that gets another time. */
export interface Rescheduled {
  id: string;
  task: string;
  state: string;
  /** When it is due now. */
  run_at: string;
}

/** A job that gets another queue or priority. */
export interface Moved {
  id: string;
  task: string;
  state: string;
  queue: string;
  priority: number;
}

/** A queue that is purged, with how many jobs of it have not ended, by state. */
export interface Purged {
  name: string;
  states: Readonly<Record<string, number>>;
}

/** Acts that one part offers and others start, without knowing it: a page's button opens the enqueue form. */
export interface Actions {
  /** Open the command palette. */
  palette: () => void;
  /** Open the list of keys. */
  keys: () => void;
  /** Open the enqueue form, for one task if it is named. */
  enqueue: (task?: string) => void;
  /**
   * Ask for an operation on all jobs that match a filter, or on some.
   *
   * @param onStarted is told when it was accepted
   */
  bulk: (
    action: "retry" | "cancel" | "delete" | "reschedule" | "move",
    jobs: { q: string; ids?: readonly string[] },
    onStarted: () => void,
  ) => void;
  /** Open the form of a new job with the arguments of another. */
  replay: (job: Replayed) => void;
  /** Ask for another time of a job that waits. */
  reschedule: (job: Rescheduled) => void;
  /** Ask for another queue or priority of a job that waits. */
  move: (job: Moved) => void;
  /** Ask for what to remove of a queue. */
  purge: (queue: Purged) => void;
}

const offered: { [Name in keyof Actions]?: Actions[Name] } = {};
const listeners = new Set<() => void>();

/**
 * Offer an act while a component is there.
 *
 * @returns what takes it back
 */
export function offerAction<Name extends keyof Actions>(name: Name, run: Actions[Name]): () => void {
  offered[name] = run;
  tell();
  return () => {
    if (offered[name] !== run) return;
    delete offered[name];
    tell();
  };
}

/** The act, or undefined while nobody offers it: a button that would do nothing is not shown. */
export function useAction<Name extends keyof Actions>(name: Name): Actions[Name] | undefined {
  return useSyncExternalStore(subscribe, () => offered[name] as Actions[Name] | undefined);
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
