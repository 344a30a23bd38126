/** Where a command's socket listens and connects, what it tells of its connections, and how it ends. */
import { visible } from "../observe/visible.ts";
import type { Socket } from "../sockets.ts";
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";
import { Fault } from "./fault.ts";
import { Interrupted, interruptedFault, orStopped } from "./interrupt.ts";
import { endpointFault } from "./trouble.ts";

/** The options that say where a socket binds and connects. */
export interface Sides {
  readonly bind: string;
  readonly connect: string;
}

/** How sockets are secured. */
export interface Security {
  /** To be called before the socket is bound or connected, as `sides` say. Throws {@link Fault}. */
  apply(socket: Socket, sides: Sides): void;
  /** Ends what works for the sockets. */
  close(): void;
}

/** For commands with one socket. */
export const ENDPOINT_OPTIONS: readonly OptionSpec[] = [
  {
    name: "bind",
    kind: "values",
    value: "ENDPOINT",
    about: "listen on tcp://host:port or ipc://path; may be repeated",
  },
  { name: "connect", kind: "values", value: "ENDPOINT", about: "connect to it; may be repeated" },
];

/** For commands that end with messages on their way. */
export const LINGER_OPTION: OptionSpec = {
  name: "linger",
  kind: "value",
  value: "MS",
  about: "at the end, how long to deliver what is left; -1 (default) until it is done",
};

/** For commands with sockets. */
export const VERBOSE_OPTION: OptionSpec = {
  name: "verbose",
  kind: "flag",
  about: "tell on standard error who connects and disconnects",
};

/** After an interrupt nobody wants to wait long. */
const LINGER_INTERRUPTED = 1000;

/**
 * Binds and connects a socket to the values of two options, in order. Tells bound addresses that hold a wildcard.
 * Throws {@link Fault}.
 */
export async function attach(socket: Socket, args: Args, io: Io, options: Sides): Promise<void> {
  const { bind, connect } = options;
  if (args.texts(bind).length + args.texts(connect).length === 0) {
    throw new Fault(
      "usage",
      `neither --${bind} nor --${connect}`,
      `add --${bind} tcp://*:PORT, or --${connect} tcp://HOST:PORT`,
    );
  }
  for (const address of args.texts(bind)) {
    await attempt(`--${bind}`, address, () => socket.bind(address));
    if (/[*]/.test(address) || args.has("verbose")) io.err(`bound to ${socket.lastEndpoint}\n`);
  }
  for (const address of args.texts(connect)) {
    await attempt(`--${connect}`, address, () => socket.connect(address));
  }
}

async function attempt(place: string, address: string, action: () => unknown): Promise<void> {
  if (address.startsWith("inproc:")) {
    throw new Fault(
      "usage",
      `${place} ${address}: reaches this process only`,
      "use tcp://host:port or ipc://path",
    );
  }
  try {
    await action();
  } catch (error) {
    throw endpointFault(place, address, error);
  }
}

/** Tells on standard error of failed handshakes, each once in a row, and with `--verbose` of connections. */
export function watch(socket: Socket, args: Args, io: Io): void {
  let last = "";
  const tell = (text: string) => io.err(`${visible(text)}\n`);
  const failed = (event: { readonly address: string; readonly error: Error }) => {
    const { cause, message } = event.error;
    const why =
      cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message;
    const text = `${event.address}: handshake failed: ${why}`;
    if (text !== last) tell(text);
    last = text;
  };
  socket.events.on("handshake:error:protocol", failed);
  socket.events.on("handshake:error:auth", failed);
  socket.events.on("handshake:error:other", failed);
  if (!args.has("verbose")) return;
  socket.events.on("handshake", ({ address, facts }) => {
    const peer = facts === undefined ? "" : ` to ${facts["peer"] ?? "somebody"} (${facts["suite"]})`;
    tell(`${address}: connected${peer}`);
  });
  socket.events.on("disconnect", ({ address }) => tell(`${address}: disconnected`));
  socket.events.on("connect:retry", ({ address, interval }) =>
    tell(`${address}: tries again in ${interval} ms`),
  );
}

/** The value of `--linger`. */
export function lingerOf(args: Args): number {
  return args.integer("linger", -1, 0x7fff0000) ?? -1;
}

/** The `linger` of a socket that is to be ended by {@link finish}: longer, so that its end tells of delivery. */
export function socketLinger(limit: number): number {
  return limit > 0 ? limit + 1000 : limit;
}

/** Closes a socket at once if it is open still, whatever it holds: something went wrong before. */
export function abandon(socket: Socket): void {
  if (socket.closed) return;
  socket.linger = 0;
  socket.close();
}

/**
 * Closes sockets and waits until they have delivered what they hold, for `linger` milliseconds at most (-1 no limit),
 * less after or upon an interrupt. Throws {@link Fault} when something may be left.
 */
export async function finish(sockets: readonly Socket[], linger: number, signal: AbortSignal): Promise<void> {
  const interrupted = signal.reason instanceof Interrupted;
  const limit = interrupted && (linger < 0 || linger > LINGER_INTERRUPTED) ? LINGER_INTERRUPTED : linger;
  for (const socket of sockets) if (!socket.closed) socket.linger = socketLinger(limit);
  const gone = Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const undelivered = new Fault(
      "failed",
      `not delivered to any peer within ${limit} ms`,
      "start the peer, or give a longer --linger",
    );
    if (limit > 0) timer = setTimeout(() => reject(undelivered), limit);
  });
  try {
    await (interrupted ? Promise.race([gone, late]) : orStopped(Promise.race([gone, late]), signal));
  } catch (error) {
    throw error instanceof Interrupted ? interruptedFault("messages are left that no peer took") : error;
  } finally {
    clearTimeout(timer);
  }
}
