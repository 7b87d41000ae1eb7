import type { ListRow } from "@/live/patch";

/**
 * The rows on the screen. They change with every scroll, and only what follows them is to be drawn anew then: so they are
 * no state of the page.
 */
export class InView {
  private rows: readonly ListRow[] = [];
  private readonly listeners = new Set<() => void>();

  get = (): readonly ListRow[] => this.rows;

  set(rows: readonly ListRow[]): void {
    this.rows = rows;
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
