/** A TCP proxy that a test can cut. */
import { once } from "node:events";
import * as net from "node:net";

/** Passes octets on between those who connect to it and `target`. */
export class CuttingProxy {
  /** Connections it has passed on so far. */
  connections = 0;
  readonly #target: () => number;
  readonly #server: net.Server;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();

  /** `target` gives the port to connect to, on the loopback interface. */
  constructor(target: () => number) {
    this.#target = target;
    this.#server = net.createServer((client) => this.#join(client));
  }

  /** Listens; gives the endpoint. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `tcp://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** Resolves when a connection is there. */
  async up(): Promise<void> {
    while (this.#pairs.size === 0) await once(this.#server, "connection");
  }

  /** Ends all connections at once: with `reset` by RST, which also undoes what waits to be read. */
  cut(reset: boolean): void {
    for (const [client, server] of this.#pairs) {
      for (const socket of [client, server]) {
        if (reset) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
    this.#pairs.clear();
  }

  close(): void {
    this.#server.close();
    this.cut(false);
  }

  #join(client: net.Socket): void {
    this.connections++;
    const server = net.connect({ port: this.#target(), host: "127.0.0.1" });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }
}
