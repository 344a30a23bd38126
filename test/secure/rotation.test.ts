/** Rotation on real sockets: under load through a network that splits and delays, one way only, and with nobody reading. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pull, Push, type qzmq, type Socket } from "../../src/index.ts";
import { Relay } from "./relay.ts";
import {
  aliceClient,
  bobServer,
  closeAll,
  freeEndpoint,
  join2,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

function facts(security: qzmq.Security): Readonly<Record<string, unknown>> {
  return security.connections[0]!.facts;
}

/** Both sides have come to the same epoch and wait for nothing. */
async function assertSteady(...both: readonly qzmq.Security[]): Promise<number> {
  await until(
    () =>
      both.every(
        (side) => facts(side)["rotation"] === "steady" && facts(side)["epoch"] === facts(both[0]!)["epoch"],
      ),
    "both sides in one epoch",
  );
  return facts(both[0]!)["epoch"] as number;
}

type Talker = Socket & { send(message: string): Promise<void>; receive(): Promise<Buffer[]> };

/** Sends numbers, and asks for a rotation after every fifty. */
async function sendNumbers(socket: Talker, security: qzmq.Security, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await socket.send(String(i));
    if (i % 50 === 49) security.rotate();
  }
}

async function receiveNumbers(socket: Talker, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const [text] = await socket.receive();
    if (String(text) !== String(i)) assert.unreachable(`${text} in place of ${i}`);
  }
}

test("both sides rotate every 50 messages, over a line that splits and delays", async () => {
  const [server, client] = [bobServer({ maxMessages: 500 }), aliceClient({ maxMessages: 400 })];
  const one = use(new Dealer({ security: server }));
  const other = use(new Dealer({ security: client }));
  await one.bind(freeEndpoint());
  const relay = use(await Relay.to(one.lastEndpoint!, { seed: 7 }));
  other.connect(relay.endpoint);
  const count = 20_000;
  const work = [
    sendNumbers(one, server, count),
    sendNumbers(other, client, count),
    receiveNumbers(one, count),
    receiveNumbers(other, count),
  ];
  await settled(Promise.all(work), `${count} messages each way`);
  // Seven at once are allowed to each side, and no more than one a second after them.
  const epoch = await assertSteady(server, client);
  assert.ok(epoch >= 7, `epoch ${epoch}`);
  assert.is(server.counters.rotations, client.counters.rotations);
  assert.equal([server.counters.messagesOpened, client.counters.messagesOpened], [count, count]);
  assert.equal([server.counters.failures, client.counters.failures], [{}, {}]);
});

for (const starter of ["server", "client"] as const) {
  for (const pusher of ["server", "client"] as const) {
    test(`one way only: the ${starter} rotates, the ${pusher} pushes`, async () => {
      const sides = { server: bobServer(), client: aliceClient() };
      const push = use(new Push({ security: sides[pusher] }));
      const pull = use(new Pull({ security: sides[pusher === "server" ? "client" : "server"] }));
      await join2(pull, push);
      for (let epoch = 1; epoch <= 5; epoch++) {
        await settled(push.send(`before ${epoch}`), "send");
        assert.equal(await texts(pull), [`before ${epoch}`]);
        assert.is(sides[starter].rotate(), 1);
        await settled(push.send(`after ${epoch}`), "send");
        assert.equal(await texts(pull), [`after ${epoch}`]);
        assert.is(await assertSteady(sides.server, sides.client), epoch);
      }
      assert.equal([sides.server.counters.rotations, sides.client.counters.rotations], [5, 5]);
    });
  }
}

test("both ask while neither reads: no deadlock, no loss", async () => {
  // So few messages for a key that both sides stop at twice as many, until somebody reads.
  const limits = { maxMessages: 8, recordLimit: 4096 };
  const [server, client] = [bobServer(limits), aliceClient(limits)];
  const options = { sendHighWaterMark: 20, receiveHighWaterMark: 5, sendTimeout: 0 };
  const one = use(new Dealer({ security: server, ...options }));
  const other = use(new Dealer({ security: client, ...options }));
  await join2(one, other);
  await until(() => server.connections.length === 1 && client.connections.length === 1, "a connection");
  const body = Buffer.alloc(30_000, "x");
  const sent = await Promise.all(
    [one, other].map(async (socket) => {
      for (let count = 0; ; ) {
        try {
          await socket.send([String(count), body]);
          count++;
        } catch (error) {
          assert.is((error as { code?: string }).code, "EAGAIN");
          // Full now; with something under way it may take more in a moment.
          await new Promise((resolve) => setTimeout(resolve, 20));
          if (!socket.writable) return count;
        }
      }
    }),
  );
  server.rotate();
  client.rotate();
  // At once: a side that does not read gets no answer, and so stops sending as well.
  await Promise.all([
    settled(receiveNumbers(one, sent[1]!), "what the other sent"),
    settled(receiveNumbers(other, sent[0]!), "what the one sent"),
  ]);
  assert.ok((await assertSteady(server, client)) >= 1);
  assert.equal([server.counters.failures, client.counters.failures], [{}, {}]);
});

test.run();
