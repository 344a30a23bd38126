import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../src/bytes/writer.ts";
import { hex } from "../../src/mechanism/qzmq/algorithm.ts";
import { SignerStalled, type ThreadSettings, WorkerSigner } from "../../src/net/worker-signer.ts";
import { key, provider, seedOf } from "../mechanism/qzmq/pki.ts";
import { within } from "../support/within.ts";

const CONTEXT = utf8("QZMQ/1 server");
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "no failure",
    (error: Error) => error.message,
  );

/** Reached only when something hangs. */
const LIMIT = 30_000;
/** A thread that is ready, and gets stuck with the first thing that it hears. */
const STUCK = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.postMessage("ready");
    parentPort.on("message", () => { for (;;); });`)}`,
);

/** An alarm that rings when it is told to. */
function handAlarm() {
  let onTime: () => void;
  let set = false;
  return {
    isSet: () => set,
    ring() {
      assert.ok(set, "nobody waits for the alarm");
      set = false;
      onTime();
    },
    makeAlarm: (listener: () => void) => {
      onTime = listener;
      return {
        set() {
          set = true;
        },
        clear() {
          set = false;
        },
      };
    },
  };
}

const test = suite<{ start: (seed?: Uint8Array, settings?: ThreadSettings) => WorkerSigner }>(
  "worker signer",
);
let started: WorkerSigner[] = [];
test.before.each((context) => {
  context.start = (seed = seedOf("someone"), settings = {}) => {
    const signer = new WorkerSigner(provider, "ML-DSA-44", seed, settings);
    started.push(signer);
    return signer;
  };
});
test.after.each(async () => {
  await Promise.all(started.map((signer) => signer.dispose()));
  started = [];
});

test("signs in another thread what verifies here", async ({ start }) => {
  const signer = start();
  assert.is(signer.algorithm, "ML-DSA-44");
  assert.is(hex(signer.publicKey), hex(key("someone").publicKey));
  const messages = ["a", "b", "c"].map((text) => utf8(text));
  const signatures = await Promise.all(messages.map((message) => signer.sign(message, CONTEXT)));
  for (const [i, signature] of signatures.entries()) {
    assert.ok(provider.signatures["ML-DSA-44"].verify(signer.publicKey, messages[i]!, CONTEXT, signature));
  }
});

test("a message may change after the call", async ({ start }) => {
  const signer = start();
  const message = utf8("before");
  // The second one waits on this side for its turn.
  const signatures = [signer.sign(message, CONTEXT), signer.sign(message, CONTEXT)];
  message.fill(0);
  const { verify } = provider.signatures["ML-DSA-44"];
  for (const signature of signatures) {
    assert.ok(verify(signer.publicKey, utf8("before"), CONTEXT, await signature));
  }
});

test("the seed is copied", async ({ start }) => {
  const seed = seedOf("someone");
  const signer = start(seed);
  seed.fill(0);
  const signature = await signer.sign(utf8("m"), CONTEXT);
  assert.ok(provider.signatures["ML-DSA-44"].verify(key("someone").publicKey, utf8("m"), CONTEXT, signature));
});

test("a request that cannot be signed fails alone", async ({ start }) => {
  const signer = start();
  assert.match(await failure(signer.sign(utf8("m"), new Uint8Array(256))), /refused: RangeError/);
  assert.is((await signer.sign(utf8("m"), CONTEXT)).length, 2420);
});

test("closing rejects what is awaited and what comes later, and the thread ends", async ({ start }) => {
  const signer = start();
  const outcomes = Promise.all([1, 2, 3].map(() => failure(signer.sign(utf8("m"), CONTEXT))));
  const closed = signer.dispose();
  const message = "this signer has been closed";
  assert.equal(await outcomes, [message, message, message]);
  await closed;
  assert.is(await failure(signer.sign(utf8("m"), CONTEXT)), message);
  await signer.dispose();
});

test("a thread that lives and does not answer is ended, and its requests fail", async ({ start }) => {
  const { ring, makeAlarm } = handAlarm();
  const signer = start(undefined, { file: STUCK, makeAlarm });
  const outcomes = [1, 2].map(() => signer.sign(utf8("m"), CONTEXT).catch((error: Error) => error));
  ring();
  ring();
  const stalled = await within(LIMIT, Promise.all(outcomes), "the requests fail");
  for (const error of stalled) assert.instance(error, SignerStalled);
  assert.is((stalled[0] as SignerStalled).code, "ERR_SIGNER_STALLED");
  assert.is(await within(LIMIT, signer.exited, "the thread is gone"), stalled[0]);
  assert.match(await failure(signer.sign(utf8("m"), CONTEXT)), /has not answered/);
});

test("a thread that goes on is left alone, however often it is looked at", async ({ start }) => {
  const { ring, makeAlarm } = handAlarm();
  const signer = start(undefined, { makeAlarm });
  for (let i = 0; i < 3; i++) {
    const signature = signer.sign(utf8("m"), CONTEXT);
    ring();
    assert.is((await signature).length, 2420);
  }
});

test("it is looked at while it is at work only", async ({ start }) => {
  const { isSet, makeAlarm } = handAlarm();
  const signer = start(undefined, { makeAlarm });
  assert.not(isSet());
  const signature = signer.sign(utf8("m"), CONTEXT);
  assert.ok(isSet());
  await signature;
  assert.not(isSet());
  await signer.dispose();
  assert.not(isSet());
});

test("a thread that does not hear that it shall end is ended", async ({ start }) => {
  const { ring, makeAlarm } = handAlarm();
  const signer = start(undefined, { file: STUCK, makeAlarm });
  while (!signer.ready) await new Promise((resolve) => setImmediate(resolve));
  const disposed = signer.dispose();
  ring();
  await within(LIMIT, disposed, "the thread is gone");
});

test("requests are bounded", async ({ start }) => {
  const signer = start();
  const outcomes = Array.from({ length: 1026 }, () => failure(signer.sign(utf8("m"), CONTEXT)));
  assert.is(await outcomes[1025], "too many signatures are awaited");
  await signer.dispose();
  assert.is(await outcomes[1024], "this signer has been closed");
});

test("a seed of another length is refused, and no thread starts", () => {
  const isRangeError = (error: unknown) => error instanceof RangeError;
  assert.throws(() => new WorkerSigner(provider, "ML-DSA-44", new Uint8Array(31)), isRangeError);
});

/** Runs a script in a process of its own, which has `WorkerSigner` and a `provider`. */
function run(script: string): { status: number | null; output: string } {
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `
    const { WorkerSigner } = await import(${at("../../src/net/worker-signer.js")});
    const { cryptoProvider } = await import(${at("../../src/crypto/select.js")});
    const provider = cryptoProvider("auto");
    ${script}`;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const options = { cwd, timeout: 60_000, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", source],
    options,
  );
  return { status, output: stdout + stderr };
}

test("an idle signer does not keep the process alive; one at work does", () => {
  const { status, output } = run(`
    const unused = new WorkerSigner(provider, "ML-DSA-44", new Uint8Array(32));
    const signer = new WorkerSigner(provider, "ML-DSA-44", new Uint8Array(32));
    const signature = await signer.sign(new Uint8Array(1), new Uint8Array(0));
    console.log(String(signature.length));`);
  assert.is(output.trim(), "2420");
  assert.is(status, 0);
});

test("a thread that cannot work fails its requests", () => {
  const { status, output } = run(`
    const broken = Object.create(provider, {
      signatures: { value: { "No-Such": { publicKey: () => new Uint8Array(1) } } },
    });
    const signer = new WorkerSigner(broken, "No-Such", new Uint8Array(32));
    for (const _ of [1, 2]) {
      await signer.sign(new Uint8Array(1), new Uint8Array(0)).catch((error) => console.log(error.message));
    }
    await signer.dispose();`);
  assert.is(output.trim(), "the signing thread failed\nthe signing thread failed");
  assert.is(status, 0);
});

test.run();
