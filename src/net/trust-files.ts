/** Trust that lives in files: pins, authorities and revocation lists, read again when one of them changes. */
import type { CryptoProvider } from "../crypto/provider.ts";
import type { Mode } from "../mechanism/qzmq/algorithm.ts";
import { Trust, type TrustOptions } from "../mechanism/qzmq/trust.ts";
import { fileVersion, loadCertificates, loadPins, loadRevocationList } from "./identity-files.ts";

/** Seconds between two looks at the files. */
const LOOK_EVERY = 5;

/** Where trust is kept, and what goes with it; at least one pin file or file of authorities. */
export interface TrustFilesOptions {
  readonly mode: Mode;
  readonly pins?: readonly string[];
  /** Files with one self-issued certificate or more. */
  readonly authorities?: readonly string[];
  /** One list in each. */
  readonly revocationLists?: readonly string[];
  readonly revocation?: "required" | "optional";
  readonly clockSkew?: number;
}

/** The trust that a set of files stands for now. */
export class TrustFiles {
  readonly #provider: CryptoProvider;
  readonly #options: TrustFilesOptions;
  readonly #onError: (error: Error) => void;
  #trust: Trust;
  #version: string;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /**
   * Reads everything. Throws `UsageError` when a file is unfit, `RangeError` when what they say together is.
   * `onError` is told, by {@link TrustFiles.current}, of files that have changed and become unfit.
   */
  constructor(provider: CryptoProvider, options: TrustFilesOptions, onError: (error: Error) => void) {
    this.#provider = provider;
    this.#options = options;
    this.#onError = onError;
    this.#version = this.#versions();
    this.#trust = new Trust(provider, this.#load());
  }

  /**
   * The trust as of `now` (Unix seconds). Looks at the files, not oftener than every five seconds. When a changed one
   * is unfit, such as half written, the former trust stays and `onError` is called, once for every look.
   */
  current(now: number): Trust {
    if (Math.abs(now - this.#lookedAt) < LOOK_EVERY) return this.#trust;
    this.#lookedAt = now;
    try {
      if (this.#versions() !== this.#version) this.reload();
    } catch (error) {
      this.#onError(error as Error);
    }
    return this.#trust;
  }

  /**
   * Reads everything again. Throws as the constructor does, and when the number of a revocation list went back; the
   * former trust stays then.
   */
  reload(): Trust {
    const version = this.#versions();
    this.#trust = this.#trust.renew(this.#load());
    this.#version = version;
    return this.#trust;
  }

  #versions(): string {
    const { pins = [], authorities = [], revocationLists = [] } = this.#options;
    return [...pins, ...authorities, ...revocationLists].map(fileVersion).join();
  }

  #load(): TrustOptions {
    const { pins = [], authorities = [], revocationLists = [], ...policy } = this.#options;
    return {
      ...policy,
      pins: pins.flatMap(loadPins),
      authorities: authorities.flatMap((path) => loadCertificates(this.#provider, path)),
      revocationLists: revocationLists.map(loadRevocationList),
    };
  }
}
