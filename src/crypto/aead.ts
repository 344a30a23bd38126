/** An {@link Aead} from what a back end brings; the checks that both make alike. */
import { Held } from "./held.ts";
import { requireLength } from "./inputs.ts";
import type { Aead, AeadKey, AeadName, Opening, Sealing } from "./provider.ts";

/** Octets of an AEAD key. */
const KEY_LENGTH = 32;
/** Octets of a nonce. */
const NONCE_LENGTH = 12;
/** Octets of a tag. */
export const TAG_LENGTH = 16;

/** What a back end brings for one AEAD. Nonces have 12 octets, `sealed` at least 16. */
export interface AeadCore<K> {
  readonly name: AeadName;
  /** A back end's form of 32 octets of key, copied. */
  load(key: Uint8Array): K;
  /** Both copy the nonce; what they return is called once, and not after `erase`. */
  beginSeal(key: K, nonce: Uint8Array): Sealing;
  beginOpen(key: K, nonce: Uint8Array): Opening;
  erase(key: K): void;
}

class Key<K> implements AeadKey {
  readonly #core: AeadCore<K>;
  readonly #key: Held<K>;

  constructor(core: AeadCore<K>, key: Uint8Array) {
    this.#core = core;
    this.#key = new Held(core.load(key), core.erase);
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Uint8Array[] {
    return this.beginSeal(nonce)(aad, plaintext);
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    return this.beginOpen(nonce)(aad, sealed);
  }

  beginSeal(nonce: Uint8Array): Sealing {
    requireLength(nonce, NONCE_LENGTH, "nonce");
    const seal = this.#core.beginSeal(this.#key.get(), nonce);
    return (aad, plaintext) => {
      this.#key.get();
      return seal(aad, plaintext);
    };
  }

  beginOpen(nonce: Uint8Array): Opening {
    requireLength(nonce, NONCE_LENGTH, "nonce");
    const open = this.#core.beginOpen(this.#key.get(), nonce);
    return (aad, sealed) => {
      this.#key.get();
      return sealed.length < TAG_LENGTH ? null : open(aad, sealed);
    };
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** Completes an AEAD with its checks. */
export function buildAead<K>(core: AeadCore<K>): Aead {
  return Object.freeze({
    name: core.name,
    key(key: Uint8Array): AeadKey {
      requireLength(key, KEY_LENGTH, `${core.name} key`);
      return new Key(core, key);
    },
  });
}
