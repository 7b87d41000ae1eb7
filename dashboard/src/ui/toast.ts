/** A message that comes and goes; where it is shown: `toasts.tsx`. */
export interface Toast {
  id: number;
  title: string;
  detail?: string | undefined;
  tone: "neutral" | "success" | "danger";
  action?: { label: string; run: () => void } | undefined;
  /** Milliseconds; `Infinity` stays until it is dismissed. */
  duration: number;
}

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/**
 * Show a message.
 *
 * @returns its id, for `dismissToast`
 */
export function toast(message: Partial<Omit<Toast, "id">> & { title: string }): number {
  const tone = message.tone ?? "neutral";
  // An undo must not go away with a glance; an error is read, not glanced at.
  const duration = message.duration ?? (message.action || tone === "danger" ? 8000 : 4000);
  const id = ++lastId;
  set([...toasts.slice(-2), { ...message, id, tone, duration }]);
  return id;
}

export function dismissToast(id: number): void {
  set(toasts.filter((item) => item.id !== id));
}

export function currentToasts(): readonly Toast[] {
  return toasts;
}

export function subscribeToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
