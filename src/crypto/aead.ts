/** An {@link Aead} from what a back end brings; the checks that both make alike. */
import { Held } from "./held.ts";
import { requireLength } from "./inputs.ts";
import type { Aead, AeadKey, AeadName } from "./provider.ts";

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
  seal(key: K, nonce: Uint8Array, aad: Uint8Array, plaintext: readonly Uint8Array[]): Uint8Array[];
  open(key: K, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null;
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
    requireLength(nonce, NONCE_LENGTH, "nonce");
    return this.#core.seal(this.#key.get(), nonce, aad, plaintext);
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    requireLength(nonce, NONCE_LENGTH, "nonce");
    const key = this.#key.get();
    return sealed.length < TAG_LENGTH ? null : this.#core.open(key, nonce, aad, sealed);
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
