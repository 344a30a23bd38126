/** High-water marks and linger between qzmq and libzmq. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CASTS, codeOf, freeEndpoint, nextEvent, publishUntil, scenario, text } from "./setup.ts";

const BODY = Buffer.alloc(65_536, 0x61);
/** Queues of ten at each end; the rest is what the kernel's buffers hold, some MiB on loopback. */
const MOST_IN_FLIGHT = 1000;

for (const { title, transport, first, second, join } of CASTS) {
  test(
    `PUSH blocks when PULL does not read, and goes on when it does: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push({ sendHighWaterMark: 10 }));
      const pull = keep(new second.Pull({ receiveHighWaterMark: 10 }));
      await join(push, pull);
      // Waits for the connection: a bound PUSH without peers has nowhere to put a message.
      await push.send("0");
      assert.equal(text(await pull.receive()), ["0"]);
      push.sendTimeout = 200;
      let sent = 0;
      while (sent < MOST_IN_FLIGHT && (await codeOf(push.send([String(sent), BODY]))) === "no error") sent++;
      assert.ok(sent >= 10, `only ${sent} messages went into two queues of ten`);
      assert.ok(sent < MOST_IN_FLIGHT, "the sender never blocked");
      push.sendTimeout = -1;
      const last = push.send("last");
      for (let i = 0; i < sent; i++) assert.is(String((await pull.receive())[0]), String(i));
      await last;
      assert.equal(text(await pull.receive()), ["last"]);
    }),
  );

  test(
    `PUB drops for the subscriber that does not read, and for no other: ${title}`,
    scenario(async (keep) => {
      const pub = keep(new first.Publisher({ sendHighWaterMark: 10 }));
      const fast = keep(new second.Subscriber({ receiveHighWaterMark: 10 }));
      const slow = keep(new second.Subscriber({ receiveHighWaterMark: 10 }));
      for (const sub of [fast, slow]) sub.subscribe("");
      await pub.bind(await freeEndpoint(transport));
      for (const sub of [fast, slow]) sub.connect(pub.lastEndpoint!);
      await publishUntil(pub, ["start"], Promise.all([fast.receive(), slow.receive()]));
      const next = async (from: typeof fast): Promise<string> => {
        for (;;) {
          const [head] = await from.receive();
          if (String(head) !== "start") return String(head);
        }
      };
      for (let i = 0; i < MOST_IN_FLIGHT; i++) {
        await pub.send([String(i), BODY]);
        assert.is(await next(fast), String(i));
      }
      const received: number[] = [];
      const reading = (async () => {
        for (;;) {
          const head = await next(slow);
          if (head === "end") return;
          received.push(Number(head));
        }
      })();
      await publishUntil(pub, ["end"], reading);
      assert.ok(received.length >= 10 && received.length < MOST_IN_FLIGHT, `${received.length} came`);
      assert.ok(received.every((number, i) => i === 0 || number > received[i - 1]!));
    }),
  );

  test(
    `what was sent before close arrives, whenever it is read: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push({ linger: -1 }));
      const pull = keep(new second.Pull({ receiveHighWaterMark: 10 }));
      await join(push, pull);
      for (let i = 0; i < 300; i++) await push.send([String(i), BODY]);
      push.close();
      await new Promise((wait) => setTimeout(wait, 100));
      for (let i = 0; i < 300; i++) assert.is(String((await pull.receive())[0]), String(i));
    }),
  );

  test(
    `what was sent before close arrives, the peer coming later: ${title}`,
    scenario(async (keep) => {
      const place = keep(new second.Pull());
      const endpoint = await freeEndpoint(transport);
      const push = keep(new first.Push({ linger: -1, reconnectInterval: 20 }));
      push.connect(endpoint);
      for (let i = 0; i < 10; i++) await push.send(String(i));
      push.close();
      await new Promise((wait) => setTimeout(wait, 50));
      await place.bind(endpoint);
      for (let i = 0; i < 10; i++) assert.equal(text(await place.receive()), [String(i)]);
    }),
  );

  test(
    `without linger a close does not wait for a peer that does not read: ${title}`,
    scenario(async (keep) => {
      const push = keep(new first.Push({ linger: 0, sendHighWaterMark: 10 }));
      const pull = keep(new second.Pull({ receiveHighWaterMark: 10 }));
      await join(push, pull);
      await push.send("0");
      assert.equal(text(await pull.receive()), ["0"]);
      push.sendTimeout = 100;
      while ((await codeOf(push.send(BODY))) === "no error");
      const end = nextEvent(push, "end");
      push.close();
      await end;
    }),
  );
}

test.run();
