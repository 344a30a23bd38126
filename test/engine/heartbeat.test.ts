/** Heartbeats (RFC 37, "Connection Heartbeating") on a clock that only the test moves. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Heartbeat, type HeartbeatSettings } from "../../src/engine/heartbeat.ts";
import { PeerError } from "../../src/errors.ts";
import { connectedPair, exchange, type Party } from "../support/engine-pair.ts";
import { command, octets } from "../support/recorded.ts";

const NEVER = Number.POSITIVE_INFINITY;
const OFF: HeartbeatSettings = { interval: 0, timeout: -1, timeToLive: 0 };

function beat(changes: Partial<HeartbeatSettings>): { settings: { heartbeat: HeartbeatSettings } } {
  return { settings: { heartbeat: { ...OFF, ...changes } } };
}

function errorCode(party: Party): string | null {
  return party.error instanceof PeerError ? party.error.code : null;
}

test("off: no deadline, no PING", () => {
  const [a] = connectedPair();
  assert.is(a.engine.deadline, NEVER);
  a.advanceTo(1e9);
  assert.is(a.output().length, 0);
  assert.is(a.error, null);
});

test("PING once an interval, with the TTL in tenths of a second and no context", () => {
  const [a, b] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000, timeToLive: 3000 }));
  a.advanceTo(999);
  assert.is(a.output().length, 0);
  a.advanceTo(1000);
  const ping = a.output();
  assert.equal(ping, command("PING", octets("001e")));
  b.now = 1010;
  b.receive(ping);
  a.receive(b.output());
  a.advanceTo(1999);
  assert.is(a.output().length, 0);
  a.advanceTo(2000);
  assert.equal(a.output(), command("PING", octets("001e")));
});

test("an unanswered PING is not repeated, and ends the connection after the timeout", () => {
  const [a] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000, timeout: 5000 }));
  a.advanceTo(5999);
  assert.equal(a.output(), command("PING", octets("0000")));
  assert.is(a.error, null);
  a.advanceTo(6000);
  assert.is(errorCode(a), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
  assert.is(a.engine.deadline, NEVER);
});

test("timeout -1 is the interval; 0 sends PINGs and never gives up", () => {
  const [a] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000 }));
  a.advanceTo(1999);
  assert.is(a.error, null);
  a.advanceTo(2000);
  assert.is(errorCode(a), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
  const [c] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000, timeout: 0 }));
  c.advanceTo(10_000);
  assert.is(c.error, null);
  assert.ok(c.output().length >= 9);
});

test("any octet proves life, be it one of a large message", () => {
  const [a] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000, timeout: 1000 }));
  const large = Buffer.concat([octets("02 0000000000100000"), Buffer.alloc(1 << 20)]);
  for (let i = 0; i < 100; i++) {
    a.advanceTo(i * 900);
    a.receive(large.subarray(i, i + 1));
  }
  assert.is(a.error, null);
});

test("a peer that only sends is still told that we live: the TTL we announced is kept", () => {
  const ttl = beat({ interval: 1000, timeToLive: 2000 });
  const [a, b] = connectedPair(["PULL", "PUSH"], ttl);
  a.advanceTo(1000);
  b.advanceTo(1000);
  exchange(a, b);
  for (let now = 1000; now <= 60_000; now += 100) {
    a.advanceTo(now);
    b.advanceTo(now);
    b.engine.send([Buffer.from("x")]);
    exchange(a, b);
  }
  assert.is(b.error, null);
  assert.is(a.error, null);
});

test("the peer's TTL: silence of that length ends the connection; TTL 0 withdraws it", () => {
  const [a] = connectedPair();
  a.receive(command("PING", octets("0005")));
  assert.is(a.engine.deadline, 500);
  a.now = 400;
  a.receive(octets('00 01 "x"'));
  assert.is(a.engine.deadline, 900);
  a.receive(command("PING", octets("0000")));
  assert.is(a.engine.deadline, NEVER);
  a.receive(command("PING", octets("0005")));
  a.advanceTo(899);
  assert.is(a.error, null);
  a.advanceTo(900);
  assert.is(errorCode(a), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
});

test("the peer's TTL may be as long as RFC 37 allows", () => {
  const [a] = connectedPair();
  a.receive(command("PING", octets("ffff")));
  assert.is(a.engine.deadline, 6_553_500);
});

test("our TTL is never announced above 655 tenths, where libzmq would wrap", () => {
  for (const [milliseconds, tenths] of [
    [0, 0],
    [99, 0],
    [100, 1],
    [65_500, 655],
    [65_600, 655],
    [6_553_500, 655],
  ]) {
    assert.is(new Heartbeat({ ...OFF, timeToLive: milliseconds! }, 0).ttlTenths, tenths);
  }
});

test("while we do not read, silence proves nothing; afterwards the rest of the time counts", () => {
  const [a] = connectedPair(["DEALER", "ROUTER"], beat({ interval: 1000, timeout: 1000 }));
  a.receive(command("PING", octets("0014")));
  a.advanceTo(1500);
  a.engine.pause(1500);
  a.advanceTo(100_000);
  assert.is(a.error, null);
  a.engine.resume(100_000);
  a.advanceTo(100_499);
  assert.is(a.error, null);
  a.advanceTo(100_500);
  assert.is(errorCode(a), "ERR_ZMTP_HEARTBEAT_TIMEOUT");
});

test("while we do not read we still send PINGs: the peer waits for us no longer than announced", () => {
  const [a, b] = connectedPair(["PULL", "PUSH"], beat({ interval: 1000, timeToLive: 2000 }));
  a.advanceTo(1000);
  b.advanceTo(1000);
  exchange(a, b);
  a.engine.pause(1000);
  for (let now = 1000; now <= 60_000; now += 100) {
    a.advanceTo(now);
    b.advanceTo(now);
    b.receive(a.output());
  }
  assert.is(b.error, null);
  assert.is(a.error, null);
});

test("neither side reads: PINGs do not pile up", () => {
  const [a] = connectedPair(["PULL", "PUSH"], beat({ interval: 10 }));
  a.engine.pause(0);
  a.advanceTo(100_000);
  assert.is(a.error, null);
  assert.ok(a.engine.batched <= 16_384, `${a.engine.batched} octets wait`);
});

test("pause and resume twice are as once", () => {
  const heart = new Heartbeat({ ...OFF, interval: 100 }, 0);
  assert.is(heart.due(100), "ping");
  heart.pause(150);
  heart.pause(170);
  heart.resume(250);
  heart.resume(260);
  assert.is(heart.due(299), "none");
  assert.is(heart.due(300), "dead");
});

test("with both sides beating and nothing else to say, the connection lives", () => {
  const both = beat({ interval: 500, timeout: 200, timeToLive: 700 });
  const [a, b] = connectedPair(["PULL", "PUSH"], both, both);
  for (let now = 0; now <= 30_000; now += 50) {
    a.advanceTo(now);
    b.advanceTo(now);
    exchange(a, b);
  }
  assert.is(a.error, null);
  assert.is(b.error, null);
});

test.run();
