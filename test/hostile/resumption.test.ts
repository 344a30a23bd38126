/** Hostile use of tickets and early data, against servers and clients. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { extension } from "../support/naive-client.ts";
import { bytes, frame, metadata, u8, u32, v8, v16, v32 } from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { alice, beforeServer, bob, flip, type Ground, ground, key, type Scene } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins, TRUNCATED } from "./sins.ts";
import { bestow, comingBack, earn, message, resumed, returning, type Ticket } from "./tickets.ts";

const LIMIT = 16_384;
const SILENT = ["ERR_QZMQ_AUTH", []] as const;
const tickets = () => ground({ server: { tickets: { earlyLimit: LIMIT } } });
const HI = message("hi");
const properties = (...list: [string, string][]) => ({ metadata: v32(metadata(...list)) });
const type: [string, string] = ["Socket-Type", "DEALER"];

sins("resumption: clients", tickets, [
  ...(
    [
      ["another binder", { binder: v8(Buffer.alloc(32)) }, AUTH],
      ["no binder", { binder: v8("") }, AUTH],
      ["a binder too short", { binder: (made: Buffer) => v8(made.subarray(1, -1)) }, AUTH],
      ["a binder too long", { binder: (made: Buffer) => v8(bytes(made.subarray(1), "\0")) }, AUTH],
      ["a bit of the binder turned over", { binder: (made: Buffer) => flip(made, 1) }, AUTH],
      [
        "certificates in a resumed handshake",
        { certificate: v32(v16(alice.chain[0]!.encoded)), signature: v16(Buffer.alloc(2420)) },
        PROTOCOL,
      ],
      ["another Socket-Type than the ticket's", properties(["Socket-Type", "REQ"]), PROTOCOL],
      ["an Identity that the ticket does not know", properties(type, ["Identity", "mallory"]), PROTOCOL],
      ["early records that were not asked for", { earlyRecords: u32(1) }, PROTOCOL],
      ["another verify_data", { verifyData: Buffer.alloc(32) }, AUTH],
    ] as const
  ).map(
    ([name, changes, [cause, told]]): Sin => [
      `resumed: ${name}`,
      (on) => {
        const scene = resumed(on, earn(on));
        return scene.say(scene.peer.clientKey(changes));
      },
      cause,
      told,
    ],
  ),
  [
    "resumed: the server's MAC sent back as binder",
    (on) => {
      const scene = resumed(on, earn(on));
      const { peer } = scene;
      return scene.say(peer.clientKey({ binder: () => v8(peer.pskMac("psk auth", peer.th())) }));
    },
    ...AUTH,
  ],
  [
    "a stolen ticket without its key",
    (on) => {
      const { ticket } = earn(on);
      const scene = returning(on, { ticket, psk: Buffer.alloc(32, 1) });
      scene.say(scene.peer.hello());
      scene.peer.serverHello(scene.next("SERVERHELLO"), null);
      return scene.say(scene.peer.clientKey());
    },
    ...AUTH,
  ],
  [
    "a whole session replayed: the ticket is used, and the rest does not fit",
    (on) => {
      const first = resumed(on, earn(on), [HI]);
      const { peer } = first;
      const flight = [peer.hello(), peer.early(HI, 0)];
      const last = peer.clientKey();
      first.victim.dispose();
      const scene = beforeServer(on, "met");
      scene.say(...flight);
      scene.next("SERVERHELLO");
      return scene.say(last);
    },
    ...AUTH,
  ],
]);

/** Early data that is wrong, one way or another; CLIENTKEY behind it is right. */
const early = (
  name: string,
  plaintexts: readonly Uint8Array[],
  [cause, told]: readonly [Sin[2], Sin[3]],
): Sin => [
  `early data: ${name}`,
  (on) => {
    const scene = resumed(on, earn(on), plaintexts);
    return scene.victim.error === null ? scene.say(scene.peer.clientKey()) : scene;
  },
  cause,
  told,
];

/** EARLY records made by hand, after a right one. */
const byHand = (
  name: string,
  make: (peer: ReturnType<typeof resumed>["peer"]) => Uint8Array,
  [cause, told]: readonly [Sin[2], Sin[3]],
): Sin => [
  `early data: ${name}`,
  (on) => {
    const scene = resumed(on, earn(on), [HI]);
    return scene.say(make(early0(scene)));
  },
  cause,
  told,
];

/** The naive client again with the transcript that early keys hang on. */
function early0(scene: ReturnType<typeof resumed>) {
  scene.peer.hello();
  return scene.peer;
}

const counted = (name: string, count: number): Sin => [
  `early data: ${name}`,
  (on) => {
    const scene = resumed(on, earn(on), [HI, HI]);
    return scene.say(scene.peer.clientKey({ earlyRecords: u32(count) }));
  },
  ...PROTOCOL,
];

const many = (length: number, octets: number) => Array.from({ length }, () => message(Buffer.alloc(octets)));

sins("early data: clients", tickets, [
  counted("one more counted than sent: one was cut out on the way", 3),
  counted("one less counted than sent: one was put in on the way", 1),
  counted("none counted", 0),
  early("half a message", [HI.subarray(0, 3)], PROTOCOL),
  early("a message whose end is missing", [frame("x", 1)], PROTOCOL),
  early("a command", [frame(bytes(v8("SUBSCRIBE"), "x"))], PROTOCOL),
  early("a READY", [frame(bytes(v8("READY"), metadata(type)))], PROTOCOL),
  early("a frame with reserved bits", [frame("x", 0x80)], PROTOCOL),
  early("no octets in a record", [bytes("")], PROTOCOL),
  byHand("a bit turned over", (peer) => flip(peer.early(HI, 1), 20), AUTH),
  byHand("a record again", (peer) => peer.early(HI, 0), ["ERR_QZMQ_REPLAY", "ERROR auth"]),
  byHand("a record left out", (peer) => peer.early(HI, 2), PROTOCOL),
  byHand("key id 1", (peer) => flip(peer.early(HI, 1), 6), PROTOCOL),
  byHand("a head alone", (peer) => peer.early(HI, 1).subarray(0, 15), PROTOCOL),
  byHand("as MESSAGE", (peer) => bytes(v8("MESSAGE"), peer.early(HI, 1).subarray(6)), PROTOCOL),
  byHand("more than the ticket allows", (peer) => peer.early(message(Buffer.alloc(LIMIT)), 1), PROTOCOL),
  ["early data: 65 records", (on) => resumedAll(on, many(65, 10)), ...PROTOCOL],
  [
    "early data: more than the ticket allows, in many records",
    (on) => resumedAll(on, many(17, 1000)),
    ...PROTOCOL,
  ],
  [
    "early data after CLIENTKEY",
    (on) => {
      const scene = resumed(on, earn(on), []);
      const late = early0(scene).early(HI, 0);
      const again = resumed(on, earn(on), []);
      scene.victim.dispose();
      again.say(again.peer.clientKey());
      again.peer.finished(again.next("FINISHED"));
      if (again.rest().join() !== "TICKET") throw new Error("not established");
      return again.say(late);
    },
    ...TRUNCATED,
  ],
  [
    "early data without the extension",
    (on) => {
      const scene = returning(on, earn(on));
      scene.say(scene.peer.hello(), scene.peer.early(HI));
      scene.next("SERVERHELLO");
      return scene;
    },
    ...PROTOCOL,
  ],
  [
    "early data before CLIENTHELLO",
    (on) => {
      const scene = returning(on, earn(on), { early: true });
      const hello = scene.peer.hello();
      return scene.say(scene.peer.early(HI), hello);
    },
    ...PROTOCOL,
  ],
  [
    "early data with a used ticket: dropped, and not to be counted",
    (on) => {
      const ticket = earn(on);
      resumed(on, ticket).victim.dispose();
      const scene = resumed(on, ticket, [HI]);
      return scene.say(scene.peer.clientKey({ earlyRecords: u32(1) }));
    },
    ...PROTOCOL,
  ],
  [
    "early data with a used ticket: more than is dropped, in octets",
    (on) => {
      const ticket = earn(on);
      resumed(on, ticket).victim.dispose();
      return resumed(on, ticket, [Buffer.alloc(40_000), Buffer.alloc(25_536), bytes("x")]);
    },
    ...PROTOCOL,
  ],
  [
    "early data with a used ticket: more than is dropped, in records",
    (on) => {
      const ticket = earn(on);
      resumed(on, ticket).victim.dispose();
      return resumed(on, ticket, many(65, 1));
    },
    ...PROTOCOL,
  ],
  [
    "an authorizer that refuses: early data is gone with it",
    (on) => {
      const scene = resumed(on, earn(on), [HI], {
        authorize: (decided) => decided({ status: 400, text: "no", userId: "", metadata: new Map() }),
      });
      return scene.say(scene.peer.clientKey());
    },
    ...AUTH,
  ],
]);

function resumedAll(on: Ground, plaintexts: readonly Uint8Array[]) {
  return resumed(on, earn(on), plaintexts);
}

sins("early data under a small record limit", () => {
  return ground({ server: { recordLimit: 4096, tickets: { earlyLimit: LIMIT } } });
}, [early("a record of 4097 octets", [message(Buffer.alloc(4088))], PROTOCOL)]);

/** An honest client that has come back with its ticket, and a server that misuses that. */
const back = (
  name: string,
  commit: (scene: ReturnType<typeof comingBack>) => Scene<NaiveHandshake>,
  [cause, told]: readonly [Sin[2], Sin[3]],
  waiting: Uint8Array[] = [],
): Sin => [
  `a client comes back: ${name}`,
  (on) => commit(comingBack(on, bestow(on, waiting.length > 0 ? LIMIT : 0), waiting)),
  cause,
  told,
];
const auth = extension(0xff02, bytes(u8(1), v8("\x02")));

sins("resumption: servers", () => ground({ client: { earlyData: true } }), [
  back("another MAC", (s) => s.say(s.peer.serverHello({ auth: v16(s.peer.strangeMac()) })), AUTH),
  back("a MAC too short", (s) => s.say(s.peer.serverHello({ auth: (m) => v16(m.subarray(2, -1)) })), AUTH),
  back(
    "a MAC too long",
    (s) => s.say(s.peer.serverHello({ auth: (m) => v16(bytes(m.subarray(2), "\0")) })),
    AUTH,
  ),
  back("no MAC", (s) => s.say(s.peer.serverHello({ auth: v16("") })), PROTOCOL),
  back(
    "the binder's label",
    (s) => {
      const { peer } = s;
      return s.say(peer.serverHello({ auth: () => v16(peer.pskMac("res binder", peer.th())) }));
    },
    AUTH,
  ),
  back(
    "a signature in place of the MAC",
    (s) => {
      const { peer } = s;
      return s.say(peer.serverHello({ auth: () => v16(peer.sign("QZMQ/1 server")) }));
    },
    AUTH,
  ),
  back(
    "another suite than the ticket's",
    (s) => s.say(s.peer.serverHello({ suite: bytes("\x04\x02\x02\x01") })),
    PROTOCOL,
  ),
  back("client_auth", (s) => s.say(s.peer.serverHello({ extensions: v16(auth) })), PROTOCOL),
  back(
    "certificates",
    (s) => s.say(s.peer.serverHello({ certificate: v32(v16(bob.chain[0]!.encoded)) })),
    PROTOCOL,
  ),
  back(
    "early data accepted that was not sent",
    (s) => s.say(s.peer.serverHello({ extensions: v16(extension(0x2a)) })),
    PROTOCOL,
  ),
  back(
    "early data accepted with a value",
    (s) => s.say(s.peer.serverHello({ extensions: v16(extension(0x2a, "x")) })),
    PROTOCOL,
    [HI],
  ),
  back(
    "early data accepted in a full handshake",
    (s) => {
      s.peer.psk = null;
      return s.say(s.peer.serverHello({ extensions: v16(bytes(extension(0x2a), auth)) }));
    },
    PROTOCOL,
    [HI],
  ),
  back(
    "early data accepted after RETRY",
    (s) => {
      s.say(s.peer.retryMessage());
      s.peer.clientHello(s.next("CLIENTHELLO"));
      return s.say(s.peer.serverHello({ extensions: v16(extension(0x2a)) }));
    },
    PROTOCOL,
    [HI],
  ),
  back(
    "an injected RETRY, and the server that never sent it",
    (s) => {
      const hello = s.peer.serverHello({ extensions: v16(extension(0x2a)) });
      s.say(s.peer.retryMessage());
      s.next("CLIENTHELLO");
      return s.say(hello);
    },
    PROTOCOL,
    [HI],
  ),
  back(
    "an injected RETRY, and a server that resumes from the first CLIENTHELLO",
    (s) => {
      const hello = s.peer.serverHello();
      s.say(s.peer.retryMessage());
      s.next("CLIENTHELLO");
      return s.say(hello);
    },
    AUTH,
    [HI],
  ),
  back(
    "FINISHED with another verify_data",
    (s) => {
      s.say(s.peer.serverHello());
      s.peer.clientKey(s.next("CLIENTKEY"));
      return s.say(s.peer.finished({ verifyData: Buffer.alloc(32) }));
    },
    SILENT,
  ),
]);

/** What a ticket has against it leads to a full handshake, by this cause. */
const causes = suite("tickets that do not resume");
type Unfit = (on: Ground) => {
  readonly ticket: Ticket;
  readonly extensions?: Buffer;
  readonly suites?: string;
};
const unfit: readonly (readonly [name: string, cause: string, make: Unfit])[] = [
  ["garbage", "foreign", () => ({ ticket: { ticket: bytes("garbage"), psk: Buffer.alloc(32) } })],
  ["one octet", "foreign", () => ({ ticket: { ticket: u8(0), psk: Buffer.alloc(32) } })],
  ...[0, 1, 13, 200, -1].map((at): (typeof unfit)[number] => [
    `octet ${at} turned over`,
    "foreign",
    (on) => {
      const earned = earn(on);
      return { ticket: { ...earned, ticket: flip(earned.ticket, at < 0 ? earned.ticket.length + at : at) } };
    },
  ]),
  ["cut short", "foreign", (on) => ({ ticket: { ...earn(on), ticket: earn(on).ticket.subarray(0, -1) } })],
  ["longer", "foreign", (on) => ({ ticket: { ...earn(on), ticket: bytes(earn(on).ticket, "\0") } })],
  [
    "used",
    "used",
    (on) => {
      const ticket = earn(on);
      resumed(on, ticket).victim.dispose();
      return { ticket };
    },
  ],
  [
    "expired",
    "expired",
    (on) => {
      const ticket = earn(on);
      on.clock.now += 60_000;
      return { ticket };
    },
  ],
  [
    "for another server_name",
    "server-name",
    (on) => ({ ticket: earn(on), extensions: extension(0, "carol") }),
  ],
  ["for a server_name, used without", "server-name", (on) => ({ ticket: earn(on, {}, extension(0, "bob")) })],
  [
    "with its suite not offered",
    "suite-not-offered",
    (on) => ({ ticket: earn(on), suites: "\x04\x02\x02\x01" }),
  ],
  [
    "after the full handshake was too long ago",
    "auth-age",
    (on) => {
      const ticket = earn(on);
      on.clock.now += 31_000;
      return { ticket };
    },
  ],
];
for (const [name, cause, make] of unfit) {
  causes(`a ticket: ${name}`, async () => {
    const on = await ground({ server: { tickets: { lifetime: 60, maxAuthAge: 30 } } });
    const { ticket, extensions, suites } = make(on);
    const scene = returning(on, ticket);
    const { peer } = scene;
    if (extensions) peer.extensions = extensions;
    // The suite that is offered in its place is the other AEAD's, which the naive client does not go on with.
    scene.say(peer.hello(suites === undefined ? {} : { suites: v8(suites) }));
    assert.equal(on.server.counters.ticketsRefused, { [cause]: 1 });
    if (suites === undefined) {
      peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
      assert.is(peer.resumed, false);
      key(scene, "established");
      assert.is(scene.victim.mechanism.facts?.["resumed"], false);
    }
    assert.is(scene.victim.error, null);
    assert.ok(on.bystanders.talk());
    scene.victim.dispose();
  });
}

/** Tickets of one server at another that shares nothing, or that has changed its mind. */
causes("a ticket of another listener", async () => {
  const one = await tickets();
  const two = await ground({ server: { tickets: {}, random: seededRandom("another listener") } });
  const scene = returning(two, earn(one));
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
  assert.equal(two.server.counters.ticketsRefused, { foreign: 1 });
});

causes("an anonymous client's ticket, once certificates are required", async () => {
  const { qzmqServer } = await import("../../src/mechanism/qzmq/index.ts");
  const { provider } = await import("../support/qzmq-identities.ts");
  let required = false;
  const on = await ground({ server: { clientAuth: "optional", tickets: {} } });
  const { Trust } = await import("../../src/mechanism/qzmq/trust.ts");
  const trust = new Trust(provider, {
    mode: "hybrid",
    pins: [{ fingerprint: alice.fingerprint, name: "alice" }],
  });
  const server = qzmqServer({
    ...{ provider, unixTime: on.clock.read, identities: () => [bob], trust: () => trust, tickets: {} },
    get clientAuth() {
      return required ? ("required" as const) : ("optional" as const);
    },
  });
  const ticket = earn({ ...on, server }, { identity: null });
  required = true;
  const scene = returning({ ...on, server }, ticket, { identity: null });
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
});

causes("a client whose pin is gone since", async () => {
  const { Trust } = await import("../../src/mechanism/qzmq/trust.ts");
  const { provider } = await import("../support/qzmq-identities.ts");
  const make = (name: string) =>
    new Trust(provider, { mode: "hybrid", pins: [{ fingerprint: alice.fingerprint, name }] });
  let trust = make("alice");
  const on = await ground({ server: { tickets: {}, trust: () => trust } });
  const ticket = earn(on);
  trust = make("eve");
  const scene = returning(on, ticket);
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false, "the context was renewed with the trust");
});

causes("early data, accepted, is delivered once and in order", async () => {
  const on = await tickets();
  const scene = resumed(on, earn(on), [
    message("one"),
    message("two").subarray(0, 2),
    message("two").subarray(2),
  ]);
  const body = scene.peer.clientKey();
  scene.say(body, scene.peer.traffic.record("MESSAGE", message("three")));
  assert.is(scene.victim.error, null);
  assert.equal(scene.victim.delivered, ['["one"]', '["two"]', '["three"]']);
});

causes("a used-up memory of used tickets: nothing resumes", async () => {
  const on = await ground({ server: { tickets: { maxUsed: 1 } } });
  const [one, two] = [earn(on), earn(on)];
  resumed(on, one).victim.dispose();
  const scene = returning(on, two);
  scene.say(scene.peer.hello());
  scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
  assert.is(scene.peer.resumed, false);
  assert.equal(on.server.counters.ticketsRefused, { full: 1 });
});

causes.run();
