/** Signature algorithms: their octets, the modes that allow them, and the fingerprint of a key (spec, "Suites"). */
import { utf8 } from "../../bytes/writer.ts";
import type { CryptoProvider, SignatureName } from "../../crypto/provider.ts";

/**
 * Which algorithms a peer may use at all. `hybrid` and `pq-only` exclude Ed25519 from end-entity keys, authorities and
 * revocation lists alike; `classical` admits it beside the others and must be asked for by name.
 */
export type Mode = "hybrid" | "pq-only" | "classical";

/** The signature octet of each algorithm, as in a suite, a certificate and a key file. */
export const SIGNATURE_OCTETS: Readonly<Record<SignatureName, number>> = {
  Ed25519: 1,
  "ML-DSA-44": 2,
  "ML-DSA-65": 3,
  "ML-DSA-87": 4,
};

const BY_OCTET: readonly (SignatureName | undefined)[] = [
  undefined,
  "Ed25519",
  "ML-DSA-44",
  "ML-DSA-65",
  "ML-DSA-87",
];
const POST_QUANTUM: readonly SignatureName[] = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
const ALL: readonly SignatureName[] = ["Ed25519", ...POST_QUANTUM];
const FINGERPRINT_LABEL = utf8("QZMQ/1 key");

/** The algorithm that a signature octet names; `undefined` for an octet that names none. */
export function signatureByOctet(octet: number): SignatureName | undefined {
  return BY_OCTET[octet];
}

/** The algorithms that keys of end entities, authorities and revocation lists may have in `mode`. */
export function signaturesOfMode(mode: Mode): readonly SignatureName[] {
  return mode === "classical" ? ALL : POST_QUANTUM;
}

/** SHA-256("QZMQ/1 key" || signature octet || public key), 32 octets: the pin, and the key id in certificates. */
export function keyFingerprint(
  provider: CryptoProvider,
  algorithm: SignatureName,
  publicKey: Uint8Array,
): Uint8Array {
  const octet = Uint8Array.of(SIGNATURE_OCTETS[algorithm]);
  return provider.hashes["SHA-256"].digest(FINGERPRINT_LABEL, octet, publicKey);
}

/** Lower-case hexadecimal digits: how pins, key ids and serials are shown and looked up. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
