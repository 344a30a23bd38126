/** A relay on loopback that records what it carries, connection by connection. */
import * as net from "node:net";

/** What was read of one connection, in order. `client` is who connected. */
export type Recording = readonly { readonly from: "client" | "server"; readonly octets: Buffer }[];

/** Listens on a port of its own and carries everything to another one. */
export class Recorder {
  readonly endpoint: string;
  readonly recordings: { from: "client" | "server"; octets: Buffer }[][] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(server: net.Server) {
    this.#server = server;
    this.endpoint = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  /** To an endpoint `tcp://host:port`. */
  static async to(endpoint: string): Promise<Recorder> {
    const target = new URL(endpoint);
    const server = net.createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const recorder = new Recorder(server);
    server.on("connection", (near) => {
      const recording: { from: "client" | "server"; octets: Buffer }[] = [];
      recorder.recordings.push(recording);
      const far = net.connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true });
      for (const [from, to, side] of [
        [near, far, "client"],
        [far, near, "server"],
      ] as const) {
        recorder.#sockets.add(from);
        from.setNoDelay(true);
        from.on("error", () => to.destroy());
        from.on("close", () => recorder.#sockets.delete(from));
        from.on("end", () => to.end());
        from.on("data", (octets) => {
          recording.push({ from: side, octets });
          to.write(octets);
        });
      }
    });
    return recorder;
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
