/** A process that takes part in a benchmark, as its parent sees it: lines of JSON come, one line ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What a process says, such as `{ rate: 1000 }`. */
export type Line = Readonly<Record<string, number | string>>;

/** A process that says nothing for so long hangs. */
const SILENCE_MS = 600_000;

export class Peer {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: Line[] = [];
  #waiting: { readonly resolve: (line: Line) => void; readonly reject: (error: Error) => void } | undefined;
  #exited = false;

  constructor(program: string, args: readonly string[]) {
    this.#name = args.join(" ");
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    // A process that has ended by itself needs no telling.
    this.#child.stdin!.on("error", () => {});
    createInterface({ input: this.#child.stdout! }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#lines.push(line);
      else waiting.resolve(line);
    });
    this.#child.once("error", (error) => this.#waiting?.reject(error));
    this.#child.once("close", (code, signal) => {
      this.#exited = true;
      this.#waiting?.reject(new Error(`a peer ended with ${code ?? signal}: ${this.#name}`));
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line that the process prints. Rejects when the process ends or hangs instead. */
  async line(): Promise<Line> {
    const ready = this.#lines.shift();
    if (ready !== undefined) return ready;
    if (this.#exited) throw new Error(`a peer has ended: ${this.#name}`);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Line>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(() => reject(new Error(`a peer hangs: ${this.#name}`)), SILENCE_MS);
      });
    } catch (error) {
      this.#child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  /** A number of the next line. */
  async number(name: string): Promise<number> {
    const line = await this.line();
    if (typeof line[name] !== "number")
      throw new Error(`${this.#name} said ${JSON.stringify(line)}, no ${name}`);
    return line[name];
  }

  /** Has the process take its next step, where it has several. */
  go(): void {
    this.#child.stdin!.write("go\n");
  }

  /** Tells the process that it may end, and waits until it has. */
  async end(): Promise<void> {
    if (this.#exited) return;
    const exited = once(this.#child, "close");
    this.#child.stdin!.end("end\n");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(timer);
  }
}
