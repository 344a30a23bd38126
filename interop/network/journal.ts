/**
 * A file that remembers: one JSON line for each entry, on the disk before `append` returns. Whoever is killed while it
 * writes leaves half a line at the end; nobody was told of that entry, so it is taken off when the file is opened.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";

/** See the head of this file. */
export class Journal<T> {
  readonly #file: number;
  /** What was there when it was opened. */
  readonly entries: readonly T[];

  /** Opens the file, or makes it. Throws `SyntaxError` when a whole line is no JSON: that is damage, not half a line. */
  constructor(path: string) {
    this.#file = openSync(path, "a+", 0o600);
    const octets = readFileSync(this.#file);
    const whole = octets.lastIndexOf("\n") + 1;
    if (whole < octets.length) ftruncateSync(this.#file, whole);
    const lines = octets.toString("utf8", 0, whole).split("\n").slice(0, -1);
    this.entries = lines.map((line) => JSON.parse(line) as T);
  }

  append(entry: T): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
