/** "Did you mean": finds the known word that a misspelt one was probably meant to be. */

/** Longer words are not compared: nobody misspells them, and the effort grows with the square of the length. */
const LONGEST_WORD = 64;

/**
 * The candidate nearest to `word`, ignoring case; `undefined` when none is near. Near means that at most a third of
 * the letters (at least one) are wrong, missing, added or swapped with their neighbour. The first of equals wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const longest = Math.max(word.length, candidate.length);
    const tolerance = Math.max(1, Math.floor(longest / 3));
    if (longest > LONGEST_WORD || Math.abs(word.length - candidate.length) > tolerance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= tolerance && distance < longest && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * How many insertions, deletions, substitutions and swaps of neighbours turn `a` into `b`: the Damerau-Levenshtein
 * distance in its restricted form (optimal string alignment: no piece is edited twice). In UTF-16 code units.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let distance = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      }
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
