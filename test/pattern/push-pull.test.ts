/** RFC 30 (PUSH, PULL), and what goes for every type that cannot send or receive. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../src/errors.ts";
import type { Pattern } from "../../src/pattern/pattern.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import { bench, msg, readAll, text } from "../support/fake-transport.ts";

test("RFC 30 PUSH SHALL route outgoing messages to available peers using a round-robin strategy", () => {
  const { socket, peer } = bench("PUSH");
  const peers = [peer(), peer(), peer()];
  for (let i = 0; i < 7; i++) assert.ok(socket.send(msg(`${i}`)));
  assert.equal(
    peers.map((peer) => peer.heard().flat()),
    [
      ["0", "3", "6"],
      ["1", "4"],
      ["2", "5"],
    ],
  );
});

test("RFC 30 PUSH SHALL consider a peer available only when its queue is not full", () => {
  const { socket, host, peer } = bench("PUSH");
  const [full, free] = [peer("", { sendHighWaterMark: 1 }), peer()];
  full.room = 0;
  for (let i = 0; i < 4; i++) assert.ok(socket.send(msg(`${i}`)));
  assert.equal(free.heard().flat(), ["1", "2", "3"]);
  const before = host.writables;
  full.takeMore(2);
  assert.is(host.writables, before + 1);
  socket.send(msg("4"));
  socket.send(msg("5"));
  assert.is(full.heard().length, 2);
});

test("RFC 30 PUSH SHALL block on sending when it has no available peers, and SHALL NOT discard messages", () => {
  const { socket, host, peer } = bench("PUSH");
  assert.not(socket.writable);
  assert.not(socket.send(msg("x")));
  const only = peer("", { sendHighWaterMark: 2 });
  assert.is(host.writables, 1);
  only.room = 0;
  assert.ok(socket.send(msg("a")) && socket.send(msg("b")));
  assert.not(socket.writable);
  assert.not(socket.send(msg("c")));
  only.takeMore(Infinity);
  assert.ok(socket.send(msg("c")));
  assert.equal(only.heard(), [["a"], ["b"], ["c"]]);
  only.close();
  assert.not(socket.writable);
});

test("RFC 30 PUSH SHALL create a queue when it connects, and keep it while there is no connection", () => {
  const { socket, dialled } = bench("PUSH");
  const peer = dialled("", { sendHighWaterMark: 2 });
  assert.ok(socket.send(msg("a")));
  assert.is(peer.heard().length, 0);
  peer.up();
  peer.down();
  assert.ok(socket.send(msg("b")) && socket.send(msg("c")));
  assert.not(socket.send(msg("d")));
  peer.up();
  assert.equal(peer.heard(), [["a"], ["b"], ["c"]]);
});

test("RFC 30 PUSH SHALL destroy the queue of a peer that disconnects", () => {
  const { socket, peer } = bench("PUSH");
  const [gone, stays] = [peer(), peer()];
  gone.close();
  for (let i = 0; i < 3; i++) socket.send(msg("x"));
  assert.is(gone.heard().length, 0);
  assert.is(stays.heard().length, 3);
});

test("nothing is written to a pipe that is over, though its connection may linger", () => {
  for (const type of ["PUSH", "DEALER", "REQ", "PAIR", "ROUTER", "PUB", "XPUB", "XSUB"] as const) {
    const { socket, peer } = bench(type);
    const lingering = peer("id");
    lingering.subscribe("");
    socket.detach(lingering.pipe);
    (socket as Pattern).send(msg("id", "x"));
    assert.equal(lingering.heard(), [], type);
  }
});

test("RFC 30 PULL SHALL receive incoming messages from its peers using a fair-queuing strategy", () => {
  const { socket, host, peer } = bench("PULL");
  const [a, b] = [peer(), peer()];
  a.say("a1", "more");
  a.say("a2");
  b.say("b1");
  assert.ok(socket.readable);
  assert.is(host.readables, 2);
  assert.equal(readAll(socket), [["a1", "more"], ["b1"], ["a2"]]);
  assert.not(socket.readable);
});

test("what a peer sent before it went stays readable", () => {
  for (const type of ["PULL", "DEALER", "PAIR", "XSUB"] as const) {
    const { socket, peer } = bench(type);
    const gone = peer();
    gone.say("last words");
    gone.close();
    assert.equal(text(socket.receive()), ["last words"]);
    assert.not(socket.readable);
  }
});

test("RFC 30 PULL SHALL NOT send, PUSH SHALL NOT receive; likewise PUB and SUB of RFC 29", () => {
  const notSupported = (error: unknown) => error instanceof UsageError && error.code === "ENOTSUP";
  for (const type of ["PULL", "SUB"] as const) {
    const { socket, peer } = bench(type);
    peer();
    assert.throws(() => socket.send(msg("x")), notSupported);
    assert.not(socket.writable);
  }
  for (const type of ["PUSH", "PUB"] as const) {
    const { socket, host, peer } = bench(type);
    const noisy = peer("", { receiveHighWaterMark: 1 });
    for (let i = 0; i < 10; i++) assert.ok(noisy.say("nobody reads this"), "never stalls");
    assert.is(noisy.pipe.inboundLength, 0);
    assert.throws(() => socket.receive(), notSupported);
    assert.not(socket.readable);
    assert.is(host.readables, 0);
  }
});

test("subscriptions sent to a socket that publishes nothing are ignored", () => {
  const types: SocketType[] = ["PAIR", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XSUB"];
  for (const type of types) {
    const { socket, peer } = bench(type);
    const confused = peer();
    assert.ok(confused.subscribe("a") && confused.cancel("a"), type);
    assert.not((socket as Pattern).readable, type);
    assert.is(confused.terminations, 0);
  }
});

test("a full receiver stalls its peer, not the others", () => {
  const { socket, peer } = bench("PULL");
  const [a, b] = [peer("", { receiveHighWaterMark: 2 }), peer("", { receiveHighWaterMark: 2 })];
  assert.ok(a.say("1"));
  assert.not(a.say("2"));
  assert.ok(b.say("3"));
  socket.receive();
  assert.is(a.resumes, 1);
  assert.is(b.resumes, 0);
});

test.run();
