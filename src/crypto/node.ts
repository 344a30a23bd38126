/**
 * Candidates from node:crypto for the native back end. Which of them a runtime really has, and has right, is for the
 * probes to find out: making a candidate never throws, using it may.
 */
import * as crypto from "node:crypto";
import { createHash, createHmac, createSecretKey, scryptSync } from "node:crypto";
import { wipe } from "../bytes/constant-time.ts";
import { buildHash, HASH_LENGTHS } from "./hash.ts";
import { nodeAead } from "./node-aead.ts";
import { plain } from "./node-bytes.ts";
import { nodeEd25519, nodeX25519 } from "./node-curves.ts";
import { nodeKem, nodeMlDsa } from "./node-pq.ts";
import type { CryptoProvider, Hash, HashName, Kem, KemName, RunningHash } from "./provider.ts";
import { random } from "./random.ts";
import { scryptMemory } from "./scrypt-limits.ts";

const DIGESTS = { "SHA-256": "sha256", "SHA-384": "sha384" } as const;
/** Octets of a block of each hash (FIPS 180-4). */
const BLOCKS = { "SHA-256": 64, "SHA-384": 128 } as const;

/** Hashes in one call; not in every runtime, and younger than the types this is compiled against. */
type OneShot = (algorithm: string, data: Uint8Array, encoding: "buffer") => Buffer;
const oneShot = (crypto as { readonly hash?: OneShot }).hash;

function hash(name: HashName): Hash {
  const digest = DIGESTS[name];
  const hashOf = oneShot && ((data: Uint8Array) => plain(oneShot(digest, data, "buffer")));
  return buildHash({
    name,
    digest(parts) {
      const running = createHash(digest);
      for (const part of parts) running.update(part);
      return plain(running.digest());
    },
    start(): RunningHash {
      const running = createHash(digest);
      return {
        update(bytes) {
          running.update(bytes);
          return this;
        },
        digest: () => plain(running.copy().digest()),
      };
    },
    hmac(key, parts) {
      if (hashOf !== undefined && key.length <= BLOCKS[name]) return hmacInTwo(hashOf, name, key, parts);
      // Node 24 spends 15 us more on a key that is no `KeyObject`.
      const running = createHmac(digest, createSecretKey(key));
      for (const part of parts) running.update(part);
      return plain(running.digest());
    },
  });
}

/**
 * RFC 2104, section 2, for a key of at most one block: hash((key ^ opad) || hash((key ^ ipad) || message)). Two one-shot
 * hashes take less time than an HMAC object with its key, and a handshake makes some seventy. Both inputs lie in one
 * piece of Node's pool, for memory of their own would cost as much as the hashes; all that holds the key is wiped.
 */
function hmacInTwo(
  hashOf: (data: Uint8Array) => Uint8Array,
  name: HashName,
  key: Uint8Array,
  parts: readonly Uint8Array[],
): Uint8Array {
  const block = BLOCKS[name];
  let size = block;
  for (const part of parts) size += part.length;
  const both = Buffer.allocUnsafe(size + block + HASH_LENGTHS[name]);
  for (let i = 0; i < block; i++) {
    const octet = i < key.length ? key[i]! : 0;
    both[i] = octet ^ 0x36;
    both[size + i] = octet ^ 0x5c;
  }
  let offset = block;
  for (const part of parts) {
    both.set(part, offset);
    offset += part.length;
  }
  const middle = hashOf(both.subarray(0, size));
  both.set(middle, size + block);
  const mac = hashOf(both.subarray(size));
  wipe(both, middle);
  return mac;
}

/** {@link CryptoProvider} with native primitives only, where a KEM may be absent. */
export interface NodeCandidates extends Omit<CryptoProvider, "name" | "kems"> {
  readonly kems: Readonly<Record<KemName, Kem | undefined>>;
}

/** What node:crypto may have. `pure` does the reproducible variants that it has not. */
export function nodeCandidates(pure: CryptoProvider): NodeCandidates {
  return Object.freeze<NodeCandidates>({
    hashes: { "SHA-256": hash("SHA-256"), "SHA-384": hash("SHA-384") },
    aeads: { "AES-256-GCM": nodeAead("AES-256-GCM"), "ChaCha20-Poly1305": nodeAead("ChaCha20-Poly1305") },
    kems: {
      "ML-KEM-768": nodeKem("ML-KEM-768", random, pure.kems["ML-KEM-768"]),
      "ML-KEM-1024": nodeKem("ML-KEM-1024", random, pure.kems["ML-KEM-1024"]),
    },
    signatures: {
      Ed25519: nodeEd25519(),
      "ML-DSA-44": nodeMlDsa("ML-DSA-44", random, pure.signatures["ML-DSA-44"]),
      "ML-DSA-65": nodeMlDsa("ML-DSA-65", random, pure.signatures["ML-DSA-65"]),
      "ML-DSA-87": nodeMlDsa("ML-DSA-87", random, pure.signatures["ML-DSA-87"]),
    },
    x25519: nodeX25519(random),
    scrypt(passphrase, salt, parameters) {
      const { N, r, p, length } = parameters;
      return plain(scryptSync(passphrase, salt, length, { N, r, p, maxmem: scryptMemory(parameters) }));
    },
    random,
  });
}
