/** RFC 28, DEALER and ROUTER. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../src/errors.ts";
import { bench, FakePeer, msg, peerNamed, readAll, text } from "../support/fake-transport.ts";

const unreachable = (error: unknown) => error instanceof UsageError && error.code === "EHOSTUNREACH";

test("RFC 28 DEALER SHALL send round-robin, receive by fair queueing, and not modify messages", () => {
  const { socket, peer } = bench("DEALER");
  const [a, b] = [peer(), peer()];
  for (const name of ["1", "2", "3"]) socket.send(msg("", name));
  assert.equal(a.heard(), [
    ["", "1"],
    ["", "3"],
  ]);
  assert.equal(b.heard(), [["", "2"]]);
  a.say("", "a1");
  a.say("", "a2");
  b.say("b1");
  assert.equal(readAll(socket), [["", "a1"], ["b1"], ["", "a2"]]);
});

test("RFC 28 DEALER SHALL block on sending when it has no available peers", () => {
  const { socket, host, dialled } = bench("DEALER");
  assert.not(socket.send(msg("x")));
  const peer = dialled("", { sendHighWaterMark: 1 });
  assert.is(host.writables, 1);
  assert.ok(socket.send(msg("a")));
  assert.not(socket.writable);
  assert.not(socket.send(msg("b")));
  peer.up();
  assert.ok(socket.writable);
  peer.close();
  assert.not(socket.writable);
});

test("ZMQ_PROBE_ROUTER: an empty message tells of a new peer before any data", () => {
  for (const type of ["DEALER", "REQ", "ROUTER"] as const) {
    const { socket, dialled, settings, peer } = bench(type, { probeRouter: true });
    const dealt = dialled();
    if (type === "DEALER") socket.send(msg("data"));
    dealt.up();
    assert.equal(dealt.heard(), type === "DEALER" ? [[""], ["data"]] : [[""]]);
    dealt.down();
    dealt.up();
    assert.equal(dealt.heard(), [[""]], "again after a reconnect");
    settings.probeRouter = false;
    assert.equal(peer().heard(), []);
  }
});

test("ZMQ_PROBE_ROUTER: a send that waited for the peer comes after the probe", () => {
  const { socket, host } = bench("DEALER", { probeRouter: true });
  let waiting = !socket.send(msg("data"));
  host.onWritable = () => {
    if (waiting) waiting = !socket.send(msg("data"));
  };
  const peer = new FakePeer(socket);
  peer.accept();
  assert.equal(peer.heard(), [[""], ["data"]]);
});

test("RFC 28 ROUTER SHALL prefix the peer's identity on receive, and route by it on send", () => {
  const { socket, peer } = bench("ROUTER");
  const [alice, bob] = [peer("alice"), peer("bob")];
  alice.say("hello", "world");
  alice.say("again");
  bob.say("hi");
  assert.equal(readAll(socket), [
    ["alice", "hello", "world"],
    ["bob", "hi"],
    ["alice", "again"],
  ]);
  assert.ok(socket.send(msg("bob", "to", "bob")));
  assert.equal(alice.heard(), []);
  assert.equal(bob.heard(), [["to", "bob"]]);
});

test("RFC 28 ROUTER SHALL make an identity for peers that have none: 00 and a counter", () => {
  const { socket, peer } = bench("ROUTER");
  const peers = [peer(), peer("\0mine"), peer("x".repeat(256))];
  for (const peer of peers) peer.say("x");
  assert.equal(
    readAll(socket).map((message) => message![0]),
    ["\0\0\0\0\x01", "\0\0\0\0\x02", "\0\0\0\0\x03"],
  );
  socket.send(msg("\0\0\0\0\x02", "y"));
  assert.equal(peers[1]!.heard(), [["y"]]);
  const longest = peer("x".repeat(255));
  longest.say("x");
  assert.is(text(socket.receive())![0], "x".repeat(255));
});

test("identities are octets: those that differ in bits above 7 differ", () => {
  const { socket, peer } = bench("ROUTER");
  const [a, b] = [peer(Buffer.of(0xc3)), peer(Buffer.of(0xc4))];
  socket.send([Buffer.of(0xc4), Buffer.from("x")]);
  assert.equal([a.heard(), b.heard()], [[], [["x"]]]);
});

test("a second peer of the same identity is refused, and served once the first is gone (libzmq#4503)", () => {
  const { socket, peer } = bench("ROUTER");
  const first = peer("same");
  const second = new FakePeer(socket, "same");
  assert.not(second.accept());
  socket.send(msg("same", "x"));
  assert.equal(first.heard(), [["x"]]);
  assert.is(first.terminations, 0);
  first.close();
  assert.ok(second.accept());
  socket.send(msg("same", "y"));
  assert.equal(second.heard(), [["y"]]);
});

test("ZMQ_ROUTER_HANDOVER: the newcomer takes the identity, the former holder is cut off", () => {
  const { socket, peer } = bench("ROUTER", { handover: true });
  const first = peer("same");
  first.say("before");
  const second = peer("same");
  assert.is(first.terminations, 1);
  socket.send(msg("same", "x"));
  assert.equal([first.heard(), second.heard()], [[], [["x"]]]);
  second.say("after");
  assert.equal(readAll(socket), [
    ["same", "before"],
    ["same", "after"],
  ]);
});

test("a routing id is never handed over from one identity to another, an anonymous one included", () => {
  const as = (peer: string | null) => ({ ...peerNamed("same"), facts: { peer } });
  for (const [holder, newcomer, handedOver] of [
    ["alice", "alice", true],
    ["alice", "mallory", false],
    ["alice", null, false],
    [null, "mallory", false],
    [null, null, true],
  ] as const) {
    const { socket } = bench("ROUTER", { handover: true });
    const first = new FakePeer(socket, "same");
    assert.ok(first.accept(as(holder)));
    const second = new FakePeer(socket, "same");
    assert.is(second.accept(as(newcomer)), handedOver, `${holder} to ${newcomer}`);
    assert.is(first.terminations, handedOver ? 1 : 0);
  }
});

test("messages that wait for one identity do not go to another at the same endpoint", () => {
  const { socket } = bench("ROUTER");
  const as = (peer: string) => ({ ...peerNamed("server"), facts: { peer } });
  const there = new FakePeer(socket, "server");
  assert.ok(there.dial() && there.up(as("bob")));
  there.down();
  socket.send(msg("server", "for bob"));
  assert.not(there.up(as("mallory")));
  assert.ok(there.up(as("bob")));
  assert.equal(there.heard(), [["for bob"]]);
  there.down();
  assert.ok(there.up(as("carol")), "nothing waits");
});

test("RFC 28 ROUTER SHALL drop messages to unknown or full peers, and a message that is only an identity", () => {
  const { socket, peer } = bench("ROUTER");
  const slow = peer("slow", { sendHighWaterMark: 1 });
  slow.room = 0;
  assert.ok(socket.writable);
  assert.ok(socket.send(msg("nobody", "x")));
  assert.ok(socket.send(msg("slow")));
  assert.ok(socket.send(msg("slow", "kept")));
  assert.ok(socket.send(msg("slow", "dropped")));
  slow.takeMore(Infinity);
  assert.equal(slow.heard(), [["kept"]]);
});

test("ZMQ_ROUTER_MANDATORY: unknown peers throw EHOSTUNREACH, full ones block", () => {
  const { socket, host, peer } = bench("ROUTER", { mandatory: true });
  assert.not(socket.writable);
  assert.throws(() => socket.send(msg("nobody", "x")), unreachable);
  const slow = peer("slow", { sendHighWaterMark: 1 });
  slow.room = 0;
  assert.ok(socket.send(msg("slow", "a")));
  assert.not(socket.send(msg("slow", "b")));
  assert.not(socket.writable);
  const before = host.writables;
  slow.takeMore(1);
  assert.is(host.writables, before + 1);
  slow.room = 0;
  assert.ok(socket.send(msg("slow", "b")));
  assert.not(socket.send(msg("slow", "c")));
  const waiting = host.writables;
  slow.close();
  assert.is(host.writables, waiting + 1, "the send that waits learns that its peer is gone");
  assert.throws(() => socket.send(msg("slow", "c")), unreachable);
});

test("RFC 28 ROUTER SHALL destroy the queue of a peer that disconnects; what it sent stays readable", () => {
  const { socket, peer } = bench("ROUTER");
  const gone = peer("gone");
  gone.say("last words");
  gone.close();
  socket.send(msg("gone", "x"));
  assert.equal(gone.heard(), []);
  assert.equal(readAll(socket), [["gone", "last words"]]);
});

test("ZMQ_CONNECT_ROUTING_ID names a peer from connect() on", () => {
  const { socket } = bench("ROUTER", { mandatory: true });
  const peer = new FakePeer(socket, "its own name");
  peer.pipe.routingId = Buffer.from("assigned");
  assert.ok(peer.dial() && peer.dial());
  assert.ok(socket.send(msg("assigned", "queued")));
  peer.up();
  assert.equal(peer.heard(), [["queued"]]);
  assert.throws(() => socket.send(msg("its own name", "x")), unreachable);
  const rival = new FakePeer(socket);
  rival.pipe.routingId = Buffer.from("assigned");
  assert.not(rival.dial());
  rival.close();
  assert.ok(socket.send(msg("assigned", "still served")));
});

test("a dialled peer has no identity until it is connected, and keeps its first one", () => {
  const { socket, dialled } = bench("ROUTER", { mandatory: true });
  const peer = dialled("named");
  assert.throws(() => socket.send(msg("named", "x")), unreachable);
  peer.up();
  peer.down();
  assert.ok(socket.send(msg("named", "while away")));
  peer.up();
  assert.equal(peer.heard(), [["while away"]]);
  const anonymous = dialled();
  anonymous.up();
  anonymous.down();
  anonymous.up();
  anonymous.say("x");
  assert.equal(text(socket.receive()), ["\0\0\0\0\x01", "x"]);
});

test("a dialled peer refused for its identity may be accepted by another name, or later", () => {
  const { socket, peer, dialled } = bench("ROUTER");
  const holder = peer("same");
  const late = dialled("same");
  assert.not(late.up());
  assert.is(late.pipe.routingId, null);
  holder.close();
  assert.ok(late.up());
  socket.send(msg("same", "x"));
  assert.equal(late.heard(), [["x"]]);
});

test.run();
