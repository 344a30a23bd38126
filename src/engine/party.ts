/** Who speaks at one end of a connection: what it says of itself, and whom it talks to. */
import { PeerError } from "../errors.ts";
import { encodeMetadata, type Metadata, property } from "../wire/metadata.ts";
import { announcesIdentity, isCompatible, type SocketType } from "../wire/socket-type.ts";

/** See the head of this file. */
export interface Party {
  /** Its properties (Socket-Type, Identity, ...), encoded as in a READY command. Read when they are about to be sent. */
  readonly metadata: Uint8Array;
  /** Throws {@link PeerError} when it cannot talk to a peer with these properties. */
  acceptPeer(metadata: Metadata): void;
}

/** A socket; `routingId` is announced by REQ, DEALER and ROUTER. */
export function socketParty(socketType: SocketType, routingId: Uint8Array | null): Party {
  const properties: [string, Uint8Array][] = [["Socket-Type", Buffer.from(socketType)]];
  if (announcesIdentity(socketType)) properties.push(["Identity", routingId ?? new Uint8Array(0)]);
  return {
    metadata: encodeMetadata(properties),
    acceptPeer(metadata) {
      const peer = socketTypeOf(metadata);
      if (peer !== null && !isCompatible(socketType, peer)) throw incompatible(socketType, peer);
      checkIdentity(metadata);
    },
  };
}

/** Property `Socket-Type`; null when absent, which libzmq allows. */
export function socketTypeOf(metadata: Metadata): string | null {
  const type = property(metadata, "Socket-Type");
  return type === undefined ? null : Buffer.from(type).toString("latin1");
}

/** The error for two socket types that do not go together. `peer` is as the peer sent it. */
export function incompatible(own: string, peer: string): PeerError {
  const name = peer.replace(/[^A-Z]/g, "?").slice(0, 16);
  return new PeerError(
    "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE",
    `A ${own} socket cannot talk to a ${name} socket`,
  );
}

/** Throws {@link PeerError} `ERR_ZMTP_INVALID_METADATA` for an Identity of more than 255 octets (RFC 37). */
export function checkIdentity(metadata: Metadata): void {
  if ((property(metadata, "Identity")?.length ?? 0) <= 255) return;
  throw new PeerError("ERR_ZMTP_INVALID_METADATA", "An Identity of more than 255 octets");
}
