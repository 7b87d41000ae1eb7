const LONGEST_WORD = 20;

/** The word that was probably meant: one that begins so, otherwise the first of the fewest changes of a letter. */
export function nearest(word: string, known: readonly string[]): string | null {
  const length = [...word].length;
  const longer = length > 1 ? known.find((one) => one.startsWith(word)) : undefined;
  if (longer !== undefined) return longer;
  if (length === 0 || length > LONGEST_WORD) return null;
  let found = "";
  let fewest = Number.POSITIVE_INFINITY;
  for (const one of known) {
    const changes = distance([...word], [...one]);
    if (changes < fewest) [found, fewest] = [one, changes];
  }
  return fewest <= Math.max(1, Math.floor(length / 3)) && Math.max(1, Math.floor(length / 3)) < found.length
    ? found
    : null;
}

/** Letters to add, remove, replace, or swap with their neighbour. */
function distance(one: readonly string[], other: readonly string[]): number {
  let oldest: number[] = [];
  let above: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    [oldest, above, row] = [above, row, [i]];
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(above, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, replaced);
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) least = Math.min(least, at(oldest, j - 2) + 1);
      row.push(least);
    }
  }
  return at(row, other.length);
}

function at(row: readonly number[], place: number): number {
  return row[place] ?? 0;
}
