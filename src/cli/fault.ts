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

/** What is wrong and where, and the remedy. */
export interface Mistake {
  readonly message: string;
  readonly mend: string;
}

/** A failure that the user can mend. `message` names the file or option and the place in it, `mend` the remedy. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly exit: (typeof EXIT)["failed" | "usage" | "timeout" | "interrupted"];
  readonly mend: string;
  /** What is wrong besides, told after it. */
  readonly more: readonly Mistake[];

  constructor(
    exit: "failed" | "usage" | "timeout" | "interrupted",
    message: string,
    mend: string,
    more: readonly Mistake[] = [],
  ) {
    super(message);
    this.exit = EXIT[exit];
    this.mend = mend;
    this.more = more;
  }
}

/** How messages begin that are about `path`; `place` names the option that gave it, empty for an operand. */
export function at(place: string, path: string): string {
  return place === "" ? path : `${place} ${path}`;
}
