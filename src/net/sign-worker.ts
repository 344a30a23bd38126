/** What runs in the thread of a worker signer: takes one message after another, sends back signatures. */
import { parentPort, workerData } from "node:worker_threads";
import { wipe } from "../bytes/constant-time.ts";
import type { SignatureName } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";

/** What the thread is started with. */
export interface SignWorkerData {
  readonly algorithm: SignatureName;
  /** 32 octets, handed over: the thread wipes them. */
  readonly seed: Uint8Array;
}

/** One thing to sign, or the end: then the thread wipes its key and exits. */
export type SignRequest = { readonly message: Uint8Array; readonly context: Uint8Array } | "end";

/** What came of a request. Every request but the last has one reply. */
export type SignReply = { readonly signature: Uint8Array } | { readonly failure: string };

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker thread only");
const { algorithm, seed } = workerData as SignWorkerData;
const provider = cryptoProvider("auto");
const key = provider.signatures[algorithm].key(seed);
wipe(seed);

port.on("message", (request: SignRequest) => {
  if (request === "end") {
    key.wipe();
    port.close();
    return;
  }
  port.postMessage(answer(request.message, request.context));
});

function answer(message: Uint8Array, context: Uint8Array): SignReply {
  try {
    return { signature: key.sign(message, context, provider.random) };
  } catch (error) {
    return { failure: String(error) };
  }
}
