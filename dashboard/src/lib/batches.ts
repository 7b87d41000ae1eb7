/**
 * Do something with each of several things, a few at a time.
 *
 * @param atOnce how many are under way together
 * @returns the results, in the order of the things
 */
export async function inBatches<T, R>(
  things: readonly T[],
  atOnce: number,
  act: (thing: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(things.length);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < things.length; index = next++) {
      results[index] = await act(things[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, things.length) }, lane));
  return results;
}
