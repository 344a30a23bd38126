/** How a command fails: an exit code, what is wrong and where, and what to do about it. */

/** Exit codes; the README lists them, and scripts rely on them. */
export const EXIT = {
  ok: 0,
  /** It could not be done, or what was to be checked did not hold. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** `--timeout` passed. */
  timeout: 3,
  /** A second SIGINT or SIGTERM, or one at a prompt. */
  interrupted: 130,
} as const;

/** A failure that the user can mend. `message` names the file or option and the place in it, `mend` the remedy. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly exit: (typeof EXIT)["failed" | "usage" | "timeout" | "interrupted"];
  readonly mend: string;

  constructor(exit: "failed" | "usage" | "timeout" | "interrupted", message: string, mend: string) {
    super(message);
    this.exit = EXIT[exit];
    this.mend = mend;
  }
}

/** How messages begin that are about `path`; `place` names the option that gave it, empty for an operand. */
export function at(place: string, path: string): string {
  return place === "" ? path : `${place} ${path}`;
}

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
