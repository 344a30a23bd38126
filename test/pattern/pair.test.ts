/** RFC 31. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bench, FakePeer, msg, readAll, text } from "../support/fake-transport.ts";

test("RFC 31 PAIR SHALL have at most one connected peer; a second gets in when the first is gone", () => {
  const { socket, peer } = bench("PAIR");
  const first = peer();
  const second = new FakePeer(socket);
  assert.not(second.accept());
  socket.send(msg("to the first"));
  assert.equal(first.heard(), [["to the first"]]);
  first.close();
  assert.not(socket.writable);
  assert.ok(second.accept());
  socket.send(msg("to the second"));
  assert.equal(second.heard(), [["to the second"]]);
});

test("a second connection that was refused gets in by a later attempt", () => {
  const { socket, dialled } = bench("PAIR");
  const first = dialled();
  const second = new FakePeer(socket);
  assert.not(second.dial());
  assert.not(second.up());
  first.close();
  assert.ok(second.up());
  socket.send(msg("x"));
  assert.equal(second.heard(), [["x"]]);
});

test("RFC 31 PAIR SHALL block when there is no peer or its queue is full, and SHALL NOT discard", () => {
  const { socket, host, peer } = bench("PAIR");
  assert.not(socket.send(msg("x")));
  const only = peer("", { sendHighWaterMark: 1 });
  assert.is(host.writables, 1);
  only.room = 0;
  assert.ok(socket.send(msg("a")));
  assert.not(socket.writable);
  assert.not(socket.send(msg("b")));
  only.takeMore(Infinity);
  assert.is(host.writables, 2);
  assert.ok(socket.send(msg("b")));
  assert.equal(only.heard(), [["a"], ["b"]]);
});

test("RFC 31 PAIR keeps the queue of a connection it made while that is down", () => {
  const { socket, dialled } = bench("PAIR");
  const peer = dialled();
  assert.ok(socket.writable);
  socket.send(msg("a"));
  peer.up();
  peer.down();
  socket.send(msg("b"));
  peer.up();
  assert.equal(peer.heard(), [["a"], ["b"]]);
});

test("a former peer's messages come before they are forgotten, and its room means nothing any more", () => {
  const { socket, host, peer } = bench("PAIR");
  const first = peer();
  first.say("one");
  first.say("two");
  first.close();
  const second = peer();
  second.say("three");
  assert.equal(readAll(socket).flat().sort(), ["one", "three", "two"]);
  const before = host.writables;
  socket.onWritable(first.pipe);
  assert.is(host.writables, before);
  second.say("four");
  assert.equal(text(socket.receive()), ["four"]);
});

test.run();
