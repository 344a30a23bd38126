/** The end of a connection that is shut down while it can neither be written nor read: no real socket stops so on demand. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Allocator } from "../../src/net/allocator.ts";
import type { ReadTarget } from "../../src/net/read-buffer.ts";
import { Session } from "../../src/net/session.ts";
import { Party } from "../support/engine-pair.ts";
import { frame, handshakeOf } from "./harness.ts";

/** As much of a socket as a session uses. The kernel takes nothing: each write waits. */
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

test.run();
