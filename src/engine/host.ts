/** What surrounds an engine: its settings, what the connection's owner does for it, and what of both its mechanism sees. */

import type { Random } from "../crypto/provider.ts";
import type { Authorization, Mechanism, MechanismHost } from "../mechanism/mechanism.ts";
import { MORE } from "../wire/frame.ts";
import type { Metadata } from "../wire/metadata.ts";
import type { HeartbeatSettings } from "./heartbeat.ts";
import type { Party } from "./party.ts";

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
    claimed: Metadata | null,
  ): void;
  defer(task: () => void): void;
  readonly deferred: number;
  wake(): void;
  takeEarlyMessages(limit: number): Uint8Array[];
}

/** How a connection is to behave. Sizes in octets, times in milliseconds. */
export interface EngineSettings {
  readonly party: Party;
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
  const { party } = settings;
  return {
    localGreeting: greetings.local,
    peerGreeting: greetings.peer,
    get metadata() {
      return party.metadata;
    },
    endpoint: host.endpoint,
    peerAddress: host.peerAddress,
    connectionId: host.connectionId,
    random: host.random,
    acceptPeer: (metadata) => party.acceptPeer(metadata),
    authorize: (credentials, decided, claimed) =>
      host.authorize(mechanism.name, credentials, decided, claimed ?? null),
    defer: (task) => host.defer(task),
    get deferred() {
      return host.deferred;
    },
    wake: () => host.wake(),
    takeEarlyMessages(limit) {
      const frames = host.takeEarlyMessages(limit);
      const messages = frames.filter((frame) => (frame[0]! & MORE) === 0).length;
      if (mechanism.counters !== undefined) mechanism.counters.messagesSealed += messages;
      return frames;
    },
  };
}
