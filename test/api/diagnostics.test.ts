import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push } from "../../src/index.ts";
import { settled } from "./expect.ts";

/** What is published on a channel while `action` runs. */
async function published(name: string, action: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  const note = (data: unknown) => found.push(data as Record<string, unknown>);
  subscribe(name, note);
  try {
    await action();
  } finally {
    unsubscribe(name, note);
  }
  return found;
}

test("sends, receives and events are published with their socket", async () => {
  const push = new Push({ linger: 0 });
  const pull = new Pull();
  await pull.bind("tcp://127.0.0.1:*");
  const exchange = async () => {
    const receiving = pull.receive();
    const sending = push.send("waits for a peer");
    push.connect(pull.lastEndpoint!);
    await settled(Promise.all([sending, receiving]));
    await push.send(["a", "b"]);
    await settled(pull.receive());
  };
  let sent: unknown[] = [];
  let received: unknown[] = [];
  let handshakes: unknown[] = [];
  handshakes = await published("qzmq:handshake", async () => {
    received = await published("qzmq:receive", async () => {
      sent = await published("qzmq:send", exchange);
    });
  });
  const messages = [[Buffer.from("waits for a peer")], [Buffer.from("a"), Buffer.from("b")]];
  assert.equal(
    sent,
    messages.map((message) => ({ socket: push, message })),
  );
  assert.equal(
    received,
    messages.map((message) => ({ socket: pull, message })),
  );
  assert.is(handshakes.length, 2);
  push.close();
  pull.close();
});

test.run();
