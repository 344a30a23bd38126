/** Hostile clients under load: cookies, and floods of half-open handshakes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Admission } from "../../src/mechanism/qzmq/admission.ts";
import type { QzmqFactory } from "../../src/mechanism/qzmq/index.ts";
import { extension, NaiveClient } from "../support/naive-client.ts";
import { bytes, DEFAULT_SUITE, digest, frame, greeting, hmac, u64, v8, v16 } from "../support/naive-codec.ts";
import { provider } from "../support/qzmq-identities.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { beforeServer, bob, flip, type Ground, ground, key, type ServerScene } from "./scene.ts";
import { PROTOCOL, type Sin, sins } from "./sins.ts";
import { Bystanders, inHandshake, join, Victim } from "./victim.ts";

const admission = (options: ConstructorParameters<typeof Admission>[2]) =>
  new Admission(provider, seededRandom("admission"), options);
const always = () => ground({ server: { admission: admission({ cookies: "always" }) } });

/** A client that was told to come again, and has the cookie. */
function retried(on: Ground): ServerScene {
  const scene = beforeServer(on, "met");
  scene.say(scene.peer.hello());
  scene.peer.retry(scene.next("RETRY"));
  return scene;
}

/** A second CLIENTHELLO after something was done to its cookie or its fields. */
const again = (name: string, hello: (peer: NaiveClient) => Uint8Array): Sin => [
  `a second CLIENTHELLO ${name}`,
  (on) => {
    const scene = retried(on);
    return scene.say(hello(scene.peer));
  },
  ...PROTOCOL,
];
const withCookie = (name: string, change: (cookie: Buffer) => Buffer) =>
  again(name, (peer) => {
    peer.cookie = change(peer.cookie);
    return peer.hello();
  });

sins("cookies", always, [
  withCookie("without the cookie", () => Buffer.alloc(0)),
  withCookie("with another key number", (cookie) => flip(cookie, 0)),
  withCookie("with another time", (cookie) => flip(cookie, 8)),
  withCookie("with a time beyond 2^53", (cookie) => flip(cookie, 1, 7)),
  withCookie("with a bit of the MAC turned over", (cookie) => flip(cookie, 40)),
  withCookie("with a MAC of zeros", (cookie) => bytes(cookie.subarray(0, 9), Buffer.alloc(32))),
  withCookie("with a cookie too short", (cookie) => cookie.subarray(0, -1)),
  withCookie("with a cookie too long", (cookie) => bytes(cookie, "\0")),
  withCookie("with a cookie made with a secret of zeros", (cookie) => {
    const head = cookie.subarray(0, 9);
    const bound = bytes("QZMQ/1 cookie", head, u64(0), v8("192.0.2.7"), digest(DEFAULT_SUITE, ""));
    return bytes(head, hmac(DEFAULT_SUITE, Buffer.alloc(32), bound));
  }),
  again("with another random", (peer) => peer.hello({ random: Buffer.alloc(32, 1) })),
  again("with other suites", (peer) => peer.hello({ suites: v8("\x04\x02\x01\x01\x02\x02\x01\x01") })),
  again("with an extension more", (peer) => peer.hello({ extensions: v16(extension(0x1c, "\0\0\x10\0")) })),
  again("with a ticket", (peer) => peer.hello({ sessionId: v16("ticket") })),
  again("beyond 8192 octets", (peer) => peer.hello({ sessionId: v16(Buffer.alloc(9000)) })),
  [
    "a second CLIENTHELLO beyond 8192 octets by its cookie alone",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.peer.ticket = Buffer.alloc(8137);
      scene.say(scene.peer.hello());
      scene.peer.retry(scene.next("RETRY"));
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "a cookie of another connection",
    (on) => {
      const other = retried(on);
      const { cookie } = other.peer;
      other.victim.dispose();
      const scene = retried(on);
      scene.peer.cookie = cookie;
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "a cookie of this connection, and another CLIENTHELLO's",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.say(scene.peer.hello({ random: Buffer.alloc(32, 1) }));
      scene.peer.retry(scene.next("RETRY"));
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "a cookie in the first CLIENTHELLO",
    (on) => {
      const other = retried(on);
      other.victim.dispose();
      const scene = beforeServer(on, "met");
      scene.peer.cookie = other.peer.cookie;
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  ["CLIENTKEY after RETRY", (on) => retried(on).say(bytes(v8("CLIENTKEY"), Buffer.alloc(2000))), ...PROTOCOL],
  ["MESSAGE after RETRY", (on) => retried(on).say(bytes(v8("MESSAGE"), Buffer.alloc(40))), ...PROTOCOL],
  ["RETRY sent back", (on) => retried(on).say(bytes(v8("RETRY"), v8("cookie"))), ...PROTOCOL],
  [
    "EARLY after RETRY: more than is dropped, in octets",
    (on) =>
      retried(on).say(...[40_000, 25_536, 1].map((size) => bytes(v8("EARLY"), Buffer.alloc(size + 25)))),
    ...PROTOCOL,
  ],
  [
    "EARLY after RETRY: more than is dropped, in records",
    (on) => retried(on).say(...Array<Buffer>(65).fill(bytes(v8("EARLY"), Buffer.alloc(26)))),
    ...PROTOCOL,
  ],
  [
    "a third CLIENTHELLO",
    (on) => {
      const scene = retried(on);
      const hello = scene.peer.hello();
      scene.say(hello, hello);
      scene.next("SERVERHELLO");
      return scene;
    },
    ...PROTOCOL,
  ],
]);

sins(
  "cookies that expire",
  () => ground({ server: { admission: admission({ cookies: "always", cookieTimeout: 1000 }) } }),
  [
    [
      "a cookie used a millisecond too late",
      (on) => {
        const scene = retried(on);
        scene.victim.pass(1001);
        return scene.say(scene.peer.hello());
      },
      ...PROTOCOL,
    ],
  ],
);

const flood = suite("floods");

const HELLO = (() => {
  const setup = { provider, clientGreeting: greeting(0), serverGreeting: greeting(1), identity: null };
  return bytes(greeting(0), frame(new NaiveClient(setup).hello()));
})();

/** Turns of the event loop that the flood waits for. */
const turns: (() => void)[] = [];

/** `count` connections that send octets and then nothing. */
function rush(server: QzmqFactory, count: number, address: (i: number) => string, octets: Uint8Array) {
  turns.splice(0);
  return Array.from({ length: count }, (_, i) =>
    new Victim(server, { peerAddress: address(i), turns }).feed(octets),
  );
}
const codes = (victims: readonly Victim[]) => {
  const found: Record<string, number> = {};
  for (const { error } of victims) {
    const code = error?.code ?? "open";
    found[code] = (found[code] ?? 0) + 1;
  }
  return found;
};
const spread = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
const sameNet = (i: number) => `2001:db8:1:2:${i.toString(16)}::1`;

/** An honest connection made now, from an address of its own, while the flood's work goes on; how many turns it took. */
function getsIn(on: Ground): number {
  const pair = new Bystanders(on.client, on.server, { turns });
  let waited = 0;
  for (; pair.server.ready === null && turns.length > 0; waited++) {
    turns.shift()!();
    join(pair.client, pair.server);
  }
  assert.ok(pair.talk(), "an honest client gets in");
  pair.dispose();
  return waited;
}

for (const [name, address] of [
  ["one address", () => "203.0.113.5"],
  ["one IPv4 address written as IPv6", (i: number) => (i % 2 === 0 ? "203.0.113.5" : "::ffff:203.0.113.5")],
  ["one IPv6 /64", sameNet],
] as const) {
  flood(`10 000 half-open handshakes from ${name}: 256 seats, the others are told`, async () => {
    const on = await ground({ server: { clientAuth: "optional" } });
    const victims = rush(on.server, 10_000, address, greeting(0));
    assert.equal(codes(victims), { open: 256, ERR_QZMQ_BUSY: 9_744 });
    const last = victims[9_999]!;
    assert.is(inHandshake(Buffer.from(last.output().subarray(64 + 2))), "ERROR busy");
    assert.is(on.server.admission!.load.handshakes, 256);
    assert.ok(getsIn(on) < 1000);
    assert.ok(on.bystanders.talk());
    for (const victim of victims) victim.dispose();
    assert.equal(on.server.admission!.load, { handshakes: 0, waiting: 0, operations: 0, bytes: 0 });
  });
}

for (const [name, octets] of [
  ["silent", greeting(0)],
  ["with CLIENTHELLO", HELLO],
] as const) {
  flood(`11 000 half-open handshakes, ${name}, from as many addresses: the oldest make room`, async () => {
    const on = await ground({ server: { clientAuth: "optional" } });
    const before = process.memoryUsage().heapUsed;
    const victims = rush(on.server, 11_000, spread, octets);
    const { load } = on.server.admission!;
    assert.is(load.handshakes, 10_000);
    assert.ok(load.waiting <= 10_000);
    assert.ok(load.operations <= 64);
    assert.ok(load.bytes <= 10_000 * 200, "a seat holds its CLIENTHELLO");
    assert.ok(process.memoryUsage().heapUsed - before < 512 * 2 ** 20);
    // Those that were dropped learn of it at once: their deadline has come.
    for (const victim of victims) victim.pass(0);
    assert.equal(codes(victims.slice(0, 1000)), { ERR_QZMQ_BUSY: 1000 });
    assert.equal(codes(victims.slice(1000)), { open: 10_000 });
    assert.is(inHandshake(Buffer.from(victims[0]!.output().subarray(64 + 2))), "ERROR busy");
    assert.ok(getsIn(on) < 1000);
    assert.ok(on.bystanders.talk());
    for (const victim of victims) victim.dispose();
    assert.is(on.server.admission!.load.handshakes, 0);
  });
}

flood("under load newcomers are asked for cookies, and nothing is kept of them", async () => {
  const on = await ground({ server: { clientAuth: "optional" } });
  const victims = rush(on.server, 200, spread, HELLO);
  const said = victims.map((victim) => victim.output().subarray(64));
  const retries = said.filter((octets) => octets.length > 0);
  // 33 wait before the load is seen; what has begun counts as waiting until its turn.
  assert.is(retries.length, 200 - 33);
  assert.is(on.server.counters.retriesSent, 200 - 33);
  assert.ok(on.server.admission!.load.bytes < 100 * HELLO.length);
  assert.ok(getsIn(on) < 1000);
  assert.is(on.server.counters.cookiesAccepted, 1, "the honest client came again with its cookie");
  for (const victim of victims) victim.dispose();
});

flood("whoever showed a cookie keeps his seat; when all have, newcomers are refused", async () => {
  const on = await ground({ server: { admission: admission({ cookies: "always", maxHandshakes: 3 }) } });
  const proven = Array.from({ length: 2 }, () => {
    const scene = retried(on);
    scene.say(scene.peer.hello());
    scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
    return scene;
  });
  const crowd = rush(on.server, 50, spread, HELLO);
  for (const victim of crowd) victim.pass(0);
  assert.equal(codes(crowd), { ERR_QZMQ_BUSY: 49, open: 1 });
  assert.is(on.server.admission!.load.handshakes, 3);
  const third = retried(on);
  third.say(third.peer.hello());
  third.peer.serverHello(third.next("SERVERHELLO"), bob.signer.publicKey);
  const late = rush(on.server, 5, spread, HELLO);
  assert.equal(codes(late), { ERR_QZMQ_BUSY: 5 });
  for (const scene of [...proven, third]) {
    key(scene, "established");
    assert.ok(scene.victim.ready);
    scene.victim.dispose();
  }
  assert.is(on.server.admission!.load.handshakes, 0);
  for (const victim of [...crowd, ...late]) victim.dispose();
});

flood("buffers of all handshakes together are bounded", async () => {
  const on = await ground({
    server: { clientAuth: "optional", admission: admission({ maxHandshakeBytes: 1000, cookies: "never" }) },
  });
  const victims = rush(on.server, 100, spread, HELLO);
  assert.equal(codes(victims), { open: 18, ERR_QZMQ_BUSY: 82 });
  assert.ok(on.server.admission!.load.bytes <= 1000);
  assert.ok(on.bystanders.talk());
  for (const victim of victims) victim.dispose();
});

flood("the time of a half-open handshake is bounded, and its seat is free then", async () => {
  const on = await ground();
  const victims = rush(on.server, 100, spread, greeting(0));
  for (const victim of victims) victim.pass(5000);
  assert.equal(codes(victims), { ERR_QZMQ_TIMEOUT: 100 });
  assert.is(on.server.admission!.load.handshakes, 0);
});

flood("the transport ends within a handshake", async () => {
  const on = await ground();
  for (const point of ["met", "greeted"] as const) {
    const scene = beforeServer(on, point);
    scene.victim.cut();
    assert.is(scene.victim.error, null);
    assert.equal(scene.listen().rest(), []);
    scene.victim.dispose();
    assert.is(on.server.admission!.load.handshakes, 0);
  }
});

flood.run();
