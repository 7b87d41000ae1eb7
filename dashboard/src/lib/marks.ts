/** A moment that charts mark, such as the first start of a release. */
export interface Mark {
  /** In milliseconds. */
  at: number;
  label: string;
}

/**
 * The marks of each step of a chart, by its number; those outside of all steps are left out.
 *
 * @param at start of each step, in milliseconds
 */
export function marksByStep(at: readonly number[], marks: readonly Mark[]): Map<number, Mark[]> {
  const found = new Map<number, Mark[]>();
  const [first = 0, second = first + 60_000] = at;
  for (const mark of marks) {
    const index = Math.floor((mark.at - first) / (second - first));
    if (index < 0 || index >= at.length) continue;
    found.set(index, [...(found.get(index) ?? []), mark]);
  }
  return found;
}
