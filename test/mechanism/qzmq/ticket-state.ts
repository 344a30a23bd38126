/** Ticket states for tests. */
import type { TicketState } from "../../../src/mechanism/qzmq/ticket.ts";
import type { ChainRecord, PeerRecord } from "../../../src/mechanism/qzmq/verdict.ts";
import { NOT_AFTER, NOT_BEFORE, NOW, seedOf } from "./pki.ts";

/** A record of a certificate that belongs to a name. */
export const recordOf = (name: string): ChainRecord => ({
  keyId: seedOf(`key ${name}`),
  issuerKeyId: seedOf(`issuer ${name}`),
  serial: seedOf(`serial ${name}`).subarray(0, 16),
  notBefore: NOT_BEFORE,
  notAfter: NOT_AFTER,
});

/** A client that was certified with a chain of two. */
export const CERTIFIED: PeerRecord = {
  kind: "certified",
  identity: "client.example",
  chain: [recordOf("client"), recordOf("middle")],
};

/** A ticket state with each field told from the others. */
export const STATE: TicketState = {
  context: seedOf("context").subarray(0, 16),
  suite: Uint8Array.of(4, 2, 1, 1),
  serverKey: seedOf("server key"),
  serverName: "broker.example",
  psk: seedOf("psk"),
  client: CERTIFIED,
  socketType: "DEALER",
  identity: Uint8Array.of(0, 255, 7),
  authenticatedAt: NOW - 60,
  expires: NOW + 3600,
  earlyLimit: 4096,
  recordLimit: 262_144,
};
