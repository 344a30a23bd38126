/** Connections that end while they are shut down: what waited, and who waits for it. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Allocator } from "../../src/net/allocator.ts";
import type { ReadTarget } from "../../src/net/read-buffer.ts";
import { Session } from "../../src/net/session.ts";
import { Party } from "../support/engine-pair.ts";
import { freeTcp } from "../support/free-port.ts";
import { within } from "../support/within.ts";
import { bare, frame, handshakeOf, LIMIT, RawServer, scenario, until } from "./harness.ts";

const MIB = Buffer.alloc(1024 * 1024);

/** As much of a socket as a session uses: no real one stops on demand. The kernel takes nothing, each write waits. */
class StuckSocket extends EventEmitter {
  destroyed = false;
  readonly writable = true;
  writableLength = 0;
  target: ReadTarget | undefined;

  write(bytes: Uint8Array): boolean {
    this.writableLength += bytes.length;
    return false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  pause(): void {}
  resume(): void {}
  cork(): void {}
  uncork(): void {}
  setNoDelay(): void {}
  unref(): void {}
  end(): void {}
}

/** A session past its handshake whose pipe is full both ways, and what was heard of its end. */
function stuck() {
  const socket = new StuckSocket();
  const heard: string[] = [];
  const pipe = { outboundLength: 1, stalled: false, flush: () => {}, deliver: () => false };
  const session = new Session(
    {
      socket: socket as unknown as Socket,
      read: (target) => {
        socket.target = target;
      },
    },
    new Party("DEALER").engine,
    {
      onReady: () => pipe,
      onHandshake: () => {},
      onClosed: (_session, error) => heard.push(`closed ${error}`),
    },
    new Allocator(),
  );
  session.start();
  socket.target!.onData(Buffer.concat([handshakeOf("DEALER"), frame(0, "fills the pipe")]), false);
  assert.ok(session.ready);
  return { socket, session, heard };
}

test("a peer that leaves while nobody reads it ends a shutdown without time limit", () => {
  const { socket, session, heard } = stuck();
  session.shutdown(-1, () => heard.push("drained"));
  assert.equal(heard, []);
  socket.emit("end");
  assert.equal(heard.sort(), ["closed null", "drained"]);
  assert.ok(socket.destroyed);
});

test("so does a peer that had left before", () => {
  const { socket, session, heard } = stuck();
  socket.emit("end");
  assert.equal(heard, [], "closed with messages unread");
  session.shutdown(-1, () => heard.push("drained"));
  assert.equal(heard.sort(), ["closed null", "drained"]);
  assert.ok(socket.destroyed);
});

for (const linger of [-1, 60_000]) {
  test(
    `linger ${linger}: what waits when the connection is lost during the close goes out over the next`,
    scenario(async (cleanup) => {
      const server = await RawServer.listen(cleanup);
      const push = bare("PUSH", cleanup, { settings: { linger, reconnectInterval: 1 } });
      push.hub.connect(server.endpoint);
      const first = await server.join("PULL");
      await push.saw("handshake");
      first.socket.pause();
      for (let i = 0; i < 30; i++) push.pattern.send([MIB, Buffer.from(String(i))]);
      const closed = push.hub.close();
      first.socket.resetAndDestroy();
      const second = await server.join("PULL", 1);
      await within(LIMIT, closed, "closing");
      await until(() => second.ended, "FIN");
      const numbers = second.messages.map((message) => Number(message[1]));
      assert.ok(numbers.length > 0, "nothing came");
      // Those before were the kernel's when the connection was lost.
      assert.equal(
        numbers,
        Array.from({ length: numbers.length }, (_, i) => 30 - numbers.length + i),
      );
    }),
  );
}

test(
  "a connection lost during the close takes up no more than is left of the linger",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup, await freeTcp());
    const push = bare("PUSH", cleanup, { settings: { linger: 300, reconnectInterval: 1 } });
    push.hub.connect(server.endpoint);
    const peer = await server.join("PULL");
    await push.saw("handshake");
    peer.socket.pause();
    for (let i = 0; i < 30; i++) push.pattern.send([MIB]);
    const closed = push.hub.close();
    server.close();
    await within(LIMIT, closed, "closing");
    assert.not(push.hub.hasUnsent);
  }),
);

test.run();
