/** One peer does not make the others wait: a subscriber that does not read, and messages of many records. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Publisher, Pull, Push, Router, Subscriber } from "../../src/index.ts";
import { aliceClient, bobServer, closeAll, freeEndpoint, use } from "../secure/sockets.ts";
import { within } from "../support/within.ts";

test.after.each(closeAll);

/** Reached only when something hangs. */
const LIMIT = 50_000;

for (const secured of [false, true]) {
  const how = secured ? "QZMQ" : "plain";
  const server = () => (secured ? { security: bobServer() } : {});
  const client = () => (secured ? { security: aliceClient() } : {});

  test(`${how}: a subscriber that does not read loses messages; the others get them all`, async () => {
    const publisher = use(new Publisher({ sendHighWaterMark: 100, ...server() }));
    await publisher.bind(freeEndpoint());
    const subscribers = [1, 2, 3].map(() => {
      const subscriber = use(new Subscriber({ receiveHighWaterMark: 100, ...client() }));
      subscriber.subscribe("");
      subscriber.connect(publisher.lastEndpoint!);
      return subscriber;
    });
    const [slow, ...readers] = subscribers as [Subscriber, ...Subscriber[]];
    const joined = async (): Promise<void> => {
      let waiting = true;
      const all = Promise.all(subscribers.map((subscriber) => subscriber.receive())).then(() => {
        waiting = false;
      });
      while (waiting) {
        await publisher.send("!");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await all;
    };
    await within(LIMIT, joined(), "all subscribed");

    const message = Buffer.alloc(10_000, "m");
    const [batches, batch] = [60, 50];
    /** Messages of the batch; those before are what told that the subscriptions are there. */
    const take = async (subscriber: Subscriber): Promise<void> => {
      for (let got = 0; got < batch; ) {
        const [body] = await subscriber.receive();
        if (body!.length === message.length) got++;
      }
    };
    for (let i = 0; i < batches; i++) {
      for (let k = 0; k < batch; k++) await publisher.send(message);
      await within(LIMIT, Promise.all(readers.map(take)), `batch ${i}`);
    }
    publisher.close();
    let late = 0;
    slow.receiveTimeout = 500;
    try {
      for (;;) if ((await slow.receive())[0]!.length === message.length) late++;
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    console.log(`${how}: ${batches * batch} sent, the slow one got ${late}`);
    assert.ok(late < batches * batch, "the slow one lost nothing: the test filled no queue");
  });

  test(`${how}: a short message overtakes another peer's long one on its way in`, async () => {
    const receiverSide = secured ? bobServer() : null;
    const pull = use(new Pull(receiverSide === null ? {} : { security: receiverSide }));
    await pull.bind(freeEndpoint());
    const [a, b] = [use(new Push(client())), use(new Push(client()))];
    for (const push of [a, b]) {
      push.connect(pull.lastEndpoint!);
      await push.send("ready");
      await within(LIMIT, pull.receive(), "ready");
    }
    const long = Buffer.alloc(32 * 1024 * 1024, 1);
    const opened = receiverSide?.counters.bytesOpened ?? 0;
    await Promise.all([a.send(long), b.send("short")]);
    const [first] = await within(LIMIT, pull.receive(), "the first message");
    assert.is(String(first!.subarray(0, 10)), "short");
    if (receiverSide !== null) {
      // Of the long one, most has not even been decrypted yet.
      const early = receiverSide.counters.bytesOpened - opened;
      console.log(`${how}: ${early} octets opened before the short message`);
      assert.ok(early < long.length / 2, `${early} octets opened before`);
    }
    assert.is((await within(LIMIT, pull.receive(), "the long message"))[0]!.length, long.length);
  });

  test(`${how}: a short message overtakes another peer's long one on its way out`, async () => {
    const senderSide = secured ? bobServer() : null;
    const router = use(new Router(senderSide === null ? {} : { security: senderSide }));
    await router.bind(freeEndpoint());
    const order: string[] = [];
    let sealed = Number.POSITIVE_INFINITY;
    const dealers = ["a", "b"].map((routingId) => use(new Dealer({ routingId, ...client() })));
    for (const dealer of dealers) {
      dealer.connect(router.lastEndpoint!);
      await dealer.send("ready");
      await within(LIMIT, router.receive(), "ready");
    }
    const received = Promise.all(
      dealers.map(async (dealer) => {
        order.push(`${(await dealer.receive())[0]!.length}`);
        sealed = Math.min(sealed, senderSide?.counters.bytesSealed ?? 0);
      }),
    );
    const long = Buffer.alloc(32 * 1024 * 1024, 1);
    await Promise.all([router.send(["a", long]), router.send(["b", "x"])]);
    await within(LIMIT, received, "both messages");
    assert.equal(order, ["1", `${long.length}`]);
    // The long one is sealed portion by portion, with turns for others between them.
    assert.ok(sealed < long.length / 2, `${sealed} octets sealed before`);
  });
}

test.run();
