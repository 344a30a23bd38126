/** What one end of a connection has sent before it left still reaches the other; who is still being dialled is let be. */
import { once } from "node:events";
import * as net from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseStreamEndpoint } from "../../src/net/endpoint.ts";
import { Environment } from "../../src/net/environment.ts";
import { Forward } from "../../src/tunnel/forward.ts";
import {
  folder,
  frame,
  handshakeOf,
  pause,
  place,
  RawPeer,
  RawServer,
  scenario,
  until,
} from "../net/harness.ts";
import { startLink, tunnelTo } from "./tunnel-pair.ts";

const MIB = Buffer.alloc(1024 * 1024, 0x62);
const PIECE = Buffer.alloc(4096, 0x70);
/** More than the system keeps for the sockets of a tunnel's three legs. */
const MANY = 64;
/** So that a tunnel takes them all. */
const limits = { maxQueuedBytes: 2 * MANY * MIB.length };

/** The other end has read up to the end, and closed. */
async function taken(peer: RawPeer): Promise<void> {
  peer.socket.end();
  await peer.gone();
  peer.socket.destroy();
}

for (const leaving of ["near", "far"] as const) {
  test(
    `the ${leaving} program leaves before the other has read anything`,
    scenario(async (cleanup) => {
      const raw = await RawServer.listen(cleanup);
      const { client } = await tunnelTo(raw.endpoint, cleanup, { client: { limits }, server: { limits } });
      const near = await RawPeer.connect(client.endpoint);
      near.socket.write(handshakeOf("DEALER"));
      const far = await raw.join("DEALER");
      await until(() => near.frames.length > 0, "READY to come");
      const [from, to] = leaving === "near" ? [near, far] : [far, near];
      to.socket.pause();
      for (let i = 0; i < MANY; i++) from.socket.write(Buffer.concat([frame(1, String(i)), frame(0, MIB)]));
      await taken(from);
      to.socket.resume();
      await until(() => to.ended || to.closed, "the end");
      assert.equal(
        to.messages.map(([number]) => Number(number)),
        Array.from({ length: MANY }, (_, i) => i),
      );
      to.socket.destroy();
    }),
  );
}

test(
  "the old link: what one side has sent arrives, though both have said that they say no more",
  scenario(async (cleanup) => {
    const path = join(folder(cleanup), "far");
    const fars: net.Socket[] = [];
    const server = net.createServer({ allowHalfOpen: true }, (socket) => fars.push(socket.pause()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanup(() => server.close());
    const old = { listen: "tcp://127.0.0.1:0", connect: `ipc://${path}` };
    const { link } = await startLink("server", "tcp://127.0.0.1:1", cleanup, { old });
    // Somewhere here the system takes no more, and the rest is with the link.
    for (let pieces = 20; pieces < 80; pieces += 2) {
      const near = net.connect({ ...place(link.status().oldListen!), noDelay: true, allowHalfOpen: true });
      near.resume();
      await until(() => fars.length > 0, "the far leg");
      const far = fars.pop()!;
      const ended = once(near, "end");
      far.end();
      await ended;
      for (let i = 0; i < pieces; i++) {
        near.write(PIECE);
        await pause(1);
      }
      near.end();
      await pause(10);
      let octets = 0;
      far.on("data", (chunk: Buffer) => {
        octets += chunk.length;
      });
      const over = once(far, "close");
      far.resume();
      await over;
      assert.is(octets, pieces * PIECE.length);
    }
    await until(() => link.status().oldOpen === 0, "the connections to end");
  }),
);

test(
  "the old link: whoever leaves while the far end is dialled waits for nothing",
  scenario(async (cleanup) => {
    const endpoints = {
      listen: parseStreamEndpoint("tcp://127.0.0.1:0", "bind"),
      connect: parseStreamEndpoint("tcp://127.0.0.1:1", "connect"),
    };
    const heard: string[] = [];
    const events = {
      admits: () => true,
      onOpened: () => heard.push("opened"),
      onClosed: () => heard.push("closed"),
      onRefused: () => heard.push("refused"),
      onError: () => heard.push("error"),
    };
    const dialled = Object.assign(new net.Socket(), { connecting: true });
    const forward = new Forward(endpoints, events, () => dialled);
    await forward.listen();
    cleanup(() => forward.close());
    const near = await RawPeer.connect(forward.address);
    await until(() => forward.open === 1, "the connection");
    near.socket.resetAndDestroy();
    await until(() => forward.open === 0, "its end");
    assert.equal(heard, ["opened", "closed"]);
    assert.ok(dialled.destroyed);
  }),
);

test(
  "the near program leaves while its far end is dialled: the dial is given up",
  scenario(async (cleanup) => {
    const environment = new Environment();
    const dialled: net.Socket[] = [];
    // It never comes to anything.
    environment.readBuffer.connect = () => {
      const socket = new net.Socket();
      dialled.push(socket);
      return { socket, read: () => {} };
    };
    const { link, endpoint } = await startLink("client", "tcp://127.0.0.1:1", cleanup, { environment });
    const near = await RawPeer.connect(endpoint);
    near.socket.write(handshakeOf("DEALER"));
    await until(() => dialled.length === 1, "the dial");
    near.socket.destroy();
    await until(() => link.status().connections.length === 0, "the connection to end");
    assert.ok(dialled[0]!.destroyed);
    assert.is(link.status().failed, 1);
  }),
);

test.run();
