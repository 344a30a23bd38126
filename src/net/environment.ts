/** What the sockets of one context share: inproc names, the hold on the process, connection numbers. */
import { KeepAlive } from "./keep-alive.ts";

/** Made by a context, handed to its sockets' hubs. */
export class Environment {
  /** Holds the process alive while somebody waits. */
  readonly keepAlive = new KeepAlive();
  #connections = 0;

  /** A number that no other connection of this environment has. */
  nextConnectionId(): number {
    return ++this.#connections;
  }
}
