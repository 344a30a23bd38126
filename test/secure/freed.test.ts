/** The memory of records is given back as they pass, on both sides, also when the kernel takes them only bit by bit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { Allocator } from "../../src/net/allocator.ts";
import { within } from "../support/within.ts";
import { bob, closeAll, freeEndpoint, pinned, until, use } from "./sockets.ts";

const LIMIT = 30_000;
const SIZE = 1024 * 1024;
/** Far more than the buffers of a socket hold, so that writes have to wait while nobody receives. */
const COUNT = 24;

test.after.each(closeAll);

test("large messages: what was sealed, and what was decrypted, is freed", async () => {
  const pull = use(new Pull({ receiveHighWaterMark: 1, security: qzmq.server({ identity: bob }) }));
  await pull.bind(freeEndpoint());
  const push = use(new Push({ security: qzmq.client({ trust: pinned(bob) }) }));
  push.connect(pull.lastEndpoint!);
  await push.send("first");
  await within(LIMIT, pull.receive(), "the first message");
  const { free } = Allocator.prototype;
  let freed = 0;
  Allocator.prototype.free = function (this: Allocator, bytes: Uint8Array): void {
    const before = bytes.length;
    free.call(this, bytes);
    if (bytes.length === 0) freed += before;
  };
  try {
    const body = Buffer.from(Uint8Array.from({ length: SIZE }, (_, i) => i * 7));
    const sending = Promise.all(Array.from({ length: COUNT }, () => push.send(body)));
    await until(() => freed > SIZE, "the first octets to pass");
    for (let i = 0; i < COUNT; i++) {
      const [received] = await within(LIMIT, pull.receive(), `message ${i}`);
      assert.ok(received!.equals(body));
      await new Promise(setImmediate);
    }
    await within(LIMIT, sending, "sending");
  } finally {
    Allocator.prototype.free = free;
  }
  // Not the 31 MiB that `bulk` frees once for each of a context: both ends are in one.
  const records = freed - 31 * 1024 * 1024;
  const left = 2 * COUNT * SIZE - records;
  // Heads and tags are too small to be worth it; a write that waited and was forgotten leaves more.
  assert.ok(left < 2 * 131_072, `${left} octets of ${2 * COUNT * SIZE} were left to the collector`);
});

test.run();
