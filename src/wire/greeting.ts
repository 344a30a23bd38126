/**
 * The greeting (RFC 37, "Greeting"), 64 octets each way:
 *
 *     0      FF                    10   major version 3        32      as-server, 00 or 01
 *     1..8   padding, ignored      11   minor version 1        33..63  zeros
 *     9      7F                    12..31  mechanism, ASCII, NUL-padded
 */
import { PeerError } from "../errors.ts";

/** Octets of a greeting. */
export const GREETING_LENGTH = 64;

/** What a peer's greeting says. */
export interface Greeting {
  /** Minor version as far as we speak it: 0 or 1. Peers of a later major version count as 1. */
  readonly minor: 0 | 1;
  /** Name of the mechanism. */
  readonly mechanism: string;
  readonly asServer: boolean;
}

/** Our greeting: ZMTP 3.1, all 64 octets at once, padding zero. */
export function encodeGreeting(mechanism: string, asServer: boolean): Buffer {
  if (!/^[A-Z0-9\-_.+]{1,20}$/.test(mechanism)) throw new RangeError(`not a mechanism name: ${mechanism}`);
  const out = Buffer.alloc(GREETING_LENGTH);
  out[0] = 0xff;
  out[9] = 0x7f;
  out[10] = 3;
  out[11] = 1;
  out.write(mechanism, 12, "latin1");
  out[32] = asServer ? 1 : 0;
  return out;
}

/**
 * Refuses what cannot become a ZMTP 3 greeting as soon as the octets so far show it: ZMTP 1.0 and 2.0 peers
 * (`ERR_ZMTP_UNSUPPORTED_VERSION`) send fewer than 64 octets and would otherwise keep us waiting. They have no
 * mechanism, so falling back would be a downgrade (RFC 37, "Security Considerations").
 */
export function checkGreetingStart(bytes: Uint8Array): void {
  if (bytes.length >= 1 && bytes[0] !== 0xff) {
    throw new PeerError("ERR_ZMTP_UNSUPPORTED_VERSION", "The peer speaks ZMTP 1.0, or no ZMTP at all");
  }
  if (bytes.length >= 10 && (bytes[9]! & 1) === 0) {
    throw new PeerError("ERR_ZMTP_UNSUPPORTED_VERSION", "The peer speaks ZMTP 1.0");
  }
  if (bytes.length >= 11 && bytes[10]! < 3) {
    throw new PeerError("ERR_ZMTP_UNSUPPORTED_VERSION", "The peer speaks ZMTP 2.0");
  }
}

/** Parses all 64 octets. Padding and filler are not looked at. Throws {@link PeerError}. */
export function decodeGreeting(bytes: Uint8Array): Greeting {
  checkGreetingStart(bytes);
  const field = Buffer.from(bytes.buffer, bytes.byteOffset + 12, 20).toString("latin1");
  const mechanism = /^([A-Z0-9\-_.+]{1,20})\0*$/.exec(field)?.[1];
  if (mechanism === undefined)
    throw new PeerError("ERR_ZMTP_BAD_GREETING", "Malformed mechanism name in the greeting");
  return { minor: bytes[10] === 3 && bytes[11] === 0 ? 0 : 1, mechanism, asServer: (bytes[32]! & 1) === 1 };
}
