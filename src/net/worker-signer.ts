/** A signer that works in a thread of its own, so that a signature (milliseconds) does not hold up the event loop. */
import { Worker } from "node:worker_threads";
import { wipe } from "../bytes/constant-time.ts";
import { Queue } from "../bytes/queue.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import type { Signer } from "../mechanism/qzmq/signer.ts";
import { Alarm } from "./alarm.ts";
import { monotonic } from "./clock.ts";
import type { SignReply, SignRequest, SignWorkerData } from "./sign-worker.ts";

/** More requests than this at a time are refused: a server bounds its handshakes far below. */
const MAX_WAITING = 1024;

/**
 * Milliseconds between looks at a thread that is at work; one that has the same request at two of them is given up. It
 * starts in 0.3 s and signs in milliseconds, so even a crowded machine is not mistaken for a fault, and handshakes, which
 * have 30 s by default, hear of it in time.
 */
const PATIENCE = 10_000;

/** What the thread runs; found by those who bundle as well. */
const THREAD_FILE = (): URL => new URL("./sign-worker.js", import.meta.url);

/** The thread of a signer lives and does not answer, so it was ended. */
export class SignerStalled extends Error {
  override readonly name = "SignerStalled";
  readonly code = "ERR_SIGNER_STALLED";

  constructor() {
    super(`the signing thread has not answered for ${PATIENCE / 1000} s`);
  }
}

/** What tests exchange. */
export interface ThreadSettings {
  readonly file?: URL;
  readonly makeAlarm?: (onTime: () => void) => Pick<Alarm, "set" | "clear">;
}

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
  /** What was with the thread at the last look. */
  #seen: Waiting | undefined;
  readonly #alarm: Pick<Alarm, "set" | "clear">;
  /** Why nothing more is signed. */
  #end: Error | undefined;

  /**
   * Starts the thread for a private key's 32-octet `seed`, which is copied. Throws `RangeError` for another length, and
   * what the runtime throws where it starts no threads. A thread that fails later rejects what is awaited of it;
   * one that does not answer is ended, and does so with {@link SignerStalled}.
   */
  constructor(
    provider: CryptoProvider,
    algorithm: SignatureName,
    seed: Uint8Array,
    { file = THREAD_FILE(), makeAlarm = (onTime) => new Alarm(onTime) }: ThreadSettings = {},
  ) {
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
    this.#alarm = makeAlarm(() => this.#look());
    this.#worker.on("message", (reply: SignReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(new Error("the signing thread failed", { cause: error })));
    this.exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        wipe(shared);
        this.#alarm.clear();
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

  /** Rejects when the signer has been closed, its thread failed or stalled, or 1024 others wait. */
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
      this.#alarm.clear();
      this.#alarm.set(monotonic() + PATIENCE);
      if (this.#ready) this.#worker.postMessage("end" satisfies SignRequest);
      else void this.#worker.terminate();
    }
    await this.exited;
  }

  /** One request at a time is with the thread, so that an end is not queued behind others. */
  #next(): void {
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#alarm.clear();
      this.#worker.unref();
      return;
    }
    this.#worker.ref();
    this.#alarm.set(monotonic() + PATIENCE);
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

  /** Ends a thread that has gone on with nothing since the last look, or has not ended though told to. */
  #look(): void {
    if (this.#end === undefined && this.#current !== this.#seen) {
      this.#seen = this.#current;
      this.#alarm.set(monotonic() + PATIENCE);
      return;
    }
    this.#fail(new SignerStalled());
    void this.#worker.terminate();
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
