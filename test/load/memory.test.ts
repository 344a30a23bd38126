/** Memory under load: a long run at full speed needs no more at its end than early on, and a kept message keeps little. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, type Socket } from "../../src/index.ts";
import { aliceClient, bobServer, closeAll, join2, use } from "../secure/sockets.ts";
import { within } from "../support/within.ts";

test.after.each(closeAll);

/** Reached only when something hangs. */
const LIMIT = 50_000;
const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Octets of the heap and of what hangs from it, after a collection. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    // Finalizers run between collections.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function linked(secured: boolean): Promise<{ push: Push; pull: Pull }> {
  const pull = use(new Pull(secured ? { security: bobServer() } : {}));
  const push = use(new Push(secured ? { security: aliceClient() } : {}));
  await join2(pull as Socket, push as Socket);
  return { push, pull };
}

async function pass(push: Push, pull: Pull, message: Buffer, count: number): Promise<void> {
  const sending = (async () => {
    for (let i = 0; i < count; i++) await push.send(message);
  })();
  for (let i = 0; i < count; i++) await pull.receive();
  await sending;
}

for (const secured of [false, true]) {
  const how = secured ? "QZMQ" : "plain";
  for (const [size, count] of [
    [16, 400_000],
    [100_000, 2000],
  ] as const) {
    test(`${how}: memory does not grow while ${count} messages of ${size} octets pass`, async () => {
      const { push, pull } = await linked(secured);
      const message = Buffer.alloc(size, 1);
      const quarters: number[] = [];
      for (let quarter = 0; quarter < 4; quarter++) {
        await within(LIMIT, pass(push, pull, message, count / 4), `quarter ${quarter}`);
        quarters.push(await memory());
      }
      console.log(`${how} ${size} B: ${quarters.map((octets) => (octets / MIB).toFixed(2)).join(", ")} MiB`);
      // A leak of ten octets a message would show; compiled code and caches may still come.
      assert.ok(quarters[3]! - quarters[0]! < 2 * MIB, `${quarters}`);
    });
  }

  test(`${how}: short messages that are kept pin little, even among long ones`, async () => {
    const kept: Buffer[] = [];
    const { push, pull } = await linked(secured);
    const [short, long] = [Buffer.alloc(16, 2), Buffer.alloc(5000, 3)];
    const rounds = 10_000;
    const before = await memory();
    const sending = (async () => {
      for (let i = 0; i < rounds; i++) {
        await push.send(short);
        if (i % 4 === 0) await push.send(long);
      }
    })();
    const receiving = async (): Promise<void> => {
      while (kept.length < rounds) {
        const [message] = await pull.receive();
        if (message!.length === short.length) kept.push(message!);
      }
      await sending;
    };
    await within(LIMIT, receiving(), "all messages");
    const used = (await memory()) - before;
    const memories = new Set(kept.map(({ buffer }) => buffer));
    const largest = Math.max(...[...memories].map(({ byteLength }) => byteLength));
    const pinned = [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0);
    console.log(
      `${how}: ${kept.length} kept, ${memories.size} memories, ${pinned} octets, largest ${largest}; ${used} used`,
    );
    assert.ok(largest <= 16_384, `one pins ${largest} octets`);
    assert.ok(pinned <= 2048 * rounds, `together they pin ${pinned} octets`);
    assert.ok(used < 24 * MIB, `${used} octets used`);
  });
}

test.run();
