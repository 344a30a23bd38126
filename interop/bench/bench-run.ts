/** One run of the benchmarks: how thorough it is, whom it measures, and the loop in which the subjects take turns. */
import { join } from "node:path";
import { Peer } from "./process.ts";
import type { Row } from "./result.ts";
import { label, type Subject } from "./subject.ts";

/** `tiny` only shows that everything works. */
export type Scale = "full" | "short" | "tiny";

export interface Settings {
  readonly scale: Scale;
  readonly rounds: number;
  readonly subjects: readonly Subject[];
  /** Of messages, for the kinds that have several. */
  readonly sizes: readonly number[];
  /** The C peer. */
  readonly nativeProgram: string | null;
  /** Gets each row as soon as it is complete. */
  readonly report: (row: Row) => void;
}

/** What a role works on; the process gets them as arguments in this order. */
export interface Task {
  readonly role: string;
  readonly endpoint: string;
  readonly size?: number;
  readonly count?: number;
  /** Sockets at the many-sided end. */
  readonly peers?: number;
  /** What else the role needs to be told. */
  readonly variant?: string;
}

/** A kind of benchmark: measures its rows. */
export interface Kind {
  readonly name: string;
  /** Runs only when it is named. */
  readonly onRequest?: boolean;
  readonly run: (run: Run) => Promise<void>;
}

export class Run {
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** One of three, by the scale of this run. */
  pick<T>(full: T, short: T, tiny: T): T {
    return { full, short, tiny }[this.settings.scale];
  }

  /** Starts a process of `subject`; `flags` are for node. */
  start(subject: Subject, task: Task, flags: readonly string[] = []): Peer {
    const { role, endpoint, size = 0, count = 0, peers = 1, variant = "" } = task;
    const args = [role, subject.mechanism, endpoint, String(size), String(count), String(peers), variant];
    const { nativeProgram } = this.settings;
    if (subject.library === "libzmq") return new Peer(nativeProgram!, args);
    return new Peer(process.execPath, [
      ...flags,
      join(import.meta.dirname, "peer.js"),
      subject.library,
      ...args,
    ]);
  }

  /**
   * Measures rows that come together, round by round, the subjects taking turns: only ratios within a round mean
   * anything on a shared machine. `rows` maps a name in what `measure` gives to the row's name and unit.
   */
  async rounds<K extends string>(
    rows: Readonly<Record<K, readonly [name: string, unit: string]>>,
    measure: (subject: Subject) => Promise<Readonly<Record<NoInfer<K>, number>>>,
    subjects: readonly Subject[] = this.settings.subjects,
  ): Promise<void> {
    if (subjects.length === 0) return;
    const keys = Object.keys(rows) as K[];
    const made = new Map<K, Row>(
      keys.map((key) => [key, { name: rows[key][0], unit: rows[key][1], values: {} }]),
    );
    for (let round = 0; round < this.settings.rounds; round++) {
      for (const subject of subjects) {
        const values = await measure(subject);
        for (const key of keys) {
          const row = made.get(key)!;
          row.values[label(subject)] = [...(row.values[label(subject)] ?? []), values[key]];
        }
      }
    }
    for (const row of made.values()) this.settings.report(row);
  }
}
