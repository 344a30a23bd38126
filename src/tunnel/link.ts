/**
 * One link of a tunnel: listens on one leg, dials the other for each connection, and relays between them. On the
 * server side it may also forward the unprotected link that it replaces.
 */
import type { Environment } from "../net/environment.ts";
import type { LinkStatus } from "../observe/status.ts";
import type { LinkEvent } from "./link-event.ts";
import type { LinkSettings } from "./link-settings.ts";

/** See the head of this file. */
export class Link {
  readonly settings: LinkSettings;
  readonly #environment: Environment;
  readonly #onEvent: (event: LinkEvent) => void;

  /** `environment` may be shared by links, and must be where they share a `Security`. */
  constructor(settings: LinkSettings, environment: Environment, onEvent: (event: LinkEvent) => void) {
    this.settings = settings;
    this.#environment = environment;
    this.#onEvent = onEvent;
  }

  /**
   * Listens, on the old link too if there is one; holds the process alive until `close`. Rejects with `UsageError`
   * (EADDRINUSE and the like) or the system's error, and then listens nowhere.
   */
  async start(): Promise<void> {
    void this.#environment;
    void this.#onEvent;
    throw new Error("not yet");
  }

  /** How it is now. */
  status(): LinkStatus {
    throw new Error("not yet");
  }

  /**
   * Stops listening and ends all connections: what waits between their legs is written within `linger` milliseconds
   * (-1 no limit, 0 nothing is waited for). Resolves when all are over. May be called again, with another `linger`.
   */
  async close(linger: number): Promise<void> {
    void linger;
    throw new Error("not yet");
  }
}
