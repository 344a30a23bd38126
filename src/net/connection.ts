/** Makes a session: what every connection of a socket needs, whether accepted or connected. */

import { Engine } from "../engine/engine.ts";
import { PeerError } from "../errors.ts";
import type { Pattern, PatternSettings } from "../pattern/pattern.ts";
import type { Pipe } from "../pipe/pipe.ts";
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
  const engine = new Engine(
    {
      socketType: pattern.type,
      routingId: patternSettings.routingId,
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
      random: environment.crypto.random,
      authorize: (name, credentials, decided) =>
        environment.authorize(
          {
            mechanism: name,
            domain: settings.zapDomain,
            enforceDomain: settings.zapEnforceDomain,
            address: socket.remoteAddress ?? "",
            routingId: patternSettings.routingId ?? Buffer.alloc(0),
            credentials,
          },
          decided,
        ),
      defer: (task) => environment.deferred.push(task),
      wake: () => session.wake(),
      takeEarlyMessages: () => [],
    },
    environment.regions,
    performance.now(),
  );
  const session: Session = new Session(stream, engine, role.owner);
  return session;
}

/** Tells the socket why a connection ended, in zeromq.js's terms; `ready` says whether its handshake had succeeded. */
export function emitEnd(scope: HubScope, address: string, error: Error | null, ready: boolean): void {
  if (!ready) {
    if (error instanceof PeerError && error.status !== undefined) {
      scope.emit({ type: "handshake:error:auth", address, error: authError(error, error.status) });
    } else if (error instanceof PeerError && error.code !== "ERR_ZMTP_HANDSHAKE_TIMEOUT") {
      scope.emit({ type: "handshake:error:protocol", address, error });
    } else {
      const cause =
        error ?? Object.assign(new Error("The peer closed the connection"), { code: "ECONNRESET" });
      scope.emit({ type: "handshake:error:other", address, error: cause as EventError });
    }
  }
  scope.emit({ type: "disconnect", address });
}

function authError(error: PeerError, status: number): Error & { readonly status: number } {
  const text =
    status === 300 ? "Temporary error" : status === 400 ? "Authentication failure" : "Internal error";
  return Object.assign(new Error(text, { cause: error }), { status });
}
