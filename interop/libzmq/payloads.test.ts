/** What goes in at one library comes out at the other: frames, sizes, order. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { seeded } from "../../test/support/random.ts";
import { CASTS, scenario } from "./setup.ts";

const FRAME_COUNTS = [1, 2, 3, 10, 255, 256, 1000];
const SIZES = [0, 1, 254, 255, 256, 65_535, 65_536, 1024 ** 2, 64 * 1024 ** 2];
const MESSAGES = 100_000;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Octets that differ at every place, so that a shifted or repeated piece shows. */
function pattern(size: number, seed: number): Buffer {
  const block = Buffer.alloc(Math.min(size, 65_537));
  const random = seeded(seed);
  for (let i = 0; i < block.length; i++) block[i] = random() * 256;
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += block.length) block.copy(bytes, at);
  return bytes;
}

for (const { title, first, second, join } of CASTS) {
  test(
    `messages of 1 to 1000 frames: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push());
      const pull = keep(new second.Pull());
      await join(push, pull);
      for (const count of FRAME_COUNTS) {
        const frames = Array.from({ length: count }, (_, i) => pattern((i * 7) % 300, i));
        await push.send(frames);
        const received = await pull.receive();
        assert.is(received.length, count);
        assert.ok(
          received.every((frame, i) => frame.equals(frames[i]!)),
          `${count} frames`,
        );
      }
    }),
  );

  test(
    `bodies of 0 octets to 64 MiB: ${title}`,
    scenario(async (keep) => {
      const a = keep(new first.Pair());
      const b = keep(new second.Pair());
      await join(a, b);
      for (const size of SIZES) {
        const bytes = pattern(size, size);
        await a.send(["head", bytes, "tail"]);
        const [head, body, tail] = await b.receive();
        assert.is(body!.length, size);
        assert.is(sha256(body!), sha256(bytes), `${size} octets`);
        assert.is(`${head} ${tail}`, "head tail");
      }
    }),
  );

  test(
    `${MESSAGES} messages in order: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push());
      const pull = keep(new second.Pull());
      await join(push, pull);
      const sending = (async () => {
        for (let i = 0; i < MESSAGES; i++) await push.send(String(i));
      })();
      for (let i = 0; i < MESSAGES; i++) {
        const [body] = await pull.receive();
        if (Number(body) !== i) assert.unreachable(`${body} came instead of ${i}`);
      }
      await sending;
    }),
  );
}

test.run();
