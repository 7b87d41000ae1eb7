/** A queue and a priority as they are typed. */
export interface Place {
  queue: string;
  priority: string;
}

/** What of it a request names. */
export interface NewPlace {
  queue?: string;
  priority?: number;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$/;
const MOST = 100;

/** Whether a queue can have this name. */
export function isQueueName(text: string): boolean {
  return NAME.test(text);
}

/** The priority that a text says; null if it says none. */
export function priorityOf(text: string): number | null {
  const value = Number(text);
  return /^[+-]?\d{1,3}$/.test(text) && Math.abs(value) <= MOST ? value : null;
}

/** Which parts are wrong; an empty one is not. */
export function wrongIn({ queue, priority }: Place): { queue: boolean; priority: boolean } {
  return {
    queue: queue.trim() !== "" && !isQueueName(queue.trim()),
    priority: priority.trim() !== "" && priorityOf(priority.trim()) === null,
  };
}

/**
 * What a request names of a place: what is typed and differs from where the job is.
 *
 * @param from where it is; undefined: several jobs, each in its own place
 * @returns null if that is nothing, or a part is wrong
 */
export function newPlace(place: Place, from?: { queue: string; priority: number }): NewPlace | null {
  const wrong = wrongIn(place);
  if (wrong.queue || wrong.priority) return null;
  const queue = place.queue.trim();
  const priority = place.priority.trim() === "" ? null : priorityOf(place.priority.trim());
  const found = {
    ...(queue !== "" && queue !== from?.queue ? { queue } : {}),
    ...(priority !== null && priority !== from?.priority ? { priority } : {}),
  };
  return Object.keys(found).length > 0 ? found : null;
}
