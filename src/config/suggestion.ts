/** What a mistyped word was probably meant to be. */

/** The candidate that `text` was probably meant to be; `null` when none is near. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const near = candidates
    .map((name) => ({ name, distance: name.startsWith(text) ? 1 : distance(text, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const limit = Math.max(1, Math.floor(text.length / 3));
  return near !== undefined && text !== "" && near.distance <= limit ? near.name : null;
}

/** The same as `did you mean "x"?`; else `otherwise`. */
export function suggestion(text: string, candidates: readonly string[], otherwise: string): string {
  const near = nearest(text, candidates);
  return near === null ? otherwise : `did you mean "${near}"?`;
}

/** Letters to insert, leave out, replace, or swap with the next (optimal string alignment); both are short. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return 99;
  let [before, row] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)] as [number[], number[]];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1, swapped ? before[j - 2]! + 1 : 99));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
