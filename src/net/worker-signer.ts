/** A signer that works in a thread of its own, so that a signature (milliseconds) does not hold up the event loop. */
import { Worker } from "node:worker_threads";
import { wipe } from "../bytes/constant-time.ts";
import { Queue } from "../bytes/queue.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import type { Signer } from "../mechanism/qzmq/signer.ts";
import type { SignReply, SignRequest, SignWorkerData } from "./sign-worker.ts";

/** More requests than this at a time are refused: a server bounds its handshakes far below. */
const MAX_WAITING = 1024;

/** What the thread runs; found by those who bundle as well. */
const THREAD_FILE = (): URL => new URL("./sign-worker.js", import.meta.url);

interface Waiting {
  readonly request: SignRequest;
  readonly resolve: (signature: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** A {@link Signer} over a thread. The thread keeps the process alive only while a signature is awaited. */
export class WorkerSigner implements Signer {
  readonly algorithm: SignatureName;
  readonly publicKey: Uint8Array;
  readonly #worker: Worker;
  readonly #waiting = new Queue<Waiting>();
  /** Resolves, when the thread is gone, with the reason. */
  readonly exited: Promise<Error>;
  #ready = false;
  #current: Waiting | undefined;
  /** Why nothing more is signed. */
  #end: Error | undefined;

  /**
   * Starts the thread for a private key's 32-octet `seed`, which is copied. Throws `RangeError` for another length, and
   * what the runtime throws where it starts no threads. A thread that fails later rejects what is awaited of it.
   */
  constructor(provider: CryptoProvider, algorithm: SignatureName, seed: Uint8Array, file = THREAD_FILE()) {
    this.algorithm = algorithm;
    this.publicKey = provider.signatures[algorithm].publicKey(seed);
    // Shared, so that it can be wiped whatever becomes of the thread.
    const shared = new Uint8Array(new SharedArrayBuffer(seed.length));
    shared.set(seed);
    const workerData: SignWorkerData = { algorithm, seed: shared };
    try {
      this.#worker = new Worker(file, {
        name: "qzmq-signer",
        // Not the process's own: flags such as --input-type would keep the thread from starting.
        execArgv: [],
        workerData,
      });
    } catch (error) {
      wipe(shared);
      throw error;
    }
    this.#worker.on("message", (reply: SignReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(new Error("the signing thread failed", { cause: error })));
    this.exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        wipe(shared);
        resolve(this.#fail(new Error("the signing thread has ended")));
      });
    });
    // Last: to listen for messages is to hold on to the thread.
    this.#worker.unref();
  }

  /** Whether the thread has said that it can sign. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Signatures that are awaited. */
  get awaited(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** Rejects when the signer has been closed, its thread failed, or 1024 others wait. */
  sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      if (this.#waiting.length >= MAX_WAITING) return reject(new Error("too many signatures are awaited"));
      // Copied: to clone a view is to clone all of the memory below it.
      this.#waiting.push({
        request: { message: new Uint8Array(message), context: new Uint8Array(context) },
        resolve,
        reject,
      });
      if (this.#current === undefined) this.#next();
    });
  }

  /**
   * Rejects what is awaited, has the thread overwrite its key, and resolves when it has exited. A thread that is not
   * ready has no key, and may never hear. May be called again.
   */
  async dispose(): Promise<void> {
    if (this.#end === undefined) {
      this.#fail(new Error("this signer has been closed"));
      this.#worker.ref();
      if (this.#ready) this.#worker.postMessage("end" satisfies SignRequest);
      else void this.#worker.terminate();
    }
    await this.exited;
  }

  /** One request at a time is with the thread, so that an end is not queued behind others. */
  #next(): void {
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#worker.unref();
      return;
    }
    this.#worker.ref();
    this.#worker.postMessage(this.#current.request);
  }

  #settle(reply: SignReply): void {
    if (reply === "ready") {
      this.#ready = true;
      return;
    }
    const current = this.#current;
    if (current === undefined) return;
    if ("signature" in reply) current.resolve(reply.signature);
    else current.reject(new Error(`the signing thread refused: ${reply.failure}`));
    this.#next();
  }

  /** Returns why it signs no more, which may be an earlier reason. */
  #fail(error: Error): Error {
    this.#end ??= error;
    this.#current?.reject(error);
    this.#current = undefined;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift())
      item.reject(error);
    return this.#end;
  }
}
