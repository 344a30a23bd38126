/** What a refusing authorizer means for a connection; shared by the mechanisms that ask one. */

import { utf8 } from "../bytes/writer.ts";
import { PeerError } from "../errors.ts";
import { encodeError } from "../wire/command.ts";
import type { Metadata } from "../wire/metadata.ts";
import type { Authorization } from "./mechanism.ts";

/** The error for a decision other than 200. */
export function refusal(decision: Authorization): PeerError {
  if (decision.error !== undefined) return decision.error;
  return new PeerError("ERR_ZAP_UNSPECIFIED", decision.text || "The authorizer refused the peer", {
    status: decision.status,
  });
}

/** What the peer is told: ERROR with the status for 400 and 500, nothing for 300, after which it may retry (RFC 27). */
export function refusalOutput(decision: Authorization): Uint8Array[] {
  return decision.status === 300 ? [] : [encodeError(String(decision.status))];
}

/** The error for a received ERROR command; a reason of three digits is a status of the peer's authorizer. */
export function peerError(reason: string): PeerError {
  const status = /^[345]00$/.test(reason) ? { status: Number(reason) } : {};
  return new PeerError("ERR_ZMTP_PEER_ERROR", `The peer refused the connection: ${reason}`, {
    reason,
    ...status,
  });
}

/**
 * What the authorizer says of the peer, `User-Id` first of all, and the peer's own properties. Of two properties with
 * one name, in whatever case, the authorizer's counts; a `User-Id` never comes from the peer.
 */
export function authorizedMetadata(peer: Metadata, decision: Authorization): Metadata {
  const all = new Map(decision.metadata);
  if (decision.userId !== "") all.set("User-Id", utf8(decision.userId));
  const taken = new Set(["user-id"]);
  for (const name of all.keys()) taken.add(name.toLowerCase());
  for (const [name, value] of peer) if (!taken.has(name.toLowerCase())) all.set(name, value);
  return all;
}
