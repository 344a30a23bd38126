/** What the tests of connections share: sockets of one test, raw peers, events, waiting for a condition. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { Environment } from "../../src/net/environment.ts";
import type { SocketEvent } from "../../src/net/events.ts";
import { createHub, type Hub } from "../../src/net/hub.ts";
import type { HubSettings } from "../../src/net/settings.ts";
import { createPattern, type PatternOf } from "../../src/pattern/create.ts";
import { defaultPatternSettings, type PatternSettings } from "../../src/pattern/pattern.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { COMMAND, MAX_HEADER, writeHeader } from "../../src/wire/frame.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";
import { encodeGreeting, GREETING_LENGTH } from "../../src/wire/greeting.ts";
import type { Message } from "../../src/wire/message.ts";
import { encodeMetadata } from "../../src/wire/metadata.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import { within } from "../support/within.ts";

/** Limit of one step in milliseconds: ample, so that only what hangs meets it. */
export const LIMIT = 20_000;

/** Something to undo at the end of a test. */
export type Cleanup = (undo: () => unknown) => void;

/** The body of a test; what is given to `cleanup` runs at its end, last first, whatever happens. */
export function scenario(run: (cleanup: Cleanup) => Promise<void>, limit = LIMIT): () => Promise<void> {
  return async () => {
    const undo: (() => unknown)[] = [];
    try {
      await within(
        limit,
        run((one) => undo.push(one)),
        "the whole test",
      );
    } finally {
      for (const one of undo.reverse()) await one();
    }
  };
}

/** Resolves when `condition` holds; looks again after each turn of the event loop. */
export async function until(condition: () => boolean, what: string, limit = LIMIT): Promise<void> {
  const end = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not so within ${limit} ms`);
    await pause(1);
  }
}

/** Waits some milliseconds: only for what must not happen meanwhile, or to let the other side go first. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A folder for ipc paths, removed at the end. */
export function folder(cleanup: Cleanup): string {
  const path = mkdtempSync(join(tmpdir(), "qzmq-net-"));
  cleanup(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The code of the error that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "no error";
}

/** The code of the error that `call` throws. */
export function codeThrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "no error";
}

// A socket without its public class, whose events come at once and whose every setting can be chosen.

const SETTINGS: HubSettings = {
  sendHighWaterMark: 1000,
  receiveHighWaterMark: 1000,
  conflate: false,
  linger: 0,
  reconnectInterval: 10,
  reconnectMaxInterval: 0,
  handshakeInterval: 30_000,
  maxHandshakes: 10_000,
  heartbeatInterval: 0,
  heartbeatTimeout: -1,
  heartbeatTimeToLive: 0,
  maxMessageSize: -1,
  maxFramesPerMessage: 65_536,
  immediate: false,
  backlog: 100,
  ipv6: false,
  connectTimeout: 0,
  tcpKeepalive: -1,
  tcpKeepaliveIdle: -1,
  mechanism: nullMechanism(),
  zapDomain: "",
  zapEnforceDomain: false,
};

/** A hub and its pattern. */
export interface Bare<T extends SocketType = SocketType> {
  readonly hub: Hub;
  readonly pattern: PatternOf<T>;
  readonly events: SocketEvent[];
  readonly settings: { -readonly [K in keyof HubSettings]: HubSettings[K] };
  /** Called with each event, at once. */
  onEvent: (event: SocketEvent) => void;
  /** Types of the events so far. */
  types(): string[];
  /** Resolves once an event of that type has come. */
  saw(type: SocketEvent["type"], times?: number): Promise<SocketEvent>;
  /** The next message. */
  receive(): Promise<Message>;
  /** Sends a message as soon as the pattern takes it. */
  send(...frames: (string | Buffer)[]): Promise<void>;
}

export interface BareOptions {
  readonly settings?: Partial<HubSettings>;
  readonly pattern?: Partial<PatternSettings>;
  readonly environment?: Environment;
}

/** Makes a hub; it is closed without linger at the end of the test. */
export function bare<T extends SocketType>(type: T, cleanup: Cleanup, options: BareOptions = {}): Bare<T> {
  const settings = { ...SETTINGS, ...options.settings };
  const patternSettings = { ...defaultPatternSettings(), ...options.pattern };
  const events: SocketEvent[] = [];
  const pattern = createPattern(type, patternSettings, { onReadable() {}, onWritable() {} });
  const hub = createHub({
    pattern,
    patternSettings,
    environment: options.environment ?? new Environment(),
    settings: () => settings,
    onEvent: (event) => {
      events.push(event);
      it.onEvent(event);
    },
  });
  const it: Bare<T> = {
    hub,
    pattern,
    events,
    settings,
    onEvent: () => {},
    types: () => events.map((event) => event.type),
    async saw(type, times = 1) {
      const found = (): SocketEvent[] => events.filter((event) => event.type === type);
      await until(() => found().length >= times, `${times} event(s) ${type}; saw ${it.types().join(" ")}`);
      return found()[times - 1]!;
    },
    async receive() {
      await until(() => pattern.readable, "a message to come in");
      return pattern.receive()!;
    },
    async send(...frames) {
      const message = frames.map((frame) => Buffer.from(frame as string));
      await until(() => pattern.send(message), "a message to be sent");
    },
  };
  cleanup(() => {
    settings.linger = 0;
    return within(LIMIT, hub.close(), "closing a hub");
  });
  return it;
}

// Peers made by hand.

/** One frame as it is on the wire. */
export function frame(flags: number, body: Uint8Array | string): Buffer {
  const octets = Buffer.from(body as string);
  const bytes = Buffer.alloc(MAX_HEADER + octets.length);
  const end = writeHeader(bytes, 0, flags, octets.length);
  octets.copy(bytes, end);
  return bytes.subarray(0, end + octets.length);
}

/** Greeting and READY of a NULL peer. */
export function handshakeOf(type: string, identity?: string): Buffer {
  const properties: [string, Uint8Array][] = [["Socket-Type", Buffer.from(type)]];
  if (identity !== undefined) properties.push(["Identity", Buffer.from(identity)]);
  return Buffer.concat([encodeGreeting("NULL", false), encodeCommand("READY", encodeMetadata(properties))]);
}

/** A peer of a socket under test that sends what it is told, and reads only when asked to. */
export class RawPeer {
  readonly socket: net.Socket;
  /** Frames that came, after the greeting; READY is the first. */
  readonly frames: { readonly flags: number; readonly body: Buffer }[] = [];
  /** Octets that came. */
  octets = 0;
  ended = false;
  closed = false;
  /** Code of the error with which the connection ended. */
  error: string | undefined;
  readonly #decoder = new FrameDecoder(Number.POSITIVE_INFINITY);

  constructor(socket: net.Socket) {
    this.socket = socket;
    let greeting = GREETING_LENGTH;
    socket.on("data", (chunk: Buffer) => {
      this.octets += chunk.length;
      const skip = Math.min(greeting, chunk.length);
      greeting -= skip;
      this.#decoder.push(chunk.subarray(skip));
      while (this.#decoder.next()) this.frames.push({ flags: this.#decoder.flags, body: this.#decoder.body });
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Connects to a bound endpoint; does not close its half when the other side does. */
  static async connect(endpoint: string): Promise<RawPeer> {
    const socket = net.connect({ ...place(endpoint), allowHalfOpen: true });
    const peer = new RawPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  /** Connects and shakes hands as a NULL peer of that type. */
  static async join(endpoint: string, type: string, identity?: string): Promise<RawPeer> {
    const peer = await RawPeer.connect(endpoint);
    peer.socket.write(handshakeOf(type, identity));
    await until(() => peer.frames.length > 0, "READY to come");
    return peer;
  }

  /** Messages that came, each frame as a string. */
  get messages(): string[][] {
    const messages: string[][] = [];
    let open: string[] = [];
    for (const { flags, body } of this.frames) {
      if ((flags & COMMAND) !== 0) continue;
      open.push(body.toString("latin1"));
      if ((flags & 1) !== 0) continue;
      messages.push(open);
      open = [];
    }
    return messages;
  }

  /** Writes, and resolves when the kernel has taken it or the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve();
      else this.socket.write(bytes, () => resolve());
    });
  }

  /** Resolves when the other side has closed, by FIN or by reset. */
  async gone(): Promise<void> {
    await until(() => this.ended || this.closed, "the connection to be closed by the other side");
  }
}

/** Where node:net finds a tcp or ipc endpoint. */
export function place(endpoint: string): { host: string; port: number } | { path: string } {
  const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(endpoint);
  if (tcp === null) return { path: endpoint.replace("ipc://", "") };
  return { host: tcp[1]!.replace(/^\[|\]$/g, ""), port: Number(tcp[2]) };
}

/** A listening TCP socket made by hand. */
export class RawServer {
  readonly endpoint: string;
  readonly peers: RawPeer[] = [];
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
    this.endpoint = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    server.on("connection", (socket) => this.peers.push(new RawPeer(socket)));
  }

  /** Listens at a tcp endpoint, by default at a port of the system's choice. */
  static async listen(cleanup: Cleanup, endpoint = "tcp://127.0.0.1:0"): Promise<RawServer> {
    const server = net.createServer({ allowHalfOpen: true });
    server.listen(place(endpoint));
    await once(server, "listening");
    const it = new RawServer(server);
    cleanup(() => it.close());
    return it;
  }

  /** The `n`-th connection, as soon as it is there. */
  async accept(n = 0): Promise<RawPeer> {
    await until(() => this.peers.length > n, `connection ${n} to come`);
    return this.peers[n]!;
  }

  /** Accepts the `n`-th connection and shakes hands. */
  async join(type: string, n = 0): Promise<RawPeer> {
    const peer = await this.accept(n);
    peer.socket.write(handshakeOf(type));
    await until(() => peer.frames.length > 0, "READY to come");
    return peer;
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.peers) socket.destroy();
  }
}
