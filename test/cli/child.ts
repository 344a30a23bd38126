/** Runs the compiled command as users do: as a process with pipes. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../src/cli/main.js");

/** A process of the command. */
export class Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** The exit code, or the signal that ended it. */
  readonly end: Promise<number | string>;
  out = "";
  err = "";
  #ended: number | string | null = null;
  readonly #waiting = new Set<() => void>();

  /** `read` says whether standard output is read; `fd3` is a file that the process gets as descriptor 3. */
  constructor(argv: readonly string[], { read = true, fd3 = null as string | null } = {}) {
    const third = fd3 === null ? [] : [openSync(fd3, "r")];
    this.process = spawn(process.execPath, [MAIN, ...argv], {
      stdio: ["pipe", "pipe", "pipe", ...third],
    }) as ChildProcessWithoutNullStreams;
    const { stdin, stdout, stderr } = this.process;
    // It may end before it has read everything.
    stdin.on("error", () => {});
    if (read) stdout.on("data", (data) => this.#got("out", data));
    stderr.on("data", (data) => this.#got("err", data));
    this.end = new Promise((resolve) =>
      this.process.once(read ? "close" : "exit", (code, signal) => {
        const how = code ?? signal ?? "";
        this.#ended = how;
        resolve(how);
        this.#wake();
      }),
    );
  }

  /** Resolves when standard output or error matches; rejects when the process ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (match !== null) return match;
      if (this.#ended !== null)
        throw new Error(`ended with ${this.#ended}, never said ${pattern}, but: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #got(stream: "out" | "err", data: Buffer): void {
    this[stream] += data;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Makes processes, and ends those that are left. */
export class Children {
  readonly #all: Child[] = [];

  start(argv: readonly string[], options: { read?: boolean; fd3?: string } = {}): Child {
    const child = new Child(argv, options);
    this.#all.push(child);
    return child;
  }

  async end(): Promise<void> {
    for (const child of this.#all.splice(0)) {
      child.process.kill("SIGKILL");
      child.process.stdout.destroy();
      await child.end;
    }
  }
}
