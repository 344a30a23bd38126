/** What runs in the thread of a worker signer: says when it is ready, takes one message after another, sends back signatures. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { wipe } from "../bytes/constant-time.ts";
import type { SignatureName } from "../crypto/provider.ts";

/** Nice value, 0 being what others have: a quarter of a core that has both this thread and the event loop to run. */
const PRIORITY = 5;

/** What the thread is started with. */
export interface SignWorkerData {
  readonly algorithm: SignatureName;
  /** 32 octets in shared memory: the thread wipes them once it has its key, and whoever started it when it is gone. */
  readonly seed: Uint8Array;
}

/** One thing to sign, or the end: then the thread wipes its key and exits. */
export type SignRequest = { readonly message: Uint8Array; readonly context: Uint8Array } | "end";

/** What came of a request, one for each but the last; before all of them that the thread is ready. */
export type SignReply = "ready" | { readonly signature: Uint8Array } | { readonly failure: string };

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker thread only");
const { algorithm, seed } = workerData as SignWorkerData;
stepBack();
// Loaded now, after that: it takes as long as tens of signatures.
const { cryptoProvider } = await import("../crypto/select.ts");
const provider = cryptoProvider("auto");
const own = Uint8Array.from(seed);
const key = provider.signatures[algorithm].key(own);
wipe(seed, own);

port.on("message", (request: SignRequest) => {
  if (request === "end") {
    key.wipe();
    port.close();
    return;
  }
  send(answer(request.message, request.context));
});
send("ready");

/**
 * The event loop goes before this thread where there are not cores enough for both, which halves its delay on two. Linux
 * takes a thread's number for that of a process; other systems have no such thing.
 */
function stepBack(): void {
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), PRIORITY);
  } catch {
    // Signing goes on as it is.
  }
}

function send(reply: SignReply): void {
  port!.postMessage(reply);
}

function answer(message: Uint8Array, context: Uint8Array): SignReply {
  try {
    return { signature: key.sign(message, context, provider.random) };
  } catch (error) {
    return { failure: String(error) };
  }
}
