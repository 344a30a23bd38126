/**
 * What the tests against libzmq share. npm's `zeromq` and qzmq have one API, so each test is written once and runs
 * with every choice of who plays which role: which library is first, which end binds, which transport.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as qzmq from "../../src/index.ts";
import { freeTcp } from "../../test/support/free-port.ts";
import { within } from "../../test/support/within.ts";

/** Either library, seen through our types. */
export type Library = typeof qzmq;
export type Socket = qzmq.Socket;

export const ours: Library = qzmq;
export const theirs: Library = ((await import("zeromq")) as unknown as { default: Library }).default;

/** Limit of one test, in milliseconds: ample, so that only what hangs meets it. */
const LIMIT = 20_000;

const folder = mkdtempSync(join(tmpdir(), "qzmq-interop-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
let paths = 0;

/** An endpoint that nobody else uses, nor will while it is unbound. */
export async function freeEndpoint(transport: "tcp" | "ipc"): Promise<string> {
  return transport === "tcp" ? freeTcp() : `ipc://${folder}/${++paths}`;
}

/** One way to cast a test with two sockets. */
export interface Cast {
  readonly title: string;
  readonly transport: "tcp" | "ipc";
  readonly first: Library;
  readonly second: Library;
  /** Binds one of the two sockets and connects the other to it. */
  join(first: Socket, second: Socket): Promise<{ readonly binder: Socket; readonly endpoint: string }>;
}

/** All casts: two libraries, two ends to bind, two transports. */
export const CASTS: readonly Cast[] = (["tcp", "ipc"] as const).flatMap((transport) =>
  [true, false].flatMap((oursFirst) =>
    [true, false].map((firstBinds): Cast => {
      const names = oursFirst ? ["qzmq", "libzmq"] : ["libzmq", "qzmq"];
      return {
        title: `${names.join(" to ")}, ${firstBinds ? names[0] : names[1]} binds, ${transport}`,
        transport,
        first: oursFirst ? ours : theirs,
        second: oursFirst ? theirs : ours,
        async join(first, second) {
          const [binder, connecter] = firstBinds ? [first, second] : [second, first];
          const endpoint = await freeEndpoint(transport);
          await binder.bind(endpoint);
          connecter.connect(endpoint);
          return { binder, endpoint };
        },
      };
    }),
  ),
);

/** The body of a test: sockets given to `keep` are closed at its end, whatever happens. */
export function scenario(
  run: (keep: <S extends Socket>(socket: S) => S) => Promise<void>,
  limit = LIMIT,
): () => Promise<void> {
  return async () => {
    const kept: Socket[] = [];
    try {
      await within(
        limit,
        run((socket) => {
          kept.push(socket);
          return socket;
        }),
        "the whole test",
      );
    } finally {
      for (const socket of kept.filter((one) => !one.closed)) {
        socket.linger = 0;
        socket.close();
      }
    }
  };
}

/** Publishes `frames` again and again until `arrived` settles: a publisher cannot know when a subscription is in force. */
export async function publishUntil<T>(
  publisher: qzmq.Publisher,
  frames: string[],
  arrived: Promise<T>,
): Promise<T> {
  let done = false;
  const stop = (): void => {
    done = true;
  };
  arrived.then(stop, stop);
  while (!done) {
    await publisher.send(frames);
    await new Promise((next) => setTimeout(next, 2));
  }
  return arrived;
}

/** A received message as strings. */
export function text(message: readonly Buffer[]): string[] {
  return message.map(String);
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

/** Resolves with the next event of that type. Listening begins now. */
export function nextEvent<T extends qzmq.EventType>(socket: Socket, type: T): Promise<qzmq.EventOfType<T>> {
  return new Promise((resolve) => socket.events.on(type, resolve));
}
