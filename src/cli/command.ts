/** What a command is, and what it may touch of the world outside. */
import type { Readable } from "node:stream";
import type { Args, Operands, OptionSpec } from "./args.ts";
import type { Output } from "./output.ts";

/** A terminal to ask for a passphrase at. */
export interface Terminal {
  readonly input: Readable & { setRawMode?(raw: boolean): unknown };
  write(text: string): void;
  close(): void;
}

/** The process as a command sees it. */
export interface Io {
  readonly stdin: Readable;
  readonly out: Output;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  /** Whether standard error can show a line that changes. */
  readonly showsProgress: boolean;
  /** Unix time in whole seconds. */
  readonly now: () => number;
  /** Monotonic time in milliseconds. */
  readonly clock: () => number;
  /** The terminal of the process; `null` when it has none. */
  readonly terminal: () => Terminal | null;
  /** Calls `listener` for SIGINT and SIGTERM instead of ending the process, until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void;
  /** Calls `listener` for each SIGHUP instead of ending the process, until the returned function is called. */
  readonly onHangup: (listener: () => void) => () => void;
}

/** A command as the overview lists it. */
export interface Entry {
  /** One word or two, such as "cert issue". */
  readonly name: string;
  readonly summary: string;
  /** Brings the command, and all that it needs, into the process. */
  readonly load: () => Promise<Command>;
}

/** One command. */
export interface Command {
  readonly options: readonly OptionSpec[];
  readonly operands: Operands;
  /** More for `qzmq help`: lines without indentation. */
  readonly notes?: readonly string[];
  /** Resolves when it is done; rejects with {@link Fault}. */
  run(args: Args, io: Io): Promise<void>;
}

/** For commands that take options only. */
export const NO_OPERANDS: Operands = { name: "", min: 0, max: 0 };
