/** Back-pressure from end to end: a consumer that pauses makes the producer wait, and little is held in between. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LinkLimits } from "../../src/tunnel/link-settings.ts";
import {
  bare,
  type Cleanup,
  folder,
  frame,
  handshakeOf,
  pause,
  RawPeer,
  RawServer,
  scenario,
  until,
} from "../net/harness.ts";
import { type LinkChanges, tunnelTo } from "./tunnel-pair.ts";

/** Limits for both links. The near leg is ipc, for which the kernel keeps little. */
function near(cleanup: Cleanup, limits: Partial<LinkLimits>): { client: LinkChanges; server: LinkChanges } {
  return { client: { listen: `ipc://${folder(cleanup)}/near`, limits }, server: { limits } };
}

/** What both links hold between their legs. */
function queued(tunnel: Awaited<ReturnType<typeof tunnelTo>>): number[] {
  return [tunnel.client, tunnel.server].map(({ link }) => link.status().connections[0]?.queued ?? 0);
}

test(
  "a paused consumer: each link keeps the high-water mark at most, the producer stops, and nothing is lost",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup, { settings: { receiveHighWaterMark: 10 } });
    await pull.hub.bind("tcp://127.0.0.1:*");
    const limits = { highWaterMark: 50 };
    const tunnel = await tunnelTo(pull.hub.lastEndpoint!, cleanup, {
      client: { limits },
      server: { limits },
    });
    const push = bare("PUSH", cleanup, { settings: { sendHighWaterMark: 10 } });
    push.hub.connect(tunnel.client.endpoint);
    let sent = 0;
    const body = Buffer.alloc(100_000, "x");
    // The kernel's buffers, on every leg, take some megabytes; then nothing moves any more.
    const fill = async (): Promise<void> => {
      for (let quiet = 0; quiet < 40; quiet++) {
        while (push.pattern.send([Buffer.from(`${sent}`), body])) {
          sent++;
          quiet = 0;
        }
        await pause(5);
        for (const length of queued(tunnel)) assert.ok(length <= 50, `${length} messages between the legs`);
      }
    };
    await fill();
    assert.ok(queued(tunnel).some((length) => length === 50));
    assert.ok(sent < 1000, `${sent} messages are under way`);
    for (let i = 0; i < sent; i++) assert.is(String((await pull.receive())[0]), `${i}`);
    assert.equal(queued(tunnel), [0, 0]);
  }),
);

test(
  "few but large messages meet the limit of octets first",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const limits = { maxQueuedBytes: 3_000_000 };
    const tunnel = await tunnelTo(raw.endpoint, cleanup, near(cleanup, limits));
    const push = bare("PUSH", cleanup, { settings: { sendHighWaterMark: 1 } });
    push.hub.connect(tunnel.client.endpoint);
    const peer = await raw.join("PULL");
    peer.socket.pause();
    let sent = 0;
    const body = Buffer.alloc(1_000_000, "y");
    for (let quiet = 0; quiet < 40; quiet++) {
      while (push.pattern.send([body])) {
        sent++;
        quiet = 0;
      }
      await pause(5);
      for (const length of queued(tunnel)) assert.ok(length <= 3, `${length} messages between the legs`);
    }
    peer.socket.resume();
    await until(() => peer.messages.length === sent, "all messages");
  }),
);

test(
  "many empty frames meet the limit of octets too: each costs memory",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const limits = { maxQueuedBytes: 1_000_000 };
    const tunnel = await tunnelTo(raw.endpoint, cleanup, near(cleanup, limits));
    const push = await RawPeer.connect(tunnel.client.endpoint);
    cleanup(() => push.socket.destroy());
    push.socket.write(handshakeOf("PUSH"));
    const peer = await raw.join("PULL");
    peer.socket.pause();
    const message = Buffer.concat([...Array.from({ length: 20_000 }, () => frame(1, "")), frame(0, "")]);
    let most = 0;
    for (let quiet = 0; quiet < 40; quiet++) {
      if (!push.socket.writableNeedDrain) {
        push.socket.write(message);
        quiet = 0;
      }
      await pause(5);
      most = Math.max(most, ...queued(tunnel));
    }
    assert.is(most, 1);
  }),
);

test(
  "a consumer that pauses for longer than every heartbeat keeps its connection, and so does the producer",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const limits = { highWaterMark: 5, heartbeatInterval: 20, heartbeatTimeout: 5000 };
    const tunnel = await tunnelTo(raw.endpoint, cleanup, near(cleanup, limits));
    const push = await RawPeer.connect(tunnel.client.endpoint);
    cleanup(() => push.socket.destroy());
    push.socket.write(handshakeOf("PUSH"));
    const peer = await raw.join("PULL");
    peer.socket.pause();
    const message = frame(0, Buffer.alloc(1_000_000));
    let sent = 0;
    for (let quiet = 0; quiet < 40; quiet++) {
      if (!push.socket.writableNeedDrain) {
        push.socket.write(message);
        sent++;
        quiet = 0;
      }
      await pause(5);
    }
    // The producer's leg is not read any more, and it hears that the other side is alive.
    const beats = push.frames.length;
    await until(() => push.frames.length >= beats + 5, "PINGs on a leg that is not read");
    assert.is(tunnel.client.link.status().connections.length, 1);
    assert.not(push.closed);
    peer.socket.resume();
    await until(() => peer.messages.length === sent, "all messages");
    assert.equal([tunnel.client.events.length, tunnel.server.events.length], [1, 1]);
  }),
);

test.run();
