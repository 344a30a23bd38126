/** Secret keys that are gone once wiped. */

/** A back end's form of a secret key, until it is wiped. */
export class Held<K> {
  #key: K | undefined;
  readonly #erase: (key: K) => void;

  /** `erase` overwrites what it can of the key. */
  constructor(key: K, erase: (key: K) => void) {
    this.#key = key;
    this.#erase = erase;
  }

  /** The key. Throws once it has been wiped. */
  get(): K {
    if (this.#key === undefined) throw new Error("this key has been wiped");
    return this.#key;
  }

  /** Erases the key and lets go of it. May be called again. */
  wipe(): void {
    if (this.#key === undefined) return;
    this.#erase(this.#key);
    this.#key = undefined;
  }
}
