/**
 * Operations that were started here and whose end has not been told. A fast one ends before the lines at the foot of
 * the page have seen it live.
 */
const started = new Set<string>();

/** Have the end of an operation told. */
export function tellEndOf(id: string): void {
  started.add(id);
}

/** Whether its end has still to be told; asked once. */
export function takeStarted(id: string): boolean {
  return started.delete(id);
}
