/** Connections that end: whoever leaves, and however, the other end hears of it and has had what was sent before. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CuttingProxy } from "../net/cutting-proxy.ts";
import {
  bare,
  type Cleanup,
  frame,
  handshakeOf,
  RawPeer,
  RawServer,
  scenario,
  until,
} from "../net/harness.ts";
import { startLink, tunnelTo } from "./tunnel-pair.ts";

/** A raw PUSH, and the raw PULL that it speaks to through a tunnel. */
async function rawPair(cleanup: Cleanup) {
  const raw = await RawServer.listen(cleanup);
  const tunnel = await tunnelTo(raw.endpoint, cleanup);
  const near = await RawPeer.connect(tunnel.client.endpoint);
  near.socket.write(handshakeOf("PUSH"));
  return { ...tunnel, near, far: await raw.join("PULL") };
}

const MESSAGES = Array.from({ length: 500 }, (_, i) => `message ${i}`);

for (const how of ["end", "resetAndDestroy"] as const) {
  test(
    `the far program leaves by ${how}(): the near one's connection is closed, and a new one comes through`,
    scenario(async (cleanup) => {
      const raw = await RawServer.listen(cleanup);
      const { client, server } = await tunnelTo(raw.endpoint, cleanup);
      const pull = bare("PULL", cleanup);
      pull.hub.connect(client.endpoint);
      const first = await raw.join("PUSH");
      for (const text of MESSAGES) first.socket.write(frame(0, text));
      if (how === "resetAndDestroy")
        for (const text of MESSAGES) assert.equal((await pull.receive()).map(String), [text]);
      first.socket[how]();
      if (how === "end")
        for (const text of MESSAGES) assert.equal((await pull.receive()).map(String), [text]);
      await pull.saw("disconnect");
      const closed = await server.saw("closed");
      assert.is(closed.leg, "plain");
      await client.saw("closed");
      const second = await raw.join("PUSH", 1);
      second.socket.write(frame(0, "again"));
      assert.equal((await pull.receive()).map(String), ["again"]);
      assert.is(client.link.status().messagesIn, MESSAGES.length + 1);
    }),
  );

  test(
    `the near program leaves by ${how}(): the far one has had all that was sent, then its connection is closed`,
    scenario(async (cleanup) => {
      const { client, server, near, far } = await rawPair(cleanup);
      await near.write(Buffer.concat(MESSAGES.map((text) => frame(0, text))));
      if (how === "resetAndDestroy")
        await until(() => far.messages.length === MESSAGES.length, "all messages");
      near.socket[how]();
      await far.gone();
      assert.equal(
        far.messages.map(([text]) => text),
        MESSAGES,
      );
      far.socket.destroy();
      assert.is((await client.saw("closed")).leg, "plain");
      await server.saw("closed");
      assert.equal(client.link.status().connections, []);
      assert.equal(server.link.status().connections, []);
    }),
  );
}

test(
  "a message cut off in the middle is not delivered",
  scenario(async (cleanup) => {
    const { near, far } = await rawPair(cleanup);
    near.socket.write(frame(0, "whole"));
    near.socket.write(frame(1, "first frame of several"));
    near.socket.write(frame(0, Buffer.alloc(1000)).subarray(0, 500));
    near.socket.end();
    await far.gone();
    assert.equal(far.messages, [["whole"]]);
    assert.is(far.frames.length, 2);
    far.socket.destroy();
  }),
);

for (const reset of [false, true]) {
  test(
    `the secured leg is cut by ${reset ? "RST" : "FIN"}: both programs lose their connection, and find each other again`,
    scenario(async (cleanup) => {
      const pull = bare("PULL", cleanup);
      await pull.hub.bind("tcp://127.0.0.1:*");
      const server = await startLink("server", pull.hub.lastEndpoint!, cleanup);
      const proxy = new CuttingProxy(() => Number(server.endpoint.split(":").at(-1)));
      cleanup(() => proxy.close());
      const client = await startLink("client", await proxy.listen(), cleanup);
      const push = bare("PUSH", cleanup);
      push.hub.connect(client.endpoint);
      await push.send("before");
      assert.equal((await pull.receive()).map(String), ["before"]);
      for (let cut = 1; cut <= 3; cut++) {
        proxy.cut(reset);
        await push.saw("disconnect", cut);
        await pull.saw("disconnect", cut);
        await push.saw("handshake", cut + 1);
        await push.send(`after ${cut}`);
        assert.equal((await pull.receive()).map(String), [`after ${cut}`]);
      }
      const { leg, error } = await server.saw("closed");
      assert.is(leg, "secured");
      assert.is((error as { code?: unknown } | null)?.code, reset ? "ECONNRESET" : "ERR_QZMQ_TRUNCATED");
    }),
  );
}

test(
  "what the lost leg had delivered waits for a consumer that is slow",
  scenario(async (cleanup) => {
    const { client, server, near, far } = await rawPair(cleanup);
    far.socket.pause();
    const body = Buffer.alloc(1_000_000, "z");
    // More than the kernel keeps for a socket, so that some wait in the links.
    const messages = 14;
    await near.write(Buffer.concat(Array.from({ length: messages }, () => frame(0, body))));
    near.socket.destroy();
    await until(
      () => server.link.status().connections[0]!.messagesIn + client.link.status().messagesOut > 0,
      "a start",
    );
    await server.saw("opened");
    far.socket.resume();
    await far.gone();
    assert.is(far.messages.length, messages);
    assert.ok(far.messages.every(([text]) => text!.length === body.length));
    far.socket.destroy();
  }),
);

test(
  "a link that is closed writes what waits within linger, and ends every connection",
  scenario(async (cleanup) => {
    const { client, server, near, far } = await rawPair(cleanup);
    await near.write(Buffer.concat(MESSAGES.map((text) => frame(0, text))));
    await until(() => client.link.status().messagesOut === MESSAGES.length, "all messages to be relayed");
    await client.link.close(-1);
    assert.is(client.link.status().state, "closed");
    assert.equal(client.link.status().connections, []);
    await near.gone();
    await far.gone();
    assert.is(far.messages.length, MESSAGES.length);
    near.socket.destroy();
    far.socket.destroy();
    await server.saw("closed");
    assert.is((await server.saw("closed")).error, null);
  }),
);

test.run();
