/** Limits before authentication: who is let in, whose turn it is, when cookies are asked for; and the cookies. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PeerError } from "../../../src/errors.ts";
import { addressKey, endpointHost } from "../../../src/mechanism/qzmq/address.ts";
import { Admission, type AdmissionOptions, type Seat } from "../../../src/mechanism/qzmq/admission.ts";
import { COOKIE_LENGTH, CookieJar, type CookieSubject } from "../../../src/mechanism/qzmq/cookie.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { codeOf, nameOf, Pair } from "../../support/qzmq-pair.ts";
import { makeFactories } from "../../support/qzmq-session.ts";
import { seededRandom } from "../../support/seeded-random.ts";

function make(options: AdmissionOptions = {}): Admission {
  return new Admission(provider, seededRandom("admission"), options);
}

function busy(run: () => unknown): void {
  assert.throws(run, (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_BUSY");
}

const nothing = () => {};

test("addresses: IPv4, IPv6 by /64, mapped, none", () => {
  assert.is(addressKey("192.0.2.1"), "192.0.2.1");
  assert.is(addressKey("::ffff:192.0.2.1"), "192.0.2.1");
  assert.is(addressKey(""), null);
  const same = [
    "2001:db8:0:1::5",
    "2001:db8::1:5:6:7:8",
    "2001:DB8:0:1:ffff::",
    "2001:0db8:0000:0001::1%eth0",
  ];
  assert.is(new Set(same.map(addressKey)).size, 1);
  assert.is.not(addressKey("2001:db8:0:2::5"), addressKey(same[0]!));
  assert.is(addressKey("::1"), "0:0:0:0");
});

test("endpoints: the host, if there is one", () => {
  assert.is(endpointHost("tcp://Server.Example:5555"), "server.example");
  assert.is(endpointHost("tcp://[2001:DB8::1]:5555"), "2001:db8::1");
  assert.is(endpointHost("tcp://192.0.2.9;server.example:5555"), "server.example");
  for (const none of ["ipc://server.sock", "inproc://a", "tcp://*:5"]) assert.is(endpointHost(none), null);
});

test("half-open handshakes: by address, in all, the oldest without a cookie makes room", () => {
  const admission = make({ maxHandshakes: 3, maxHandshakesPerAddress: 2 });
  const dropped: number[] = [];
  const enter = (number: number, address: string) => admission.enter(address, () => dropped.push(number));
  const first = enter(0, "192.0.2.1");
  enter(1, "192.0.2.1");
  busy(() => enter(2, "192.0.2.1"));
  first.proven();
  enter(3, "192.0.2.2");
  const last = enter(4, "192.0.2.3");
  assert.equal(dropped, [1], "not the one with a cookie, though it is older");
  last.proven();
  enter(5, "192.0.2.4").proven();
  assert.equal(dropped, [1, 3]);
  busy(() => enter(6, "192.0.2.5"));
  first.leave();
  first.leave();
  enter(7, "192.0.2.1");
  assert.is(admission.load.handshakes, 3);
});

test("octets held are bounded and given back", () => {
  const admission = make({ maxHandshakeBytes: 100 });
  const seat = admission.enter("192.0.2.1", nothing);
  seat.hold(60);
  busy(() => seat.hold(41));
  seat.hold(40);
  seat.leave();
  assert.is(admission.load.bytes, 0);
});

test("operations: bounded, one address after the other, dropped with their seat", () => {
  const admission = make({ maxOperations: 2 });
  const turns: (() => void)[] = [];
  const ran: string[] = [];
  const finish = new Map<string, () => void>();
  const operate = (seat: Seat, name: string) =>
    seat.operate(
      (task) => turns.push(task),
      (done) => {
        ran.push(name);
        finish.set(name, done);
      },
    );
  const seats = ["a1", "a2", "a3", "b1", "c1"].map((name) => ({
    name,
    seat: admission.enter(`192.0.2.${name.charCodeAt(0)}`, nothing),
  }));
  for (const { seat, name } of seats) operate(seat, name);
  assert.equal([admission.load.waiting, admission.load.operations], [5, 2]);
  assert.is(turns.length, 2, "no more than allowed are handed to the event loop");
  turns.shift()!();
  finish.get("a1")!();
  finish.get("a1")!();
  turns.shift()!();
  assert.equal(ran, ["a1", "a2"]);
  seats[2]!.seat.leave();
  finish.get("a2")!();
  while (turns.length > 0) turns.shift()!();
  assert.equal(ran, ["a1", "a2", "b1", "c1"]);
  seats[3]!.seat.leave();
  assert.is(admission.load.operations, 2, "an operation under way counts until it returns");
  finish.get("b1")!();
  finish.get("c1")!();
  assert.equal([admission.load.waiting, admission.load.operations], [0, 0]);
});

test("an address with many waiting does not hold up another", () => {
  const admission = make({ maxOperations: 1 });
  const turns: (() => void)[] = [];
  const ran: string[] = [];
  for (const name of ["a1", "a2", "a3", "a4", "b1"]) {
    admission.enter(name[0]!, nothing).operate(
      (task) => turns.push(task),
      (done) => {
        ran.push(name);
        done();
      },
    );
  }
  while (turns.length > 0) turns.shift()!();
  assert.ok(ran.indexOf("b1") <= 2, ran.join());
});

test("cookies are asked for under load: by number waiting, or by time", () => {
  const admission = make({ loadWaiting: 2, loadWait: 50 });
  const turns: (() => void)[] = [];
  admission.tick(0);
  assert.is(admission.wantsCookie(), false);
  const operate = () =>
    admission.enter("192.0.2.1", nothing).operate(
      (task) => turns.push(task),
      (done) => done(),
    );
  operate();
  admission.tick(49);
  assert.is(admission.wantsCookie(), false);
  admission.tick(50);
  assert.is(admission.wantsCookie(), true);
  turns.shift()!();
  assert.is(admission.wantsCookie(), false);
  for (let i = 0; i < 3; i++) operate();
  assert.is(admission.wantsCookie(), true);
  assert.is(make({ cookies: "always" }).wantsCookie(), true);
  assert.is(make({ cookies: "never", loadWaiting: 1 }).wantsCookie(), false);
  assert.throws(() => make({ maxHandshakes: 0 }), /maxHandshakes/);
});

test("a server under load asks clients for cookies, and serves those that wait", async () => {
  const admission = make({ loadWaiting: 1 });
  const { client, server } = await makeFactories({ server: { admission } });
  const pairs = Array.from({ length: 4 }, () => {
    const pair = new Pair(client, server);
    pair.server.call(() => pair.server.mechanism.start(pair.server.host, 0));
    pair.client.call(() => pair.client.mechanism.start(pair.client.host, 0));
    const [hello] = pair.client.mechanism.takeOutput();
    const header = (hello![0]! & 2) === 0 ? 2 : 9;
    pair.server.call(() => pair.server.mechanism.receive(hello![0]!, hello!.subarray(header), 0));
    return pair;
  });
  for (const pair of pairs) pair.settle();
  const retried = pairs.map((pair) => pair.frames.some(({ frame }) => nameOf(frame) === "RETRY"));
  assert.equal(retried, [false, false, true, true]);
  for (const pair of pairs) {
    assert.is(pair.server.error, null);
    assert.is(pair.server.mechanism.status, "ready");
  }
});

test("a handshake that made room for another says busy", async () => {
  const admission = make({ maxHandshakes: 1 });
  const { client, server } = await makeFactories({ server: { admission } });
  const first = new Pair(client, server, {
    intercept: (from) => (from === "client" ? [] : undefined),
  }).start();
  const second = new Pair(client, server, { client: { peerAddress: "192.0.2.8" } }).start();
  assert.is(second.server.mechanism.status, "ready");
  assert.is(first.server.mechanism.deadline, 0);
  first.pass(0);
  assert.is(codeOf(first.server), "ERR_QZMQ_BUSY");
  assert.is(first.client.error?.reason, "busy");
});

const subject: CookieSubject = {
  ...{ connectionId: 7, peerAddress: "192.0.2.7" },
  clientHello: Uint8Array.of(1, 2, 3),
};

test("a cookie is good for its subject, for its time, and not if changed", () => {
  const jar = new CookieJar(provider, seededRandom("jar"), 60_000);
  const cookie = jar.bake(subject, 1000.7);
  assert.is(cookie.length, COOKIE_LENGTH);
  assert.is(jar.accepts(cookie, subject, 1001), true);
  assert.is(jar.accepts(cookie, subject, 61_000), true, "the secret before is good too");
  assert.is(jar.accepts(cookie, { ...subject, connectionId: 8 }, 1001), false);
  assert.is(jar.accepts(cookie, { ...subject, peerAddress: "192.0.2.8" }, 1001), false);
  assert.is(jar.accepts(cookie, { ...subject, clientHello: Uint8Array.of(1, 2, 4) }, 1001), false);
  assert.is(jar.accepts(cookie.slice(1), subject, 1001), false);
  assert.is(jar.accepts(cookie, subject, 999), false, "from the future");
  for (let at = 0; at < cookie.length; at++) {
    for (const bit of [1, 0x80]) {
      const changed = cookie.slice();
      changed[at]! ^= bit;
      assert.is(jar.accepts(changed, subject, 1001), false, `octet ${at}`);
    }
  }
});

test("cookies age out, and old secrets with them", () => {
  const jar = new CookieJar(provider, seededRandom("jar"), 60_000);
  const cookie = jar.bake(subject, 0);
  assert.is(jar.accepts(cookie, subject, 60_000), true);
  assert.is(jar.accepts(cookie, subject, 60_001), false);
  const younger = jar.bake(subject, 119_000);
  assert.is(jar.accepts(younger, subject, 121_000), true);
  assert.is(new CookieJar(provider, seededRandom("other"), 60_000).accepts(younger, subject, 121_000), false);
});

test.run();
