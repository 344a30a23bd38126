/** Runs the command line in this process, on streams and a clock of the test's. */
import { PassThrough, Readable, Writable } from "node:stream";
import type { Io, Terminal } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/commands.ts";
import { Output } from "../../src/cli/output.ts";
import { NOW } from "../mechanism/qzmq/pki.ts";

/** What a test says of the world; standard input is empty otherwise, and there is no terminal. */
export interface World {
  readonly stdin?: string | Buffer | Readable;
  /** What somebody types at the terminal, for each question. */
  readonly typed?: readonly string[];
  readonly now?: number;
  readonly showsProgress?: boolean;
}

/** A command line at work. */
export class Call {
  /** The exit code. */
  readonly code: Promise<number>;
  /** Everything asked and answered at the terminal. */
  asked = "";
  #out: Buffer[] = [];
  #err = "";
  #interrupt: (() => void) | null = null;
  #hangup: (() => void) | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(argv: readonly string[], world: World = {}) {
    const { stdin = "", typed = [], now = NOW, showsProgress = false } = world;
    const answers = [...typed];
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#out.push(Buffer.from(chunk));
        this.#changed();
        done();
      },
    });
    const io: Io = {
      stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]),
      out: new Output(out),
      err: (text) => {
        this.#err += text;
        this.#changed();
      },
      showsProgress,
      now: () => now,
      clock: () => performance.now(),
      terminal: () => (world.typed === undefined ? null : this.#terminal(answers.shift() ?? "")),
      onInterrupt: (listener) => {
        this.#interrupt = listener;
        return () => {
          this.#interrupt = null;
        };
      },
      onHangup: (listener) => {
        this.#hangup = listener;
        return () => {
          this.#hangup = null;
        };
      },
    };
    this.code = runCommandLine(argv, io);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#out);
  }

  get out(): string {
    return this.bytes.toString();
  }

  get err(): string {
    return this.#err;
  }

  /** As SIGINT would; nothing after the command's end. */
  interrupt(): void {
    this.#interrupt?.();
  }

  /** As SIGHUP would; nothing while nobody listens for it. */
  hangup(): void {
    this.#hangup?.();
  }

  /** Resolves when what was printed matches, on standard output or error. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.out) ?? pattern.exec(this.err);
      if (match !== null) return match;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #terminal(answer: string): Terminal {
    const input = Object.assign(new PassThrough(), {
      setRawMode: (raw: boolean) => {
        this.asked += raw ? "<" : ">";
      },
    });
    input.write(answer);
    return {
      input,
      write: (text) => {
        this.asked += text;
      },
      close: () => input.destroy(),
    };
  }
}

/** Runs a command line to its end. */
export async function call(argv: readonly string[], world: World = {}) {
  const running = new Call(argv, world);
  const code = await running.code;
  return { code, out: running.out, err: running.err, bytes: running.bytes, asked: running.asked };
}
