/** Makes a session: what every connection of a socket needs, whether accepted or connected. */

import { random } from "../crypto/random.ts";
import { Engine } from "../engine/engine.ts";
import type { Ready } from "../engine/event.ts";
import { socketParty } from "../engine/party.ts";
import { PeerError } from "../errors.ts";
import type { Pattern, PatternSettings } from "../pattern/pattern.ts";
import type { Pipe } from "../pipe/pipe.ts";
import { encodeFrame, MORE } from "../wire/frame.ts";
import { SubscriptionChange } from "../wire/message.ts";
import type { Environment } from "./environment.ts";
import type { EventError, SocketEvent } from "./events.ts";
import type { ReadableSocket } from "./read-buffer.ts";
import { Session, type SessionOwner } from "./session.ts";
import type { HubSettings } from "./settings.ts";

/** What listeners and connecters share with the hub that made them. */
export interface HubScope {
  readonly pattern: Pattern;
  readonly patternSettings: PatternSettings;
  readonly environment: Environment;
  /** The options as they were when the endpoint was bound or connected. */
  readonly settings: HubSettings;
  emit(event: SocketEvent): void;
  /** A pipe has begun, or is over: the hub applies changed high-water marks to those it knows. */
  addPipe(pipe: Pipe): void;
  removePipe(pipe: Pipe): void;
}

/** Which end of which endpoint a connection is. `earlyPipe` holds messages that may go out with the handshake. */
export interface ConnectionRole {
  readonly endpoint: string;
  readonly owner: SessionOwner;
  readonly earlyPipe: Pipe | null;
}

/** A session over a connected stream socket; call `start` on it. */
export function openSession(scope: HubScope, stream: ReadableSocket, role: ConnectionRole): Session {
  const { socket } = stream;
  const { settings, environment, pattern, patternSettings } = scope;
  const mechanism = settings.mechanism.create();
  let forgetInquiry = (): void => {};
  const engine = new Engine(
    {
      party: socketParty(pattern.type, patternSettings.routingId),
      maxMessageSize: settings.maxMessageSize < 0 ? Number.POSITIVE_INFINITY : settings.maxMessageSize,
      maxFramesPerMessage: settings.maxFramesPerMessage,
      handshakeInterval: settings.handshakeInterval,
      heartbeat: {
        interval: settings.heartbeatInterval,
        timeout: settings.heartbeatTimeout,
        timeToLive: settings.heartbeatTimeToLive,
      },
    },
    mechanism,
    {
      endpoint: role.endpoint,
      peerAddress: socket.remoteAddress ?? "",
      connectionId: environment.nextConnectionId(),
      random,
      authorize: (name, credentials, decided) => {
        forgetInquiry = environment.authorize(
          {
            mechanism: name,
            domain: settings.zapDomain,
            enforceDomain: settings.zapEnforceDomain,
            address: socket.remoteAddress ?? "",
            routingId: patternSettings.routingId ?? Buffer.alloc(0),
            credentials,
          },
          decided,
        );
      },
      defer: (task) => environment.deferred.push(task),
      get deferred() {
        return environment.deferred.length;
      },
      wake: () => session.wake(),
      takeEarlyMessages: (limit) => takeEarly(role.earlyPipe, limit),
    },
    environment.memory,
    performance.now(),
  );
  const { owner } = role;
  const session: Session = new Session(
    stream,
    engine,
    {
      onReady: (it, peer) => owner.onReady(it, peer),
      onHandshake: (peer) => owner.onHandshake(peer),
      onClosed(it, error) {
        forgetInquiry();
        owner.onClosed(it, error);
      },
    },
    environment.allocator,
  );
  return session;
}

/** Tells the socket that a handshake succeeded. */
export function emitHandshake(scope: HubScope, address: string, peer: Ready): void {
  scope.emit({ type: "handshake", address, ...(peer.facts === null ? {} : { facts: peer.facts }) });
}

/** Tells the socket why a connection ended, in zeromq.js's terms; `ready` says whether its handshake had succeeded. */
export function emitEnd(scope: HubScope, address: string, error: Error | null, ready: boolean): void {
  if (!ready) {
    const refused = error instanceof PeerError ? asRefusal(error) : null;
    if (refused !== null) {
      scope.emit({ type: "handshake:error:auth", address, error: refused });
    } else if (error instanceof PeerError && error.code !== "ERR_ZMTP_HANDSHAKE_TIMEOUT") {
      scope.emit({ type: "handshake:error:protocol", address, error });
    } else {
      const cause =
        error ?? Object.assign(new Error("The peer closed the connection"), { code: "ECONNRESET" });
      scope.emit({ type: "handshake:error:other", address, error: cause as EventError });
    }
  }
  scope.emit({ type: "disconnect", address, ...(error === null ? {} : { error }) });
}

/** Whole messages that wait in a pipe, as encoded frames, together at most `limit` octets. */
function takeEarly(pipe: Pipe | null, limit: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let left = limit;
  pipe?.drain((item) => {
    if (item instanceof SubscriptionChange) return false;
    const encoded = item.map((body, i) => encodeFrame(i < item.length - 1 ? MORE : 0, body));
    const size = encoded.reduce((sum, frame) => sum + frame.length, 0);
    if (size > left) return false;
    left -= size;
    frames.push(...encoded);
    return true;
  });
  return frames;
}

/** A refused authentication, with its status: 400 from a mechanism that knows no ZAP statuses. Null for other errors. */
function asRefusal(error: PeerError): (PeerError & { readonly status: number }) | null {
  if (error.code === "ERR_QZMQ_AUTH" && error.status === undefined) {
    const refusal = new PeerError(error.code, error.message, { status: 400, cause: error.cause });
    return refusal as PeerError & { readonly status: number };
  }
  return error.status === undefined ? null : (error as PeerError & { readonly status: number });
}
