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
