import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../src/bytes/writer.ts";
import { cryptoProvider } from "../../src/crypto/select.ts";
import { localSigner, SIGNATURE_CONTEXTS, type Signer } from "../../src/mechanism/qzmq/signer.ts";
import { type AdaptiveSettings, AdaptiveSigner, identitySigner } from "../../src/net/adaptive-signer.ts";
import { WorkerSigner } from "../../src/net/worker-signer.ts";
import { key, seedOf } from "../mechanism/qzmq/pki.ts";
import { within } from "../support/within.ts";

/** Signs in this thread whatever the runtime: what `AdaptiveSigner` is for. */
const provider = cryptoProvider("noble");
const CONTEXT = SIGNATURE_CONTEXTS.server;
const MUCH = 1000;
/** Reached only when something hangs. */
const LIMIT = 30_000;

const test = suite<{ make: (settings?: AdaptiveSettings) => AdaptiveSigner }>("adaptive signer");
let made: AdaptiveSigner[] = [];
let warnings: string[] = [];
const onWarning = (warning: Error): void => {
  if (warning.name === "QzmqSigningWarning") warnings.push(warning.message);
};
test.before.each((context) => {
  process.on("warning", onWarning);
  context.make = (settings = {}) => {
    const local = localSigner(provider, "ML-DSA-44", seedOf("someone"), provider.random);
    const signer = new AdaptiveSigner(provider, "ML-DSA-44", seedOf("someone"), local, settings);
    made.push(signer);
    return signer;
  };
});
test.after.each(async () => {
  await within(LIMIT, Promise.all(made.map((signer) => signer.dispose())), "all threads are gone");
  process.off("warning", onWarning);
  made = [];
  warnings = [];
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const message = (i: number): Uint8Array => utf8(`message ${i}`);
const verifies = (i: number, signature: Uint8Array): boolean =>
  provider.signatures["ML-DSA-44"].verify(key("someone").publicKey, message(i), CONTEXT, signature);

/** Asks for one signature under much load, and waits for the thread that this starts. */
async function startThread(signer: AdaptiveSigner): Promise<void> {
  assert.instance(signer.sign(message(0), CONTEXT, MUCH), Uint8Array, "until there is a thread");
  const started = async (): Promise<void> => {
    while (signer.awaited === null) await turn();
  };
  await within(LIMIT, started(), "the thread is ready");
}

/** A thread's file with this text. */
const file = (text: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from "node:worker_threads"; ${text}`)}`,
  );

test("without others that wait it signs at once, and starts no thread for few", ({ make }) => {
  const signer = make();
  for (const waiting of [undefined, 0, 1, 31]) {
    const signature = signer.sign(message(1), CONTEXT, waiting);
    assert.ok(verifies(1, signature as Uint8Array));
  }
  assert.is(signer.awaited, null);
});

test("with many that wait it signs in a thread, in order, while the event loop turns", async ({ make }) => {
  const signer = make();
  await startThread(signer);
  const order: string[] = [];
  const signatures = Array.from({ length: 20 }, async (_, i) => {
    // The first says that others wait; the others wait themselves for that one.
    const signature = await signer.sign(message(i), CONTEXT, i === 0 ? 1 : 0);
    order.push(`signed ${i}`);
    return verifies(i, signature);
  });
  assert.is(signer.awaited, 20);
  let over = false;
  const turning = (async () => {
    while (!over) {
      await turn();
      order.push("turn");
    }
  })();
  const right = await within(LIMIT, Promise.all(signatures), "all signatures");
  over = true;
  await turning;
  assert.ok(right.every(Boolean));
  const signed = order.filter((what) => what !== "turn");
  assert.equal(
    signed,
    Array.from({ length: 20 }, (_, i) => `signed ${i}`),
  );
  assert.is.not(order.indexOf("turn"), -1);
  assert.ok(order.indexOf("turn") < order.indexOf("signed 19"), "others had a turn between signatures");
  assert.instance(signer.sign(message(1), CONTEXT, 0), Uint8Array, "nobody waits any more");
});

test("what is awaited of the thread is bounded; the rest is signed here", async ({ make }) => {
  const signer = make();
  await startThread(signer);
  const signatures = Array.from({ length: 258 }, (_, i) => signer.sign(message(i), CONTEXT, 1));
  assert.is(signer.awaited, 256);
  assert.equal(
    signatures.map((signature) => signature instanceof Uint8Array),
    Array.from({ length: 258 }, (_, i) => i >= 256),
  );
  await signer.rest();
  for (const signature of signatures) await within(LIMIT, Promise.resolve(signature), "a signature");
});

test("what a thread that crashes owes is signed here, one a turn, and there is no other thread", async ({
  make,
}) => {
  const signer = make({
    file: file(
      'parentPort.on("message", () => { throw new Error("crash on purpose"); }); parentPort.postMessage("ready");',
    ),
  });
  await startThread(signer);
  let turns = 0;
  const atTurn = Array.from({ length: 5 }, async (_, i) => {
    assert.ok(verifies(i, await signer.sign(message(i), CONTEXT, MUCH)));
    return turns;
  });
  let over = false;
  const turning = (async () => {
    for (; !over; turns++) await turn();
  })();
  const seen = await within(LIMIT, Promise.all(atTurn), "all signatures");
  over = true;
  await turning;
  assert.is(new Set(seen).size, 5, `signed at turns ${seen}`);
  while (warnings.length === 0) await turn();
  assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
  await turn();
  assert.is(signer.awaited, null);
  assert.equal(warnings, [
    "Signatures are made without a thread: the signing thread failed: crash on purpose",
  ]);
});

test("what a thread that does not answer owes is signed here, and there is no other thread", async ({
  make,
}) => {
  let ring = (): void => assert.unreachable("no alarm was asked for");
  const signer = make({
    file: file('parentPort.on("message", () => { for (;;); }); parentPort.postMessage("ready");'),
    makeAlarm: (onTime) => {
      ring = onTime;
      return { set() {}, clear() {} };
    },
  });
  await startThread(signer);
  const signatures = [1, 2, 3].map((i) => signer.sign(message(i), CONTEXT, 1));
  ring();
  ring();
  for (const [i, signature] of signatures.entries()) {
    assert.ok(verifies(i + 1, await within(LIMIT, Promise.resolve(signature), "a signature")));
  }
  const gone = async (): Promise<void> => {
    while (warnings.length === 0) await turn();
  };
  await within(LIMIT, gone(), "the warning");
  assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
  assert.not(signer.threaded);
  assert.equal(warnings, [
    "Signatures are made without a thread: the signing thread has not answered for 10 s",
  ]);
});

test("a thread that exits unasked is a crash", async ({ make }) => {
  const signer = make({
    file: file('parentPort.on("message", () => process.exit(0)); parentPort.postMessage("ready");'),
  });
  await startThread(signer);
  assert.ok(
    verifies(1, await within(LIMIT, Promise.resolve(signer.sign(message(1), CONTEXT, 1)), "signature")),
  );
});

test("without the thread's file it signs here, and says so once", async ({ make }) => {
  const signer = make({ file: new URL("./no-such-file.js", import.meta.url) });
  const signed = async (): Promise<void> => {
    while (warnings.length === 0) {
      assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
      await turn();
    }
  };
  await within(LIMIT, signed(), "the warning");
  assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
  await turn();
  assert.is(warnings.length, 1);
  assert.match(warnings[0]!, /no-such-file/);
});

test("a thread that never says that it is ready is handed nothing, and ends all the same", async ({
  make,
}) => {
  const signer = make({ file: file("for (;;);") });
  for (let i = 0; i < 20; i++) {
    assert.instance(signer.sign(message(i), CONTEXT, MUCH), Uint8Array);
    await turn();
  }
  await within(LIMIT, signer.dispose(), "the thread is gone");
});

test("disposed of, it rejects what is awaited, its thread is gone, and it signs no more", async ({
  make,
}) => {
  const signer = make();
  await startThread(signer);
  const outcomes = [1, 2, 3].map((i) =>
    Promise.resolve(signer.sign(message(i), CONTEXT, 1)).then(
      () => "signed",
      (error: Error) => error.message,
    ),
  );
  await within(LIMIT, signer.dispose(), "the thread is gone");
  assert.is(signer.awaited, null);
  assert.equal(await Promise.all(outcomes), Array(3).fill("this key has been wiped"));
  assert.throws(() => signer.sign(message(1), CONTEXT, MUCH), /wiped/);
  assert.equal(warnings, []);
});

test("at rest its thread is gone, what was awaited is signed, and much to sign starts another", async ({
  make,
}) => {
  const signer = make();
  await startThread(signer);
  const signatures = [1, 2, 3].map((i) => signer.sign(message(i), CONTEXT, 1));
  await within(LIMIT, signer.rest(), "the thread is gone");
  assert.is(signer.awaited, null);
  for (const [i, signature] of signatures.entries()) assert.ok(verifies(i + 1, await signature));
  await startThread(signer);
  assert.equal(warnings, []);
});

test("a thread that nobody asks anything ends", async ({ make }) => {
  const signer = make({ idle: 1 });
  const gone = async (): Promise<void> => {
    assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
    // With so short a patience it may be gone before it was ever ready.
    while (signer.threaded) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  assert.not(signer.threaded);
  await within(LIMIT, gone(), "the thread is gone");
});

test("who gets which signer", async () => {
  const seed = seedOf("someone");
  const adaptive = identitySigner(provider, "ML-DSA-44", seed);
  assert.instance(adaptive, AdaptiveSigner);
  const never = identitySigner(provider, "ML-DSA-44", seed, false);
  const curve = identitySigner(provider, "Ed25519", seed);
  for (const signer of [never, curve]) {
    assert.not.instance(signer, AdaptiveSigner);
    for (let i = 0; i < 3; i++) assert.instance(signer.sign(message(1), CONTEXT, MUCH), Uint8Array);
  }
  const always = identitySigner(provider, "ML-DSA-44", seed, true);
  assert.instance(always, WorkerSigner);
  const scheme = provider.signatures["ML-DSA-44"];
  const native = {
    ...scheme,
    key: (octets: Uint8Array) => ({ ...scheme.key(octets), signAsync: async () => Uint8Array.of(1) }),
  };
  const able: typeof provider = Object.create(provider, {
    signatures: { value: { ...provider.signatures, "ML-DSA-44": native } },
  });
  const runtimes = identitySigner(able, "ML-DSA-44", seed);
  assert.is((runtimes.sign(message(1), CONTEXT, 0) as Uint8Array).length, 2420, "at once while nobody waits");
  assert.equal(await runtimes.sign(message(1), CONTEXT, 1), Uint8Array.of(1), "in the runtime's threads");
  const all: Signer[] = [adaptive, never, curve, always, runtimes];
  for (const signer of all) await signer.dispose?.();
});

test("where threads are not allowed it signs here", () => {
  const flag = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { AdaptiveSigner } = await import(${at("../../src/net/adaptive-signer.js")});
    const { cryptoProvider } = await import(${at("../../src/crypto/select.js")});
    const signer = new AdaptiveSigner(cryptoProvider("noble"), "ML-DSA-44", new Uint8Array(32));
    process.on("warning", ({ name, message }) => { if (name === "QzmqSigningWarning") console.log(message); });
    const sign = () => console.log(signer.sign(new Uint8Array(1), new Uint8Array(0), 1000).length);
    sign();
    setImmediate(sign);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [flag, "--allow-fs-read=*", "--input-type=module", "-e", script],
    { encoding: "utf8", timeout: 60_000 },
  );
  const lines = stdout.trim().split("\n");
  assert.equal(lines.filter((line) => line === "2420").length, 2, stderr);
  assert.is(
    lines.filter((line) => line.startsWith("Signatures are made without a thread: ")).length,
    1,
    stdout,
  );
  assert.is(status, 0);
});

test.run();
