/** Columns that can be chosen; `state`, `task` and `created` are always there. */
export const CHOICES = ["queue", "attempt", "wait", "run", "priority", "worker", "due", "ended"] as const;
export type Choice = (typeof CHOICES)[number];
export const CHOSEN_FIRST: readonly Choice[] = ["queue", "attempt", "wait", "run"];

/** In an address: no column but those that are always there. */
const NONE = "none";

/** Columns as an address has them, in their order; undefined where it names none that there is. */
export function readColumns(text: string): readonly Choice[] | undefined {
  if (text === NONE) return [];
  const given = text.split(",");
  const found = CHOICES.filter((choice) => given.includes(choice));
  return found.length > 0 ? found : undefined;
}

export function writeColumns(columns: readonly string[]): string {
  return CHOICES.filter((choice) => columns.includes(choice)).join(",") || NONE;
}
