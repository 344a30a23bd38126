/** One leg of a relayed connection: a session over a connected stream, speaking for the program at the other end. */
import { random } from "../crypto/random.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineHost } from "../engine/host.ts";
import type { Party } from "../engine/party.ts";
import type { Mechanism } from "../mechanism/mechanism.ts";
import type { Environment } from "../net/environment.ts";
import type { ReadableSocket } from "../net/read-buffer.ts";
import { Session, type SessionOwner } from "../net/session.ts";
import type { LegName } from "./link-event.ts";
import type { LinkLimits } from "./link-settings.ts";

/** As many frames in one message as a socket takes by default. */
const MAX_FRAMES = 65_536;
/** Idle milliseconds until the system asks whether a plain leg's host is still there. */
const KEEP_ALIVE = 60_000;

/** What a leg is made of. */
export interface LegParts {
  readonly environment: Environment;
  readonly limits: LinkLimits;
  readonly name: LegName;
  readonly mechanism: Mechanism;
  readonly party: Party;
  /** What we dialled, or the endpoint that accepted. */
  readonly endpoint: string;
  readonly authorize: EngineHost["authorize"];
  readonly owner: SessionOwner;
}

/** Makes the session; call `start` on it. */
export function openLeg(stream: ReadableSocket, parts: LegParts): Session {
  const { environment, limits, name, mechanism, party, endpoint, authorize, owner } = parts;
  // A libzmq program whose queue is full reads no PING. It must not be taken for dead, nor take us for dead, so a plain
  // leg has our PINGs but no time limit; that a process has died the system tells.
  const timeout = name === "plain" ? 0 : limits.heartbeatTimeout;
  if (name === "plain") stream.socket.setKeepAlive(true, KEEP_ALIVE);
  const engine = new Engine(
    {
      party,
      maxMessageSize: limits.maxMessageSize < 0 ? Number.POSITIVE_INFINITY : limits.maxMessageSize,
      maxFramesPerMessage: MAX_FRAMES,
      handshakeInterval: limits.handshakeInterval,
      heartbeat: { interval: limits.heartbeatInterval, timeout, timeToLive: 0 },
    },
    mechanism,
    {
      endpoint,
      peerAddress: stream.socket.remoteAddress ?? "",
      connectionId: environment.nextConnectionId(),
      random,
      authorize,
      defer: (task) => environment.deferred.push(task),
      get deferred() {
        return environment.deferred.length;
      },
      wake: () => session.wake(),
      // What waits here has not been heard by the other end yet; it is not sent before the other end is known.
      takeEarlyMessages: () => [],
    },
    environment.memory,
    performance.now(),
  );
  const session: Session = new Session(stream, engine, owner, environment.allocator);
  return session;
}
