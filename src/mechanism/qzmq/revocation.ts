/**
 * Revocation lists, signed by the authority at the head of the chains they speak about (spec, "Revocation").
 *
 *     version u8 (1)   issuer_key_id[32]   number u64   next_update u64   serials v32<[16]...>   pins v32<[32]...>
 *     signature v16 (over all before it)
 */
import { LayoutError, Reader } from "../../bytes/reader.ts";
import { Writer } from "../../bytes/writer.ts";
import type { CryptoProvider } from "../../crypto/provider.ts";
import { hex, keyFingerprint } from "./algorithm.ts";
import type { Certificate } from "./certificate.ts";
import { SIGNATURE_CONTEXTS, type Signer } from "./signer.ts";

/** More serials, or more pins, than this in one list are refused. */
export const MAX_REVOKED = 65_536;
const VERSION = 1;
const SERIAL = 16;
const PIN = 32;

/** What an authority revokes. */
export interface RevocationFields {
  /** Grows with each list of this authority; never goes back. */
  readonly number: number;
  /** When the next list is due, Unix seconds. */
  readonly nextUpdate: number;
  /** 16 octets each: certificates in chains under this authority. Sorted when encoded, none twice. */
  readonly serials: readonly Uint8Array[];
  /** 32 octets each: keys, pinned ones included. Sorted when encoded, none twice. */
  readonly pins: readonly Uint8Array[];
}

/** A decoded list. Decoding proves the form only. */
export interface RevocationList extends RevocationFields {
  /** The whole list as it is stored. */
  readonly encoded: Uint8Array;
  /** The part of `encoded` under the signature. */
  readonly signed: Uint8Array;
  /** Fingerprint of the authority's key, 32 octets. */
  readonly issuerKeyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** Parses one list that must fill `bytes` exactly; copies. Throws {@link LayoutError} for any other octets. */
export function decodeRevocationList(bytes: Uint8Array): RevocationList {
  const encoded = new Uint8Array(bytes);
  const reader = new Reader(encoded);
  if (reader.u8("version") !== VERSION) throw new LayoutError("revocation list: unknown version");
  const issuerKeyId = reader.bytes(32, "issuer key id");
  const number = reader.u64("number");
  const nextUpdate = reader.u64("next_update");
  const serials = split(reader.v32("serials", 0, MAX_REVOKED * SERIAL), SERIAL, "serials");
  const pins = split(reader.v32("pins", 0, MAX_REVOKED * PIN), PIN, "pins");
  const signed = encoded.subarray(0, reader.offset);
  const signature = reader.v16("signature", 1);
  reader.end("revocation list");
  return { encoded, signed, issuerKeyId, number, nextUpdate, serials, pins, signature };
}

/** Signs a list. Rejects with `RangeError` for fields that no decoder would accept. */
export async function issueRevocationList(
  provider: CryptoProvider,
  fields: RevocationFields,
  issuer: Signer,
): Promise<RevocationList> {
  const body = new Writer()
    .u8(VERSION)
    .bytes(keyFingerprint(provider, issuer.algorithm, issuer.publicKey))
    .u64(fields.number)
    .u64(fields.nextUpdate)
    .v32(join(fields.serials))
    .v32(join(fields.pins))
    .finish();
  const complete = (signature: Uint8Array) => new Writer().bytes(body).v16(signature).finish();
  try {
    decodeRevocationList(complete(Uint8Array.of(0)));
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new RangeError(`no revocation list can say that: ${error.message}`, { cause: error });
  }
  return decodeRevocationList(complete(await issuer.sign(body, SIGNATURE_CONTEXTS.revocation)));
}

/** Whether the list is signed by that authority. One public-key operation. */
export function verifyRevocationList(
  provider: CryptoProvider,
  list: RevocationList,
  authority: Certificate,
): boolean {
  if (hex(list.issuerKeyId) !== hex(authority.keyId)) return false;
  const primitive = provider.signatures[authority.algorithm];
  return primitive.verify(authority.publicKey, list.signed, SIGNATURE_CONTEXTS.revocation, list.signature);
}

/** Verified lists, ready to be asked. Immutable. Key ids, serials and pins are asked for in hex. */
export class Revocations {
  readonly #lists = new Map<
    string,
    { readonly list: RevocationList; readonly serials: ReadonlySet<string> }
  >();
  readonly #pins = new Set<string>();

  /** `lists` have been verified; one for each authority. */
  constructor(lists: readonly RevocationList[]) {
    for (const list of lists) {
      this.#lists.set(hex(list.issuerKeyId), { list, serials: new Set(list.serials.map(hex)) });
      for (const pin of list.pins) this.#pins.add(hex(pin));
    }
  }

  /** The list of an authority, if there is one. */
  listOf(authority: string): RevocationList | undefined {
    return this.#lists.get(authority)?.list;
  }

  /** Whether any list names this key. */
  hasPin(pin: string): boolean {
    return this.#pins.has(pin);
  }

  /** Whether the list of this authority names this certificate. */
  hasSerial(authority: string, serial: string): boolean {
    return this.#lists.get(authority)?.serials.has(serial) ?? false;
  }

  /** What is wrong with the list of an authority for those who require one; `null` when nothing. */
  lack(authority: string, now: number, skew: number): "revocation-missing" | "revocation-expired" | null {
    const list = this.listOf(authority);
    if (list === undefined) return "revocation-missing";
    return now > list.nextUpdate + skew ? "revocation-expired" : null;
  }
}

function split(bytes: Uint8Array, size: number, what: string): Uint8Array[] {
  if (bytes.length % size !== 0) throw new LayoutError(`${what}: not a multiple of ${size} octets`);
  const items: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const item = bytes.subarray(at, at + size);
    if (at > 0 && Buffer.compare(items[items.length - 1]!, item) >= 0) {
      throw new LayoutError(`${what}: not in strictly ascending order`);
    }
    items.push(item);
  }
  return items;
}

function join(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...items].sort(Buffer.compare));
}
