/** Metadata in CLIENTKEY and FINISHED: padded when sent, freed of what a peer may not say of itself (spec, "Metadata"). */
import { Writer } from "../../bytes/writer.ts";
import { PeerError } from "../../errors.ts";
import { decodeMetadata, encodeMetadata, type Metadata, property } from "../../wire/metadata.ts";

/** Largest property list, octets. */
export const MAX_METADATA = 16_384;
const BLOCK = 256;
const PAD = "X-Pad";
/** An X-Pad property with an empty value: name length, name, value length. */
const EMPTY_PAD = 1 + PAD.length + 4;
/** Octets of {@link MAX_METADATA} that padding may need. */
export const METADATA_OVERHEAD = EMPTY_PAD;

/**
 * Appends a property X-Pad of zeros, the shortest that makes a multiple of 256 octets. Throws `RangeError` when more
 * than 16 KiB come of it.
 */
export function padMetadata(encoded: Uint8Array): Uint8Array {
  const zeros = (BLOCK - ((encoded.length + EMPTY_PAD) % BLOCK)) % BLOCK;
  const padded = new Writer()
    .bytes(encoded)
    .bytes(encodeMetadata([[PAD, new Uint8Array(zeros)]]))
    .finish();
  if (padded.length > MAX_METADATA)
    throw new RangeError(`metadata: ${padded.length} octets, at most ${MAX_METADATA}`);
  return padded;
}

/**
 * Parses a peer's metadata. X-Pad is dropped, and so is User-Id: only our authorizer gives that. Throws
 * {@link PeerError}: `ERR_ZMTP_INVALID_METADATA` malformed, `ERR_QZMQ_PROTOCOL` too long, not padded, no Socket-Type.
 */
export function readPeerMetadata(bytes: Uint8Array): Metadata {
  if (bytes.length > MAX_METADATA) throw new PeerError("ERR_QZMQ_PROTOCOL", "Metadata beyond 16 KiB");
  if (bytes.length % BLOCK !== 0) throw new PeerError("ERR_QZMQ_PROTOCOL", "Metadata is not padded");
  const metadata = without(decodeMetadata(bytes), [PAD, "User-Id"]);
  if (property(metadata, "Socket-Type") === undefined) {
    throw new PeerError("ERR_QZMQ_PROTOCOL", "Metadata without Socket-Type");
  }
  return metadata;
}

/** The peer's properties with those that the authorizer gave in place of its own. */
export function withAuthorized(metadata: Metadata, given: Metadata, userId: string): Metadata {
  const merged = new Map(without(metadata, [...given.keys(), "User-Id"]));
  for (const [name, value] of given) merged.set(name, value);
  if (userId !== "" && property(given, "User-Id") === undefined) merged.set("User-Id", Buffer.from(userId));
  return merged;
}

function without(metadata: Metadata, names: readonly string[]): Metadata {
  const unwanted = new Set(names.map((name) => name.toLowerCase()));
  return new Map([...metadata].filter(([name]) => !unwanted.has(name.toLowerCase())));
}
