/** What a mistyped word was probably meant to be. */

/** The candidate that `text` was probably meant to be, as `did you mean "x"?`; else `otherwise`. */
export function suggestion(text: string, candidates: readonly string[], otherwise: string): string {
  const near = candidates
    .map((name) => ({ name, distance: name.startsWith(text) ? 1 : distance(text, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const limit = Math.max(1, Math.floor(text.length / 3));
  return near !== undefined && text !== "" && near.distance <= limit
    ? `did you mean "${near.name}"?`
    : otherwise;
}

/** Levenshtein's distance; both are short. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
