/** What a process of a benchmark is given to work with. */
import type * as qzmq from "../../../src/index.ts";

/** Either library: what is used of them has the same types. */
export type Library = typeof qzmq;

export interface Work {
  readonly zmq: Library;
  readonly library: "qzmq" | "zeromq";
  readonly endpoint: string;
  readonly size: number;
  readonly count: number;
  readonly peers: number;
  readonly variant: string;
  /** Socket options with the mechanism for one side, as `variant` has it. */
  readonly options: (side: "server" | "client") => Promise<object>;
  /** Prints a line for the parent. */
  readonly say: (line: object) => void;
  /** Resolves when the parent has said to go on. When it says to end, the process ends here. */
  readonly told: () => Promise<void>;
}

/** What a process does. It never returns: its last step is to be told to end. */
export type Role = (work: Work) => Promise<void>;

/** CPU time of this process so far, all threads, in microseconds. */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds on a clock that only goes forward. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
