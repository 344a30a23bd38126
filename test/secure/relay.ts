/** A relay between sockets: delays and splits what it carries, records it, cuts it. */
import * as net from "node:net";
import { seeded } from "../support/random.ts";

/** How a relay treats octets. */
export interface RelayOptions {
  /** Splits and delays at random, the same for the same seed. */
  readonly seed?: number;
  /** Sees what the connecting side sends, in order; `false` cuts the connection in place of carrying it. */
  readonly onForward?: (octets: Buffer, connection: number) => boolean | undefined;
}

/** Listens on a port of its own and carries everything to another one. */
export class Relay {
  readonly endpoint: string;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #connections = 0;

  private constructor(server: net.Server) {
    this.#server = server;
    this.endpoint = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  /** To an endpoint `tcp://host:port`. */
  static async to(endpoint: string, options: RelayOptions = {}): Promise<Relay> {
    const target = new URL(endpoint);
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const relay = new Relay(server);
    server.on("connection", (near) => {
      const connection = ++relay.#connections;
      const far = net.connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        relay.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => {});
        socket.on("close", () => relay.#sockets.delete(socket));
      }
      const { onForward } = options;
      carry(near, far, options, (octets) => onForward?.(octets, connection) !== false);
      carry(far, near, options, () => true);
    });
    return relay;
  }

  /** Cuts every connection by a reset, or politely by FIN. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function carry(
  from: net.Socket,
  to: net.Socket,
  options: RelayOptions,
  allow: (octets: Buffer) => boolean,
): void {
  const random = options.seed === undefined ? null : seeded(options.seed);
  from.on("end", () => to.end());
  from.on("close", () => to.destroy());
  const forward = async (octets: Buffer): Promise<void> => {
    from.pause();
    if (!allow(octets)) {
      from.destroy();
      to.destroy();
      return;
    }
    for (let rest = octets; rest.length > 0; ) {
      const size = random === null ? rest.length : 1 + Math.floor(random() * 4096);
      if (!to.write(rest.subarray(0, size)) && !to.destroyed) {
        await new Promise<void>((resolve) => {
          to.once("drain", resolve);
          to.once("close", resolve);
        });
      }
      rest = rest.subarray(size);
      if (random !== null && random() < 0.1)
        await new Promise((resolve) => setTimeout(resolve, random() * 3));
    }
    from.resume();
  };
  from.on("data", (octets) => void forward(octets));
}

/** Sends recorded octets to an endpoint, and resolves to what comes back until the other side closes or falls silent. */
export function replay(endpoint: string, octets: readonly Buffer[]): Promise<Buffer> {
  const target = new URL(endpoint);
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = net.connect(Number(target.port), target.hostname, () => {
      for (const piece of octets) socket.write(piece);
    });
    const silence = setTimeout(() => socket.destroy(), 500);
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      received.push(piece);
      silence.refresh();
    });
    socket.on("close", () => {
      clearTimeout(silence);
      resolve(Buffer.concat(received));
    });
  });
}
