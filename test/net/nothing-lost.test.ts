/**
 * A million messages through a line that is cut fifty times. ZMTP acknowledges nothing, so a cut loses what was on
 * its way: written by the sender and not read by the receiver. Nothing else may be lost, and nothing doubled, torn or
 * out of order.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push } from "../../src/index.ts";
import { seeded } from "../support/random.ts";
import { within } from "../support/within.ts";
import { CuttingProxy } from "./cutting-proxy.ts";

const MESSAGES = 1_000_000;
const CUTS = 50;
const SEED = 37;
const LIMIT = 100_000;
/** The second frame repeats the first, so that frames of two messages cannot pass for one. */
const MASK = 0x5a5a5a5a;

function frame(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

for (const who of ["PUSH", "PULL"] as const) {
  const messages = who === "PUSH" ? MESSAGES : MESSAGES / 5;
  test(`${messages} messages, ${CUTS} cuts, high-water mark 10, ${who} connects (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    // Not near the end: the last message must come through.
    const cuts = new Set<number>();
    while (cuts.size < CUTS) cuts.add(1 + Math.floor(random() * (messages - 1000)));
    const options = { sendHighWaterMark: 10, receiveHighWaterMark: 10, reconnectInterval: 1, linger: 0 };
    const { receiveHighWaterMark: _r, ...forPush } = options;
    const { sendHighWaterMark: _s, ...forPull } = options;
    const push = new Push(forPush);
    const pull = new Pull(forPull);
    const [binder, connecter] = who === "PUSH" ? [pull, push] : [push, pull];
    await binder.bind("tcp://127.0.0.1:*");
    const port = Number(/\d+$/.exec(binder.lastEndpoint!)![0]);
    const proxy = new CuttingProxy(() => port);
    connecter.connect(await proxy.listen());

    const sending = (async () => {
      for (let i = 0; i < messages; i++) {
        if (cuts.has(i)) {
          await proxy.up();
          proxy.cut(random() < 0.5);
        }
        await push.send([frame(i), frame(i ^ MASK)]);
      }
    })();

    let received = 0;
    let gaps = 0;
    const receiving = (async () => {
      let expected = 0;
      for await (const message of pull) {
        if (message.length !== 2) assert.unreachable(`a message of ${message.length} frames`);
        const number = message[0]!.readInt32BE();
        if (message[1]!.readInt32BE() !== (number ^ MASK)) assert.unreachable(`message ${number} is torn`);
        if (number < expected) assert.unreachable(`message ${number} came after ${expected - 1}`);
        if (number > expected) gaps++;
        expected = number + 1;
        received++;
        if (expected === messages) return;
      }
    })();

    await within(LIMIT, Promise.all([sending, receiving]), "sending and receiving");
    assert.ok(proxy.connections > CUTS, `${proxy.connections} connections for ${CUTS} cuts`);
    // A gap lies where a cut was; all else has arrived.
    assert.ok(gaps <= CUTS, `${gaps} gaps by ${CUTS} cuts`);
    assert.ok(received >= messages / 2, `${received} of ${messages} accepted messages were delivered`);
    console.log(
      `${messages} accepted, ${received} delivered, ${gaps} gaps, ${proxy.connections} connections`,
    );
    push.close();
    pull.close();
    proxy.close();
  });
}

test.run();
