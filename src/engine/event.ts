/** What an engine has to say: messages and subscriptions as they are, and once that the handshake is done. */

import type { PipeItem } from "../wire/message.ts";
import { type Metadata, property } from "../wire/metadata.ts";

/** The handshake succeeded; traffic follows. */
export class Ready {
  /** Property `Socket-Type`; `""` when the peer sent none, as libzmq allows. */
  readonly socketType: string;
  /** Property `Identity`, at most 255 octets; empty when the peer has none. */
  readonly routingId: Buffer;
  readonly metadata: Metadata;
  /** What the mechanism negotiated; null for NULL. */
  readonly facts: Readonly<Record<string, unknown>> | null;

  /** From the peer's properties. */
  static of(metadata: Metadata, facts: Readonly<Record<string, unknown>> | null): Ready {
    return new Ready(
      Buffer.from(property(metadata, "Socket-Type") ?? []).toString("latin1"),
      Buffer.from(property(metadata, "Identity") ?? []),
      metadata,
      facts,
    );
  }

  constructor(
    socketType: string,
    routingId: Buffer,
    metadata: Metadata,
    facts: Readonly<Record<string, unknown>> | null,
  ) {
    this.socketType = socketType;
    this.routingId = routingId;
    this.metadata = metadata;
    this.facts = facts;
  }
}

/** See the head of this file. */
export type EngineEvent = PipeItem | Ready;
