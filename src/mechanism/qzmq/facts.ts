/** What users are told of a connection, in its `handshake` event and as long as it lasts. No secret is among it. */
import type { Mode } from "./algorithm.ts";
import type { Role } from "./certificate.ts";
import type { Suite } from "./suite.ts";
import type { PeerRecord } from "./verdict.ts";

/**
 * What became of early data: nobody asked; accepted, and delivered when the handshake had verified; refused; or delivered
 * at once, before the handshake had shown whom it is from.
 */
export type Early = "none" | "accepted" | "refused" | "immediate";

/** What facts are made of. */
export interface FactParts {
  readonly role: Role;
  readonly suite: Suite;
  readonly mode: Mode;
  readonly peer: PeerRecord | null;
  readonly epoch: number;
  readonly rotation: string;
  readonly resumed: boolean;
  readonly early: Early;
}

/** The facts, by name. */
export function connectionFacts(parts: FactParts): Readonly<Record<string, unknown>> {
  const { role, suite, mode, peer, epoch, rotation, resumed, early } = parts;
  return {
    role,
    suite: suite.name,
    kem: suite.kem,
    signature: suite.signature,
    aead: suite.aead,
    hash: suite.hash,
    mode,
    peer: peer?.identity ?? null,
    peerKind: peer?.kind ?? "anonymous",
    peerFingerprint: peer === null ? null : Buffer.from(peer.chain[0]!.keyId).toString("hex"),
    epoch,
    rotation,
    resumed,
    early,
  };
}
