/**
 * One connection through a link: the near leg, which was accepted, and the far leg, which is dialled for it.
 *
 *     near: peer's READY or CLIENTKEY -> far: connect, handshake as that peer -> near: READY or FINISHED as far's peer
 *
 * Then items cross, each leg's session being the other's pipe. When a leg ends, what it has delivered whole still goes
 * out on the other, which then ends too.
 */
import type { Ready } from "../engine/event.ts";
import type { Authorization, Mechanism } from "../mechanism/mechanism.ts";
import type { StreamEndpoint } from "../net/endpoint.ts";
import type { Environment } from "../net/environment.ts";
import type { ReadableSocket } from "../net/read-buffer.ts";
import type { Session, SessionOwner } from "../net/session.ts";
import type { SessionPipe } from "../net/session-pipe.ts";
import type { Metadata } from "../wire/metadata.ts";
import { type Dialling, dial } from "./dial.ts";
import { Introduction } from "./introduction.ts";
import { Lane } from "./lane.ts";
import { openLeg } from "./leg.ts";
import type { LegName } from "./link-event.ts";
import type { LinkLimits } from "./link-settings.ts";

const ACCEPTED: Authorization = { status: 200, text: "", userId: "", metadata: new Map() };
/** How long what a lost leg has delivered may take to be written on the other, in milliseconds. */
const DRAIN_LIMIT = 30_000;

/** What the relays of a link share. */
export interface RelayScope {
  readonly environment: Environment;
  readonly limits: LinkLimits;
  /** Which leg is accepted; the other is dialled. */
  readonly nearName: LegName;
  /** The endpoint that accepted, and the one to dial. */
  readonly listen: string;
  readonly connect: StreamEndpoint;
  nearMechanism(): Mechanism;
  farMechanism(): Mechanism;
  /** Both legs are ready. */
  onOpened(relay: Relay): void;
  /** A far handshake has failed: how long the near peer, which will come back at once, is kept waiting. */
  pauseAfterFailure(): number;
  /** Both legs are gone. */
  onOver(relay: Relay, end: RelayEnd): void;
}

/** Which leg ended first, and why; null for an orderly end. */
export interface RelayEnd {
  readonly leg: LegName;
  readonly error: Error | null;
}

interface Leg {
  readonly name: LegName;
  /** What comes in here, on its way to the other leg. */
  readonly lane: Lane;
  session: Session | null;
  peer: Ready | null;
  over: boolean;
}

/** See the head of this file. */
export class Relay {
  /** Counts up from 1 within the link. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly since = Date.now();
  readonly near: Leg;
  readonly far: Leg;
  readonly #scope: RelayScope;
  readonly #introduction = new Introduction();
  #dialling: Dialling | null = null;
  /** Lets the near handshake go on. */
  #admit: (() => void) | null = null;
  #pause: NodeJS.Timeout | null = null;
  #end: RelayEnd | null = null;
  #closing = false;

  constructor(scope: RelayScope, id: number, stream: ReadableSocket) {
    this.#scope = scope;
    this.id = id;
    const leg = (name: LegName): Leg => ({
      ...{ name, lane: new Lane(scope.limits), session: null, peer: null, over: false },
    });
    this.near = leg(scope.nearName);
    this.far = leg(scope.nearName === "plain" ? "secured" : "plain");
    this.near.session = openLeg(stream, {
      ...{ environment: scope.environment, limits: scope.limits, endpoint: scope.listen },
      name: this.near.name,
      mechanism: scope.nearMechanism(),
      party: this.#introduction.near,
      authorize: (_mechanism, credentials, decided, claimed) =>
        this.#introduce(claimed!, credentials, () => decided(ACCEPTED)),
      owner: this.#owner(this.near, () => scope.onOpened(this)),
    });
  }

  /** Begins to talk to the near peer. */
  start(): void {
    this.near.session!.start();
  }

  /** True once both legs are ready. */
  get opened(): boolean {
    return this.near.peer !== null && this.far.peer !== null;
  }

  /** What the secured leg has negotiated; null before. */
  get facts(): Readonly<Record<string, unknown>> | null {
    return (this.near.name === "secured" ? this.near : this.far).session?.facts ?? null;
  }

  /** Messages that wait between the legs. */
  get queued(): number {
    return this.near.lane.length + this.far.lane.length;
  }

  /** Gives the connection up, whatever waits in it. */
  destroy(): void {
    this.#closing = true;
    this.near.session?.destroy();
    this.far.session?.destroy();
  }

  /** Reads no more, writes what waits within `linger` milliseconds (-1 no limit), and ends both legs. */
  close(linger: number): void {
    if (!this.opened) {
      this.destroy();
      return;
    }
    this.#closing = true;
    for (const leg of [this.near, this.far]) leg.lane.seal();
    for (const leg of [this.near, this.far]) leg.session!.shutdown(linger, () => {});
  }

  /** The near peer says who it is: dials the other end in its name. */
  #introduce(claimed: Metadata, credentials: readonly Uint8Array[], admit: () => void): void {
    // QZMQ's credentials are the key's fingerprint and the name for which it is trusted; NULL has none.
    const userId = Buffer.from(credentials[1] ?? []).toString();
    if (!this.#introduction.begin(claimed, userId)) {
      admit();
      return;
    }
    this.#admit = admit;
    this.#dialling = dial(
      this.#scope.connect,
      this.#scope.environment.readBuffer,
      (stream) => this.#connected(stream),
      (error) => this.#farFailed(error, 0),
    );
  }

  #connected(stream: ReadableSocket): void {
    const { environment, limits, connect, farMechanism } = this.#scope;
    this.#dialling = null;
    this.far.session = openLeg(stream, {
      ...{ environment, limits, endpoint: connect.address },
      name: this.far.name,
      mechanism: farMechanism(),
      party: this.#introduction.far,
      authorize: (_mechanism, _credentials, decided) => decided(ACCEPTED),
      owner: this.#owner(this.far, () => this.#admit!()),
    });
    this.far.session.start();
  }

  #owner(leg: Leg, onHandshake: () => void): SessionOwner {
    return {
      onReady: (session, peer) => this.#join(leg, session, peer),
      onHandshake,
      onClosed: (_session, error) => this.#closed(leg, error),
    };
  }

  #join(leg: Leg, session: Session, peer: Ready): SessionPipe {
    const inbound = leg.lane;
    const outbound = this.#other(leg).lane;
    leg.peer = peer;
    inbound.from(session);
    outbound.to(session);
    return {
      get outboundLength() {
        return outbound.length;
      },
      get stalled() {
        return inbound.stalled;
      },
      flush: () => outbound.flush(),
      deliver: (item) => inbound.put(item),
    };
  }

  #other(leg: Leg): Leg {
    return leg === this.near ? this.far : this.near;
  }

  #closed(leg: Leg, error: Error | null): void {
    leg.over = true;
    this.#end ??= { leg: leg.name, error };
    const other = this.#other(leg);
    other.lane.drop();
    if (other.over) this.#over();
    else if (this.opened) this.#drain(other);
    else if (leg === this.near) this.#nearFailed();
    else this.#farFailed(error, leg.peer === null && !this.#closing ? this.#scope.pauseAfterFailure() : 0);
  }

  /** The other leg is gone: this one gets what that had delivered, and ends. */
  #drain(leg: Leg): void {
    if (!this.#closing) leg.session!.shutdown(DRAIN_LIMIT, () => {});
  }

  #nearFailed(): void {
    this.#dialling?.cancel();
    if (this.far.session === null) this.far.over = true;
    if (this.far.over) this.#over();
    else this.far.session!.destroy();
  }

  /** The near leg ends as if nobody had listened there, in `pause` milliseconds: no ERROR, after which nobody comes back. */
  #farFailed(error: Error | null, pause: number): void {
    this.far.over = true;
    this.#end ??= { leg: this.far.name, error };
    if (pause === 0) {
      this.near.session!.destroy();
      return;
    }
    this.#pause = setTimeout(() => this.near.session!.destroy(), pause);
    this.#pause.unref();
  }

  #over(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#scope.onOver(this, this.#end!);
  }
}
