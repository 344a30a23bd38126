/** Both sides of a key exchange again, from recorded randomness (spec, "KEM"). */
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import { hex, type KemEntry, type RandomEntry, unhex } from "./format.ts";

/** Octets of ek and of ct by KEM octet. */
const LENGTHS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 0],
  [1184, 1088],
  [1568, 1568],
  [1184, 1088],
  [1568, 1568],
];

/** The recorded octets of that name; of one side where both drew some. */
export function recorded(random: readonly RandomEntry[], name: string, side?: string): Buffer {
  const found = random.find((entry) => entry.name === name && (side === undefined || entry.side === side));
  if (found === undefined) throw new Error(`no ${name} is recorded`);
  return unhex(found.octets);
}

/**
 * The exchange that began with `publicKey`, checked from both ends: the key is that of its randomness, the ciphertext
 * that of its randomness, and both ends come to the same secret. `starter` says whose key it is where both drew one.
 */
export function kemExchange(
  provider: CryptoProvider,
  octet: number,
  publicKey: Uint8Array,
  ciphertext: Uint8Array,
  random: readonly RandomEntry[],
  prefix: string,
  starter?: string,
): { readonly secret: Buffer; readonly entry: KemEntry } {
  const [ekLength, ctLength] = LENGTHS[octet]!;
  const kem = octet === 1 ? null : provider.kems[octet === 2 || octet === 4 ? "ML-KEM-768" : "ML-KEM-1024"];
  let post: Buffer | null = null;
  if (kem !== null) {
    const pair = kem.generate(recorded(random, `${prefix}kem.seed`, starter));
    same(pair.publicKey, publicKey.subarray(0, ekLength), "ek");
    const made = kem.encapsulate(pair.publicKey, recorded(random, `${prefix}kem.encapsulation`))!;
    same(made.ciphertext, ciphertext.subarray(0, ctLength), "ct");
    same(kem.decapsulate(made.ciphertext, pair.secretKey), made.secret, "K");
    post = Buffer.from(made.secret);
  }
  let agreed: Buffer | null = null;
  if (octet !== 2 && octet !== 3) {
    const { x25519 } = provider;
    const first = recorded(random, `${prefix}kem.x25519`, starter);
    const second = recorded(random, `${prefix}kem.encapsulation.x25519`);
    same(x25519.publicKey(first), publicKey.subarray(ekLength), "X");
    same(x25519.publicKey(second), ciphertext.subarray(ctLength), "X'");
    agreed = Buffer.from(x25519.sharedSecret(first, x25519.publicKey(second))!);
    same(x25519.sharedSecret(second, x25519.publicKey(first))!, agreed, "x25519");
  }
  const secret = Buffer.concat([post ?? Buffer.alloc(0), agreed ?? Buffer.alloc(0)]);
  const entry: KemEntry = {
    ...{ public: hex(publicKey), ciphertext: hex(ciphertext), secret: hex(secret) },
    secretMlKem: post === null ? null : hex(post),
    secretX25519: agreed === null ? null : hex(agreed),
  };
  return { secret, entry };
}

function same(found: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(found, expected) !== 0) throw new Error(`${what} is not that of its randomness`);
}
