/** A signer that works in a thread of its own, so that a signature (milliseconds) does not hold up the event loop. */
import { Worker } from "node:worker_threads";
import { Queue } from "../bytes/queue.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import type { Signer } from "../mechanism/qzmq/signer.ts";
import type { SignReply, SignRequest, SignWorkerData } from "./sign-worker.ts";

/** More requests than this at a time are refused: a server bounds its handshakes far below. */
const MAX_WAITING = 1024;

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
  readonly #exited: Promise<void>;
  #current: Waiting | undefined;
  /** Why nothing more is signed. */
  #end: Error | undefined;

  /** Starts the thread for a private key's 32-octet `seed`, which is copied. Throws `RangeError` for another length. */
  constructor(provider: CryptoProvider, algorithm: SignatureName, seed: Uint8Array) {
    this.algorithm = algorithm;
    this.publicKey = provider.signatures[algorithm].publicKey(seed);
    // Handed over, not copied: this thread keeps nothing.
    const workerData: SignWorkerData = { algorithm, seed: Uint8Array.from(seed) };
    this.#worker = new Worker(new URL("./sign-worker.js", import.meta.url), {
      name: "qzmq-signer",
      // Not the process's own: flags such as --input-type would keep the thread from starting.
      execArgv: [],
      workerData,
      transferList: [workerData.seed.buffer as ArrayBuffer],
    });
    this.#worker.on("message", (reply: SignReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(new Error("the signing thread failed", { cause: error })));
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail(new Error("the signing thread has ended"));
        resolve();
      });
    });
    // Last: to listen for messages is to hold on to the thread.
    this.#worker.unref();
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

  /** Rejects what is awaited, has the thread overwrite its key, and resolves when it has exited. May be called again. */
  dispose(): Promise<void> {
    if (this.#end === undefined) {
      this.#fail(new Error("this signer has been closed"));
      this.#worker.ref();
      this.#worker.postMessage("end" satisfies SignRequest);
    }
    return this.#exited;
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
    const current = this.#current;
    if (current === undefined) return;
    if ("signature" in reply) current.resolve(reply.signature);
    else current.reject(new Error(`the signing thread refused: ${reply.failure}`));
    this.#next();
  }

  #fail(error: Error): void {
    this.#end ??= error;
    this.#current?.reject(error);
    this.#current = undefined;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift())
      item.reject(error);
  }
}
