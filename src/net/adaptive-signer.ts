/**
 * A signer that signs at once while little else waits, and in a thread of its own while much does, so that a server on
 * which many handshakes wait goes on with its traffic. Only where a signature takes milliseconds: that is ML-DSA of the
 * pure back end. What is native takes the runtime's own threads instead (`localSigner`).
 *
 * Nothing depends on the thread. It is handed a request only once it has said that it is ready, and what it then fails
 * to sign, or keeps to itself, is signed here, one signature a turn of the event loop.
 */
import { wipe } from "../bytes/constant-time.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import { type LocalSigner, localSigner, type Signer } from "../mechanism/qzmq/signer.ts";
import { DeferredTasks } from "./defer.ts";
import { type ThreadSettings, WorkerSigner } from "./worker-signer.ts";

/**
 * So many costly operations have to wait before the thread is started: that takes as much time as some twenty
 * signatures, which a client with a few connections never makes up for.
 */
const START_AT = 32;
/** More signatures are not awaited of the thread at a time; what comes beyond is signed here, which slows whoever asks. */
const MAX_AWAITED = 256;
/** Milliseconds without a request after which the thread ends. */
const IDLE = 30_000;

/** What tests exchange. */
export interface AdaptiveSettings extends ThreadSettings {
  readonly idle?: number;
}

/** See the head of this file. */
export class AdaptiveSigner implements Signer {
  readonly algorithm: SignatureName;
  readonly publicKey: Uint8Array;
  readonly #provider: CryptoProvider;
  readonly #local: LocalSigner;
  readonly #seed: Uint8Array;
  readonly #settings: AdaptiveSettings;
  /** What a thread owed and did not do. */
  readonly #owed = new DeferredTasks();
  #thread: WorkerSigner | null = null;
  #idle: NodeJS.Timeout | undefined;
  /** Once a thread has failed there is no other. */
  #mayStart = true;

  /** From a private key's 32-octet `seed`, which is copied. Throws `RangeError` for another length. */
  constructor(
    provider: CryptoProvider,
    algorithm: SignatureName,
    seed: Uint8Array,
    local: LocalSigner = localSigner(provider, algorithm, seed, provider.random),
    settings: AdaptiveSettings = {},
  ) {
    this.algorithm = algorithm;
    this.publicKey = local.publicKey;
    this.#provider = provider;
    this.#local = local;
    this.#seed = Uint8Array.from(seed);
    this.#settings = settings;
  }

  /** Signatures that are awaited of the thread; `null` while there is none that is ready. */
  get awaited(): number | null {
    return this.#thread?.ready ? this.#thread.awaited : null;
  }

  /** Whether there is a thread, ready or not. */
  get threaded(): boolean {
    return this.#thread !== null;
  }

  /** In the thread if it is there and others wait, in the order of the calls; else at once. */
  sign(message: Uint8Array, context: Uint8Array, waiting = 0): Uint8Array | Promise<Uint8Array> {
    const thread = this.#thread;
    if (thread === null) {
      if (waiting >= START_AT && this.#mayStart) this.#start();
    } else if (thread.ready && (waiting > 0 || thread.awaited > 0) && thread.awaited < MAX_AWAITED) {
      this.#idle?.refresh();
      return thread.sign(message, context).catch(() => this.#signOwed(message, context));
    }
    return this.#local.sign(message, context);
  }

  /** Ends the thread, if there is one; much to sign starts another. What is awaited of it is signed here. */
  async rest(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    clearTimeout(this.#idle);
    await thread?.dispose();
  }

  /** Overwrites the key, and has the thread do so; resolves when that has exited. What is awaited is rejected. */
  dispose(): Promise<void> {
    this.#mayStart = false;
    wipe(this.#seed);
    this.#local.dispose();
    return this.rest();
  }

  #start(): void {
    const { idle = IDLE } = this.#settings;
    let thread: WorkerSigner;
    try {
      thread = new WorkerSigner(this.#provider, this.algorithm, this.#seed, this.#settings);
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    this.#thread = thread;
    this.#idle = setTimeout(() => {
      if (thread.awaited > 0) this.#idle!.refresh();
      else void this.rest();
    }, idle).unref();
    void thread.exited.then((error) => {
      if (this.#thread !== thread) return;
      clearTimeout(this.#idle);
      this.#thread = null;
      this.#giveUp(error);
    });
  }

  /** Such as where the thread's file is not beside this one, or threads are not allowed. */
  #giveUp(error: unknown): void {
    this.#mayStart = false;
    const reasons = [error, (error as Error).cause].filter((reason) => reason instanceof Error);
    const why = reasons.map(({ message }) => message.split("\n", 1)[0]).join(": ");
    process.emitWarning(`Signatures are made without a thread: ${why}`, "QzmqSigningWarning");
  }

  #signOwed(message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#owed.push(() => {
        try {
          resolve(this.#local.sign(message, context));
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }
}

/**
 * A signer for an identity that connections show. `worker`: true, all signatures are made in a thread; false, none is;
 * by default those of a busy process are, where the runtime has no faster way. Throws `RangeError` for a seed that has
 * not 32 octets, which are copied.
 */
export function identitySigner(
  provider: CryptoProvider,
  algorithm: SignatureName,
  seed: Uint8Array,
  worker?: boolean,
): Signer {
  if (worker === true) return new WorkerSigner(provider, algorithm, seed);
  const local = localSigner(provider, algorithm, seed, provider.random);
  // An Ed25519 signature takes less than to hand it over.
  if (worker === false || local.native || algorithm === "Ed25519") return local;
  return new AdaptiveSigner(provider, algorithm, seed, local);
}
