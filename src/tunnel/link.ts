/**
 * One link of a tunnel: listens on one leg, dials the other for each connection, and relays between them. On the
 * server side it may also forward the unprotected link that it replaces.
 */
import type { Socket } from "node:net";
import { nullMechanism } from "../mechanism/null.ts";
import { Backoff } from "../net/backoff.ts";
import { monotonic } from "../net/clock.ts";
import { parseStreamEndpoint } from "../net/endpoint.ts";
import type { Environment } from "../net/environment.ts";
import { StreamServer } from "../net/stream-server.ts";
import type { LinkStatus } from "../observe/status.ts";
import { connectionStatus } from "./connection-status.ts";
import { Forward } from "./forward.ts";
import type { LinkEvent } from "./link-event.ts";
import type { LinkSettings } from "./link-settings.ts";
import { Relay, type RelayEnd, type RelayScope } from "./relay.ts";
import { Tally } from "./tally.ts";

/** listen(2) backlog. */
const BACKLOG = 511;
/** Pauses after failed handshakes of the far leg, in milliseconds: each costs both ends public-key operations. */
const PAUSE = { first: 100, longest: 2000 };

/** See the head of this file. */
export class Link {
  readonly settings: LinkSettings;
  readonly #environment: Environment;
  readonly #onEvent: (event: LinkEvent) => void;
  readonly #server: StreamServer;
  readonly #old: Forward | null;
  readonly #scope: RelayScope;
  readonly #backoff = new Backoff(PAUSE.first, PAUSE.longest);
  readonly #relays = new Set<Relay>();
  /** Those that are not opened yet, the oldest first. */
  readonly #handshaking = new Set<Relay>();
  #state: "not started" | "listening" | "closed" = "not started";
  #ids = 0;
  #opened = 0;
  #failed = 0;
  #refused = 0;
  #lastError = "";
  /** Of the connections that are over. */
  readonly #past = { messagesOut: 0, messagesIn: 0, bytesOut: 0, bytesIn: 0 };
  readonly #failures = new Tally();
  readonly #refusals = new Tally();
  readonly #oldRefusals = new Tally();
  readonly #onEmpty: (() => void)[] = [];

  /**
   * `environment` may be shared by links, and must be where they share a `Security`. Throws `UsageError` for
   * endpoints that are none, or neither tcp nor ipc.
   */
  constructor(settings: LinkSettings, environment: Environment, onEvent: (event: LinkEvent) => void) {
    const { side, security, limits } = settings;
    this.settings = settings;
    this.#environment = environment;
    this.#onEvent = onEvent;
    const listen = parseStreamEndpoint(settings.listen, "bind");
    this.#server = new StreamServer(
      listen,
      { backlog: BACKLOG, ipv6: false },
      { onAccept: (socket) => this.#accept(socket), onError: (error) => this.#acceptError(error) },
    );
    this.#old = this.#makeForward();
    // The program that comes to us must hear who is at the other end, so it is answered; the one we dial hears it at once.
    const plain = nullMechanism(side === "client" ? "answer" : "at-once");
    const secured = security.mechanism;
    const server = this.#server;
    this.#scope = {
      environment,
      limits,
      nearName: side === "client" ? "plain" : "secured",
      get listen() {
        return server.address;
      },
      connect: parseStreamEndpoint(settings.connect, "connect"),
      nearMechanism: () => (side === "client" ? plain : secured).create(),
      farMechanism: () => (side === "client" ? secured : plain).create(),
      onOpened: (relay) => this.#onOpened(relay),
      // Whoever comes by a secured leg makes such pauses himself.
      pauseAfterFailure: () => (side === "client" ? this.#backoff.next(true) : 0),
      onOver: (relay, end) => this.#onOver(relay, end),
    };
  }

  /**
   * Listens, on the old link too if there is one; holds the process alive until `close`. Rejects with `UsageError`
   * (EADDRINUSE and the like) or the system's error, and then listens nowhere. To be called once.
   */
  async start(): Promise<void> {
    await this.#server.listen();
    try {
      await this.#old?.listen();
    } catch (error) {
      this.#server.close();
      throw error;
    }
    this.#environment.keepAlive.acquire();
    this.#state = "listening";
  }

  /** How it is now. */
  status(): LinkStatus {
    const { name, side, connect, phase } = this.settings;
    const connections = [...this.#relays].map((relay) => connectionStatus(relay, side));
    const total = { ...this.#past };
    for (const connection of connections) add(total, connection);
    return {
      ...{ name, side, listen: this.#server.address, connect, phase },
      state: this.#state,
      accepts: this.#accepts(),
      connections,
      opened: this.#opened,
      failed: this.#failed,
      refused: this.#refused,
      ...total,
      oldListen: this.#old?.address ?? null,
      oldAccepted: this.#old?.accepted ?? 0,
      oldOpen: this.#old?.open ?? 0,
      oldRefused: this.#old?.refused ?? 0,
      lastError: this.#lastError,
    };
  }

  /**
   * Stops listening and ends all connections: what waits between their legs is written within `linger` milliseconds
   * (-1 no limit, 0 nothing is waited for). Resolves when all are over. May be called again, with another `linger`.
   */
  async close(linger: number): Promise<void> {
    if (this.#state === "listening") this.#environment.keepAlive.release();
    this.#state = "closed";
    this.#server.close();
    for (const relay of [...this.#relays]) relay.close(linger);
    const empty = new Promise<void>((resolve) => {
      if (this.#relays.size === 0) resolve();
      else this.#onEmpty.push(resolve);
    });
    await Promise.all([empty, this.#old?.close()]);
  }

  #accept(socket: Socket): void {
    if (!this.#hasRoom() && !this.#makeRoom()) {
      this.#refused++;
      socket.destroy();
      this.#refusals.add(monotonic(), (times) => this.#onEvent({ type: "refused", times }));
      return;
    }
    const relay = new Relay(this.#scope, ++this.#ids, this.#environment.readBuffer.adopt(socket));
    this.#relays.add(relay);
    this.#handshaking.add(relay);
    relay.start();
  }

  #hasRoom(): boolean {
    return this.#relays.size < this.settings.limits.maxConnections;
  }

  /** The oldest that has not come through its handshake goes: who holds all places by silence keeps nobody out. */
  #makeRoom(): boolean {
    const [oldest] = this.#handshaking;
    oldest?.destroy();
    return this.#hasRoom();
  }

  #onOpened(relay: Relay): void {
    this.#opened++;
    this.#handshaking.delete(relay);
    this.#backoff.reset();
    const { socketType } = connectionStatus(relay, this.settings.side);
    this.#onEvent({ type: "opened", id: relay.id, socketType, facts: relay.facts ?? {} });
  }

  #onOver(relay: Relay, { leg, error }: RelayEnd): void {
    add(this.#past, connectionStatus(relay, this.settings.side));
    this.#relays.delete(relay);
    this.#handshaking.delete(relay);
    if (error !== null) this.#lastError = `${leg} leg: ${error.message}`;
    if (relay.opened) {
      this.#onEvent({ type: "closed", id: relay.id, leg, error });
    } else {
      this.#failed++;
      const cause = error ?? new Error("The peer left before its handshake was done");
      this.#failures.add(monotonic(), (times) =>
        this.#onEvent({ type: "failed", id: relay.id, leg, error: cause, times }),
      );
    }
    if (this.#relays.size > 0) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }

  #acceptError(error: Error): void {
    this.#lastError = error.message;
    this.#onEvent({ type: "accept:error", error });
  }

  #makeForward(): Forward | null {
    const { old, phase } = this.settings;
    if (old === null) return null;
    const endpoints = {
      listen: parseStreamEndpoint(old.listen, "bind"),
      connect: parseStreamEndpoint(old.connect, "connect"),
    };
    return new Forward(endpoints, {
      // Places of its own: whoever fills the old link, which knows no keys, keeps no secured peer out.
      admits: () => phase < 4 && this.#old!.open < this.settings.limits.maxConnections,
      onOpened: (peer) => {
        if (phase > 1) this.#onEvent({ type: "old:opened", peer });
      },
      onClosed: (peer, error) => {
        if (phase > 1) this.#onEvent({ type: "old:closed", peer, error });
      },
      onRefused: (peer) =>
        this.#oldRefusals.add(monotonic(), (times) => this.#onEvent({ type: "old:refused", peer, times })),
      onError: (error) => this.#acceptError(error),
    });
  }

  #accepts(): string {
    const { phase, old, security } = this.settings;
    const secured = `QZMQ in mode ${security.mode}`;
    if (old === null) return secured;
    if (phase === 4) return `${secured}; the old link is refused`;
    return `${secured}; beside it the old link${phase === 1 ? "" : ", each use of which is reported"}`;
  }
}

type Total = Record<"messagesOut" | "messagesIn" | "bytesOut" | "bytesIn", number>;

function add(total: Total, more: Readonly<Total>): void {
  total.messagesOut += more.messagesOut;
  total.messagesIn += more.messagesIn;
  total.bytesOut += more.bytesOut;
  total.bytesIn += more.bytesIn;
}
