/** Tickets: the state that a server hands a client, sealed, to resume with (spec, "Resumption"). */
import { wipe } from "../../bytes/constant-time.ts";
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { utf8, Writer } from "../../bytes/writer.ts";
import { MAX_CHAIN } from "./identity.ts";
import type { ChainRecord, PeerRecord } from "./verdict.ts";

const FORMAT = 1;
const BLOCK = 256;
const MAX_PLAINTEXT = 15 * BLOCK;
const ANONYMOUS = 0;
const PINNED = 1;
const CERTIFIED = 2;

/** What a ticket holds. All times are Unix seconds. */
export interface TicketState {
  /** 16 octets: the context it was made in. */
  readonly context: Uint8Array;
  /** 4 octets. */
  readonly suite: Uint8Array;
  /** Fingerprint of the server's key, 32 octets. */
  readonly serverKey: Uint8Array;
  /** The server_name of the full handshake, UTF-8 of 0..255 octets; `""` when there was none. */
  readonly serverName: string;
  /** 32 or 48 octets; whoever decodes or opens a ticket wipes it. */
  readonly psk: Uint8Array;
  /** Who the client is; `null` when anonymous. */
  readonly client: PeerRecord | null;
  /** Socket-Type of the client, ASCII. */
  readonly socketType: string;
  /** Identity property of the client, 0..255 octets. */
  readonly identity: Uint8Array;
  /** When the client last made a full handshake. */
  readonly authenticatedAt: number;
  readonly expires: number;
  /** Octets of early data accepted with this ticket, 0 for none. */
  readonly earlyLimit: number;
  /** The client's record limit in the session. */
  readonly recordLimit: number;
}

/**
 * The plaintext of a ticket, zero-padded to a multiple of 256 octets; `null` when it is too large for a ticket, which
 * happens with long names only. It holds the PSK: wipe it. Throws `RangeError` for a field of the wrong length.
 */
export function encodeTicket(state: TicketState): Uint8Array | null {
  const { client } = state;
  if (state.context.length !== 16 || state.suite.length !== 4 || state.serverKey.length !== 32) {
    throw new RangeError("ticket: want a context of 16, a suite of 4 and a server key of 32 octets");
  }
  if (state.psk.length !== 32 && state.psk.length !== 48)
    throw new RangeError("ticket: want a PSK of 32 or 48 octets");
  const out = new Writer()
    .u8(FORMAT)
    .bytes(state.context)
    .bytes(state.suite)
    .bytes(state.serverKey)
    .v8(utf8(state.serverName))
    .v8(state.psk)
    .u8(client === null ? ANONYMOUS : client.kind === "pinned" ? PINNED : CERTIFIED)
    .v16(utf8(client?.identity ?? ""))
    .u8(client?.chain.length ?? 0);
  for (const { keyId, issuerKeyId, serial, notBefore, notAfter } of client?.chain ?? []) {
    out.bytes(keyId).bytes(issuerKeyId).bytes(serial).u64(notBefore).u64(notAfter);
  }
  out.v8(utf8(state.socketType)).v8(state.identity).u64(state.authenticatedAt).u64(state.expires);
  out.u32(state.earlyLimit).u32(state.recordLimit);
  const padded = Math.ceil(out.length / BLOCK) * BLOCK;
  if (padded > MAX_PLAINTEXT) return null;
  return out.bytes(new Uint8Array(padded - out.length)).finish();
}

/** Parses a ticket's plaintext; copies. Throws {@link LayoutError} for any octets that {@link encodeTicket} would not write. */
export function decodeTicket(bytes: Uint8Array): TicketState {
  const reader = new Reader(bytes);
  if (reader.u8("format") !== FORMAT) throw new LayoutError("ticket: unknown format");
  const context = reader.bytes(16, "context").slice();
  const suite = reader.bytes(4, "suite").slice();
  const serverKey = reader.bytes(32, "server key").slice();
  const serverName = text(reader.v8("server_name"));
  const psk = reader.v8("PSK", 32, 48).slice();
  try {
    if (psk.length !== 32 && psk.length !== 48) throw new LayoutError("PSK: neither 32 nor 48 octets");
    const client = readClient(reader);
    const socketType = text(reader.v8("Socket-Type"));
    const identity = reader.v8("Identity").slice();
    const authenticatedAt = reader.u64("authenticated_at");
    const expires = reader.u64("expires");
    const earlyLimit = reader.u32("early_limit");
    const recordLimit = reader.u32("record_limit");
    const padding = reader.rest();
    if (bytes.length % BLOCK !== 0 || padding.length >= BLOCK || padding.some((octet) => octet !== 0)) {
      throw new LayoutError("ticket: padding other than zeros to the next multiple of 256");
    }
    return {
      ...{ context, suite, serverKey, serverName, psk, client, socketType, identity },
      ...{ authenticatedAt, expires, earlyLimit, recordLimit },
    };
  } catch (error) {
    wipe(psk);
    throw error;
  }
}

function readClient(reader: Reader): PeerRecord | null {
  const state = reader.u8("client state");
  const identity = text(reader.v16("identity"));
  const count = reader.u8("chain");
  if (state === ANONYMOUS) {
    if (identity !== "" || count !== 0) throw new LayoutError("ticket: an anonymous client with an identity");
    return null;
  }
  if (state !== PINNED && state !== CERTIFIED) throw new LayoutError("ticket: unknown client state");
  const kind = state === PINNED ? "pinned" : "certified";
  if (count < 1 || count > (kind === "pinned" ? 1 : MAX_CHAIN))
    throw new LayoutError(`ticket: chain of ${count}`);
  return { kind, identity, chain: Array.from({ length: count }, () => readRecord(reader)) };
}

function readRecord(reader: Reader): ChainRecord {
  return {
    keyId: reader.bytes(32, "key fingerprint").slice(),
    issuerKeyId: reader.bytes(32, "issuer key id").slice(),
    serial: reader.bytes(16, "serial").slice(),
    notBefore: reader.u64("not_before"),
    notAfter: reader.u64("not_after"),
  };
}

function text(octets: Uint8Array): string {
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
  if (Buffer.compare(utf8(decoded), octets) !== 0) throw new LayoutError("ticket: text that is not UTF-8");
  return decoded;
}
