/** What surrounds an engine: its settings, what the connection's owner does for it, and what of both its mechanism sees. */

import type { Random } from "../crypto/provider.ts";
import { PeerError } from "../errors.ts";
import type { Authorization, Mechanism, MechanismHost } from "../mechanism/mechanism.ts";
import { MORE } from "../wire/frame.ts";
import { encodeMetadata, type Metadata, property } from "../wire/metadata.ts";
import { announcesIdentity, isCompatible, type SocketType } from "../wire/socket-type.ts";
import type { HeartbeatSettings } from "./heartbeat.ts";

/** What the surroundings of a connection do for it; see {@link MechanismHost} for the meaning of each. */
export interface EngineHost {
  readonly endpoint: string;
  readonly peerAddress: string;
  readonly connectionId: number;
  readonly random: Random;
  authorize(
    mechanism: string,
    credentials: readonly Uint8Array[],
    decided: (decision: Authorization) => void,
  ): void;
  defer(task: () => void): void;
  wake(): void;
  takeEarlyMessages(limit: number): Uint8Array[];
}

/** How a connection is to behave. Sizes in octets, times in milliseconds. */
export interface EngineSettings {
  readonly socketType: SocketType;
  /** Our routing id; announced by REQ, DEALER and ROUTER. */
  readonly routingId: Uint8Array | null;
  /** One frame, and one message in all; `Infinity` unlimited. */
  readonly maxMessageSize: number;
  readonly maxFramesPerMessage: number;
  /** Greeting and mechanism together; 0 unlimited. */
  readonly handshakeInterval: number;
  readonly heartbeat: HeartbeatSettings;
}

/** The side of the door that `mechanism` looks at. Greetings as they went over the wire. */
export function mechanismHost(
  settings: EngineSettings,
  host: EngineHost,
  mechanism: Mechanism,
  greetings: { readonly local: Uint8Array; readonly peer: Uint8Array },
): MechanismHost {
  const { socketType, routingId } = settings;
  const properties: [string, Uint8Array][] = [["Socket-Type", Buffer.from(socketType)]];
  if (announcesIdentity(socketType)) properties.push(["Identity", routingId ?? new Uint8Array(0)]);
  return {
    localGreeting: greetings.local,
    peerGreeting: greetings.peer,
    metadata: encodeMetadata(properties),
    endpoint: host.endpoint,
    peerAddress: host.peerAddress,
    connectionId: host.connectionId,
    random: host.random,
    acceptPeer: (metadata) => acceptPeer(socketType, metadata),
    authorize: (credentials, decided) => host.authorize(mechanism.name, credentials, decided),
    defer: (task) => host.defer(task),
    wake: () => host.wake(),
    takeEarlyMessages(limit) {
      const frames = host.takeEarlyMessages(limit);
      const messages = frames.filter((frame) => (frame[0]! & MORE) === 0).length;
      if (mechanism.counters !== undefined) mechanism.counters.messagesSealed += messages;
      return frames;
    },
  };
}

function acceptPeer(own: SocketType, metadata: Metadata): void {
  const type = property(metadata, "Socket-Type");
  const peer = type === undefined ? undefined : Buffer.from(type).toString("latin1");
  if (peer !== undefined && !isCompatible(own, peer)) {
    const name = peer.replace(/[^A-Z]/g, "?").slice(0, 16);
    throw new PeerError(
      "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE",
      `A ${own} socket cannot talk to a ${name} socket`,
    );
  }
  if ((property(metadata, "Identity")?.length ?? 0) > 255) {
    throw new PeerError("ERR_ZMTP_INVALID_METADATA", "An Identity of more than 255 octets");
  }
}
