/** Large messages over real sockets, cut anywhere on the way, plain and protected; connections that interleave. */
import { once } from "node:events";
import * as net from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { COMMAND, MORE } from "../../src/wire/frame.ts";
import { seeded } from "../support/random.ts";
import { bare, type Cleanup, frame, pause, RawPeer, scenario, until } from "./harness.ts";

const MIB = 1024 * 1024;
const SEED = 41;

/** A proxy that passes octets on in pieces of random sizes, some of them a turn later. */
async function choppingProxy(cleanup: Cleanup, port: number, random: () => number): Promise<string> {
  const server = net.createServer((client) => {
    const target = net.connect({ port, host: "127.0.0.1", noDelay: true });
    cleanup(() => {
      client.destroy();
      target.destroy();
    });
    client.on("error", () => target.destroy());
    target.on("error", () => client.destroy());
    client.setNoDelay(true);
    target.pipe(client);
    void (async () => {
      for await (const chunk of client as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; ) {
          const size = random() < 0.2 ? 1 + Math.floor(random() * 40) : 1 + Math.floor(random() * 65_536);
          if (!target.write(chunk.subarray(at, at + size))) await once(target, "drain");
          if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
          at += size;
        }
      }
      target.end();
    })().catch(() => target.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup(() => server.close());
  return `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

/** Octets that tell sender, message and place. */
function body(size: number, sender: number, number: number): Buffer {
  const octets = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 4096) {
    const end = Math.min(size, at + 4096);
    octets.fill((sender * 101 + number * 37 + at / 4096) & 0xff, at, end);
  }
  octets[0] = sender;
  octets[1] = number;
  return octets;
}

const SIZES = [MIB, 5 * MIB + 1, 200_000, 2, 64 * MIB, 131_080, 4 * MIB, 3 * MIB];

for (const kind of ["plain", "QZMQ"] as const) {
  test(
    `two senders through one read buffer, 2 octets to 64 MiB, cut at random: ${kind} (seed ${SEED})`,
    scenario(async (cleanup) => {
      const random = seeded(SEED);
      const identity = kind === "QZMQ" ? await qzmq.generateIdentity() : null;
      const pull = new Pull(identity === null ? {} : { security: qzmq.server({ identity }) });
      cleanup(() => pull.close());
      await pull.bind("tcp://127.0.0.1:*");
      const port = Number(/\d+$/.exec(pull.lastEndpoint!)![0]);
      const sending = [1, 2].map(async (sender) => {
        const trust = identity === null ? null : { pins: [qzmq.pinOf(identity)] };
        const push = new Push({ linger: 0, ...(trust === null ? {} : { security: qzmq.client({ trust }) }) });
        cleanup(() => push.close());
        push.connect(await choppingProxy(cleanup, port, random));
        for (const [number, size] of SIZES.entries()) {
          // The second sender has no 64 MiB to send: time is short.
          await push.send(body(sender === 2 ? Math.min(size, 6 * MIB) : size, sender, number));
        }
      });
      const next = [0, 0, 0];
      for (let left = 2 * SIZES.length; left > 0; left--) {
        const [message] = await pull.receive();
        const [sender, number] = [message![0]!, message![1]!];
        assert.is(number, next[sender]!++, `of sender ${sender}`);
        const size = sender === 2 ? Math.min(SIZES[number]!, 6 * MIB) : SIZES[number]!;
        assert.ok(message!.equals(body(size, sender, number)), `${sender}/${number} of ${size} octets`);
      }
      await Promise.all(sending);
    }, 50_000),
  );
}

test(
  "a peer that stops in the middle, resets or ends there: that connection only",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const endpoint = pull.hub.lastEndpoint!;
    const whole = frame(0, body(2 * MIB, 1, 1));
    const stops = [await RawPeer.join(endpoint, "PUSH"), await RawPeer.join(endpoint, "PUSH")] as const;
    const good = await RawPeer.join(endpoint, "PUSH");
    for (const peer of [...stops, good]) cleanup(() => peer.socket.destroy());
    for (const peer of stops) await peer.write(whole.subarray(0, 1_500_000));
    await good.write(whole);
    assert.ok((await pull.receive())[0]!.equals(whole.subarray(9)));
    stops[0].socket.resetAndDestroy();
    stops[1].socket.end();
    await pull.saw("disconnect", 2);
    await good.write(whole);
    assert.ok((await pull.receive())[0]!.equals(whole.subarray(9)));
    assert.not(pull.pattern.readable);
  }),
);

test(
  "a socket that is closed in the middle of a message leaves nothing behind",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    cleanup(() => peer.socket.destroy());
    const whole = frame(0, body(8 * MIB, 1, 1));
    void peer.write(whole.subarray(0, 7 * MIB));
    await pause(5);
    await pull.hub.close();
    await peer.gone();
  }),
);

test(
  "a full pipe in the middle of large messages: they wait, and none is lost or changed",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 1 } });
    await pull.hub.bind("tcp://127.0.0.1:0");
    const peer = await RawPeer.join(pull.hub.lastEndpoint!, "PUSH");
    cleanup(() => peer.socket.destroy());
    const bodies = Array.from({ length: 8 }, (_, i) => body(700_000 + i, 3, i));
    void peer.write(Buffer.concat(bodies.map((it, i) => frame(i === 5 ? MORE : 0, it))));
    void peer.write(frame(COMMAND, "\x04PONG"));
    await until(() => pull.pattern.readable, "the first");
    await pause(20);
    const got: Buffer[] = [];
    while (got.length < bodies.length) got.push(...(await pull.receive()));
    for (const [i, it] of bodies.entries()) assert.ok(it.equals(got[i]!), `body ${i}`);
  }),
);

test.run();
