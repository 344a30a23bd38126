/**
 * The honest side of a hostile connection: the engine with its QZMQ mechanism, all that a peer can reach but the
 * socket. Octets in, what was delivered and what was said out; on a clock that only the test moves.
 */
import { Engine } from "../../src/engine/engine.ts";
import { Ready } from "../../src/engine/event.ts";
import { EngineMemory } from "../../src/engine/memory.ts";
import { PeerError } from "../../src/errors.ts";
import type { Authorization } from "../../src/mechanism/mechanism.ts";
import type { QzmqFactory } from "../../src/mechanism/qzmq/index.ts";
import type { QzmqMechanism } from "../../src/mechanism/qzmq/qzmq.ts";
import type { PipeItem } from "../../src/wire/message.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import { ACCEPTED, engineSettings, plain } from "../support/engine-pair.ts";
import { bodies, bytes, nameOf } from "../support/naive-codec.ts";
import { seededRandom } from "../support/seeded-random.ts";

let connections = 1_000_000;

/** What a test changes about a victim. */
export interface VictimOptions {
  readonly socketType?: SocketType;
  readonly now?: number;
  readonly endpoint?: string;
  readonly peerAddress?: string;
  readonly connectionId?: number;
  readonly maxMessageSize?: number;
  /** Where public-key work waits for its turn; default at this side, which gives it one at once. */
  readonly turns?: (() => void)[];
  /** Encoded messages that wait to be sent early. */
  readonly waiting?: Uint8Array[];
  readonly authorize?: (decided: (decision: Authorization) => void) => void;
}

/** See the head of this file. */
export class Victim {
  readonly engine: Engine;
  readonly mechanism: QzmqMechanism;
  readonly items: PipeItem[] = [];
  readonly connectionId: number;
  ready: Ready | null = null;
  error: PeerError | null = null;
  now: number;
  /** Authorizations asked for. */
  asked = 0;
  readonly #tasks: (() => void)[] = [];
  #woken = false;
  #written: Buffer = Buffer.alloc(0);

  constructor(factory: QzmqFactory, options: VictimOptions = {}) {
    this.now = options.now ?? 0;
    this.mechanism = factory.create();
    this.connectionId = options.connectionId ?? ++connections;
    const waiting = [...(options.waiting ?? [])];
    const type = options.socketType ?? (this.mechanism.asServer ? "ROUTER" : "DEALER");
    this.engine = new Engine(
      engineSettings(type, { maxMessageSize: options.maxMessageSize ?? Number.POSITIVE_INFINITY }),
      this.mechanism,
      {
        endpoint: options.endpoint ?? "tcp://server.example:5555",
        peerAddress: options.peerAddress ?? "192.0.2.7",
        connectionId: this.connectionId,
        random: seededRandom(`victim ${this.connectionId}`),
        authorize: (_mechanism, _credentials, decided) => {
          this.asked++;
          if (options.authorize) options.authorize(decided);
          else decided(ACCEPTED);
        },
        defer: (task) => (options.turns ?? this.#tasks).push(task),
        deferred: 0,
        wake: () => {
          this.#woken = true;
        },
        takeEarlyMessages: (limit) => {
          const size = waiting.reduce((sum, frame) => sum + frame.length, 0);
          return size <= limit ? waiting.splice(0) : [];
        },
      },
      // What is freed must not be needed any more.
      new EngineMemory((bytes) => bytes.fill(0xdd)),
      this.now,
    );
    this.run();
  }

  /** Octets of the peer; then everything that follows from them. */
  feed(...octets: Uint8Array[]): this {
    if (this.error === null) this.engine.receive(Buffer.concat(octets), this.now);
    return this.run();
  }

  /** Goes on until it is quiet. */
  run(): this {
    do {
      this.#tasks.shift()?.();
      this.#guard(() => {
        if (this.#woken) {
          this.#woken = false;
          this.engine.advance(this.now);
        }
        for (let event = this.engine.next(this.now); event !== null; event = this.engine.next(this.now)) {
          if (event instanceof Ready) this.ready = event;
          else this.items.push(event);
        }
      });
    } while (this.#tasks.length > 0 || this.#woken);
    return this;
  }

  /** Moves the clock; calls deadlines on the way. */
  pass(milliseconds: number): this {
    const until = this.now + milliseconds;
    while (this.error === null && this.engine.deadline <= until) {
      this.now = Math.max(this.now, this.engine.deadline);
      this.#guard(() => this.engine.onDeadline(this.now));
      this.run();
    }
    this.now = until;
    return this;
  }

  /** Sends a message of one frame. */
  send(text: string): this {
    this.engine.send([Buffer.from(text)]);
    return this;
  }

  /** What was written since the last call, greeting included. */
  output(): Buffer {
    this.#guard(() => {
      const pieces = this.engine.takeOutput(this.now);
      this.#written = bytes(...pieces);
      if (pieces.length > 0) this.engine.written(true);
    });
    const written = this.#written;
    this.#written = Buffer.alloc(0);
    return written;
  }

  /** Bodies of the frames written since the last call. Only after the greeting was taken. */
  said(): Buffer[] {
    return bodies(this.output());
  }

  /** All that was delivered, as text. */
  get delivered(): string[] {
    return this.items.map((item) => JSON.stringify(plain(item)));
  }

  /** The transport ends. */
  cut(): this {
    this.#guard(() => this.engine.end());
    return this;
  }

  close(): this {
    this.#guard(() => this.engine.close(this.now));
    return this;
  }

  /** Overwrites everything. */
  dispose(): void {
    this.engine.dispose();
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.error ??= error;
    }
  }
}

/** What a body said in the handshake says: a name, with the reason of an ERROR. */
export function inHandshake(body: Buffer): string {
  const name = nameOf(body);
  return name === "ERROR" ? `ERROR ${body.toString("latin1", 7)}` : name;
}

/** Carries octets both ways until neither side has any left. */
export function join(a: Victim, b: Victim): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      from.run();
      const octets = from.output();
      if (octets.length === 0) continue;
      moved = true;
      to.feed(octets);
    }
  }
}

/** Two honest sides that have met; `talk` shows that they still can. */
export class Bystanders {
  readonly client: Victim;
  readonly server: Victim;
  #talked = 0;

  constructor(client: QzmqFactory, server: QzmqFactory, options: VictimOptions = {}) {
    this.client = new Victim(client, options);
    this.server = new Victim(server, { ...options, peerAddress: "198.51.100.9" });
    join(this.client, this.server);
  }

  /** True when a message gets through each way, and neither has failed. */
  talk(): boolean {
    const text = `message ${this.#talked++}`;
    this.client.send(text);
    this.server.send(text);
    join(this.client, this.server);
    const last = ({ items }: Victim) => JSON.stringify(items.splice(0).map(plain));
    const both = [last(this.client), last(this.server)];
    return (
      this.client.error === null &&
      this.server.error === null &&
      both.every((heard) => heard === `[["${text}"]]`)
    );
  }

  dispose(): void {
    this.client.dispose();
    this.server.dispose();
  }
}
