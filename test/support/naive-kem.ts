/** The naive peers' key exchange: fixed "random" octets, every suite's KEM (spec, "KEM"). */
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { bytes } from "./naive-codec.ts";

/** A key pair that can be used again: nothing here is secret. */
export interface NaivePair {
  readonly publicKey: Buffer;
  decapsulate(ciphertext: Uint8Array): Buffer;
}

function parts(provider: CryptoProvider, kem: number) {
  const post = kem === 1 ? null : provider.kems[kem === 2 || kem === 4 ? "ML-KEM-768" : "ML-KEM-1024"];
  return { post, withX: kem === 1 || kem >= 4 };
}

/** Octets of kem_public and kem_ciphertext. */
export function kemLengths(provider: CryptoProvider, kem: number): { publicKey: number; ciphertext: number } {
  const { post, withX } = parts(provider, kem);
  const x = withX ? 32 : 0;
  return { publicKey: (post?.publicKeyLength ?? 0) + x, ciphertext: (post?.ciphertextLength ?? 0) + x };
}

/** A pair made of the octet `fill`. */
export function naivePair(provider: CryptoProvider, kem: number, fill: number): NaivePair {
  const { post, withX } = parts(provider, kem);
  const made = post?.generate(new Uint8Array(64).fill(fill));
  const secretX = new Uint8Array(32).fill(fill);
  return {
    publicKey: bytes(made?.publicKey ?? "", withX ? provider.x25519.publicKey(secretX) : ""),
    decapsulate(ciphertext) {
      const cut = post?.ciphertextLength ?? 0;
      return bytes(
        post === null ? "" : post.decapsulate(ciphertext.subarray(0, cut), made!.secretKey),
        withX ? provider.x25519.sharedSecret(secretX, ciphertext.subarray(cut))! : "",
      );
    },
  };
}

/** An encapsulation made of the octet `fill`. */
export function naiveEncapsulate(
  provider: CryptoProvider,
  kem: number,
  publicKey: Uint8Array,
  fill: number,
): { readonly ciphertext: Buffer; readonly secret: Buffer } {
  const { post, withX } = parts(provider, kem);
  const cut = post?.publicKeyLength ?? 0;
  const made = post?.encapsulate(publicKey.subarray(0, cut), new Uint8Array(32).fill(fill));
  const secretX = new Uint8Array(32).fill(fill);
  return {
    ciphertext: bytes(made?.ciphertext ?? "", withX ? provider.x25519.publicKey(secretX) : ""),
    secret: bytes(
      made?.secret ?? "",
      withX ? provider.x25519.sharedSecret(secretX, publicKey.subarray(cut))! : "",
    ),
  };
}
