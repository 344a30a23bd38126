/** What the tests of QZMQ on real sockets share: identities, sockets that are closed after each test, events by name. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Event, type EventOfType, type EventType, qzmq, type Socket } from "../../src/index.ts";
import { freeTcp } from "../support/free-port.ts";
import { within } from "../support/within.ts";

/** Ample: reached only when something hangs. */
export const LIMIT = 10_000;

/** Bare keys, to be pinned. */
export const alice: qzmq.Identity = await qzmq.generateIdentity();
export const bob: qzmq.Identity = await qzmq.generateIdentity();
export const mallory: qzmq.Identity = await qzmq.generateIdentity();

/** Trust that pins one key. */
export function pinned(identity: qzmq.Identity): { readonly pins: readonly string[] } {
  return { pins: [qzmq.pinOf(identity)] };
}

/** A server that shows `bob` and pins `alice`. */
export function bobServer(options: Partial<qzmq.ServerSecurityOptions> = {}): qzmq.Security {
  return qzmq.server({ identity: bob, trust: pinned(alice), ...options });
}

/** A client that shows `alice` and pins `bob`. */
export function aliceClient(options: Partial<qzmq.ClientSecurityOptions> = {}): qzmq.Security {
  return qzmq.client({ identity: alice, trust: pinned(bob), ...options });
}

/** Something with a `close` that a test may forget. */
interface Closable {
  close(): unknown;
}

const open: Closable[] = [];

/** Closes it after the test, last opened first. */
export function use<T extends Closable>(thing: T): T {
  open.push(thing);
  return thing;
}

/** For `after.each`. */
export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0).reverse()) await thing.close();
}

const folder = mkdtempSync(join(tmpdir(), "qzmq-secure-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let names = 0;

/** A path in a folder of this process that nothing has yet. */
export function freshPath(): string {
  return join(folder, `${++names}`);
}

/** An endpoint to bind that nobody else uses; once unbound, it may be gone: to bind it again, take `freeTcp()`. */
export function freeEndpoint(transport: "tcp" | "ipc" = "tcp"): string {
  return transport === "tcp" ? "tcp://127.0.0.1:*" : `ipc://${freshPath()}`;
}

/** Binds one, connects the other; the endpoint, which can be bound again. */
export async function join2(
  binder: Socket,
  connecter: Socket,
  transport: "tcp" | "ipc" = "tcp",
): Promise<string> {
  const endpoint = transport === "tcp" ? await freeTcp() : freeEndpoint(transport);
  await binder.bind(endpoint);
  connecter.connect(endpoint);
  return endpoint;
}

/** Waits, but not for ever. */
export function settled<T>(promise: PromiseLike<T>, what = "operation"): Promise<T> {
  return within(LIMIT, promise, what);
}

/** Waits until `holds`, looking at each turn of the event loop. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + LIMIT;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${LIMIT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Frames of the next message as strings. */
export async function texts(socket: { receive(): Promise<Buffer[]> }, what = "message"): Promise<string[]> {
  return (await settled(socket.receive(), what)).map(String);
}

/** The events of a socket, from the making of this log on. */
export class EventLog {
  readonly all: Event[] = [];

  constructor(socket: Socket) {
    const types: readonly EventType[] = [
      ...([
        "accept",
        "bind",
        "connect",
        "connect:delay",
        "connect:retry",
        "close",
        "disconnect",
        "end",
      ] as const),
      ...([
        "handshake",
        "handshake:error:protocol",
        "handshake:error:auth",
        "handshake:error:other",
      ] as const),
    ];
    for (const type of types) socket.events.on(type, (event) => this.all.push(event as Event));
  }

  /** Those of one type. */
  of<T extends EventType>(type: T): EventOfType<T>[] {
    return this.all.filter((event): event is EventOfType<T> => event.type === type);
  }

  /** The `count`th event of a type; waits for it. */
  async next<T extends EventType>(type: T, count = 1): Promise<EventOfType<T>> {
    await until(() => this.of(type).length >= count, `${count} events ${type}`);
    return this.of(type)[count - 1]!;
  }
}

/** Logs a socket's events. */
export function log(socket: Socket): EventLog {
  return new EventLog(socket);
}

/** Code and text of the error below an event's error. */
export function causeOf(event: { readonly error: Error }): {
  readonly code: string;
  readonly message: string;
} {
  const cause = event.error.cause as (Error & { code: string }) | undefined;
  assert.ok(cause, "the event's error has a cause");
  return { code: cause.code, message: cause.message };
}
