/** Hostile servers, and whoever sits in the middle, up to SERVERHELLO. */
import { bareIdentity } from "../../src/mechanism/qzmq/identity.ts";
import { suiteByName } from "../../src/mechanism/qzmq/suite.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { extension } from "../support/naive-client.ts";
import { bytes, type Changes, frame, greeting, u8, u16, u32, v8, v16, v32 } from "../support/naive-codec.ts";
import type { ServerHelloField } from "../support/naive-server.ts";
import { provider, testSigner } from "../support/qzmq-identities.ts";
import { beforeClient, bob, flip, ground } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins } from "./sins.ts";

const SUITE = ["ERR_QZMQ_SUITE", "ERROR suite"] as const;
const VERSION = ["ERR_QZMQ_VERSION", "ERROR version"] as const;
const stranger = await bareIdentity(provider, testSigner(7, "ML-DSA-44"));

type Told = readonly [Sin[2], Sin[3]];
const FIELDS = [
  ...["name", "version", "random", "suite", "resumed", "kemPublic", "extensions", "certificate", "auth"],
] as const;

/** A SERVERHELLO with fields changed, and a right signature over all of it. */
const changed = (name: string, changes: Changes<ServerHelloField>, [cause, told]: Told): Sin => [
  `SERVERHELLO: ${name}`,
  (on) => {
    const scene = beforeClient(on, "greeted");
    return scene.say(scene.peer.serverHello(changes));
  },
  cause,
  told,
];

/** A SERVERHELLO whose octets are changed on the way. */
const meddled = (
  name: string,
  field: string,
  meddle: (body: Buffer, start: number, end: number) => Buffer,
  [cause, told]: Told,
): Sin => [
  `SERVERHELLO: ${name}`,
  (on) => {
    const scene = beforeClient(on, "greeted");
    const body = scene.peer.serverHello();
    const [, start, end] = scene.peer.spans.find(([found]) => found === field)!;
    return scene.say(meddle(body, start, end));
  },
  cause,
  told,
];

/** A bit turned over on the way, `at` octets into a field. */
const flipped = (field: string, at: number, told: Told) =>
  meddled(
    `a bit of ${field} turned over on the way, octet ${at}`,
    field,
    (b, start) => flip(b, start + at),
    told,
  );

const auth = (level: number, algorithms: string) => extension(0xff02, bytes(u8(level), v8(algorithms)));
const extensions = (...list: Buffer[]) => ({ extensions: v16(bytes(...list)) });
const ask = auth(1, "\x02\x03\x04");
const unreduced = (field: Buffer) =>
  bytes(field.subarray(0, 2), Buffer.alloc(384, 0xff), field.subarray(386));
const zeroPoint = (field: Buffer) => bytes(field.subarray(0, -32), Buffer.alloc(32));
const smallPoint = (field: Buffer) => bytes(field.subarray(0, -32), "\x01", Buffer.alloc(31));

sins("greetings of servers", ground, [
  ["greeting: the same role", (on) => beforeClient(on, "met", { asServer: 0 }), "ERR_QZMQ_ROLE", []],
  ["greeting: as-server 3", (on) => beforeClient(on, "met", { asServer: 3 }), "ERR_QZMQ_ROLE", []],
  [
    "greeting: mechanism NULL",
    (on) => beforeClient(on, "greeting").raw(bytes(greeting(1)).fill("NULL\0", 12, 32)),
    "ERR_ZMTP_BAD_GREETING",
    [],
  ],
]);

sins("SERVERHELLO", ground, [
  ...FIELDS.map((field) =>
    meddled(
      `cut off within ${field}`,
      field,
      (body, start, end) => body.subarray(0, start + Math.floor((end - start) / 2)),
      PROTOCOL,
    ),
  ),
  meddled("an octet too many", "auth", (body) => bytes(body, "\0"), PROTOCOL),
  flipped("name", 1, PROTOCOL),
  flipped("version", 0, VERSION),
  flipped("random", 31, AUTH),
  flipped("suite", 0, SUITE),
  flipped("suite", 3, SUITE),
  flipped("resumed", 0, PROTOCOL),
  flipped("kemPublic", 100, AUTH),
  flipped("kemPublic", 0, PROTOCOL),
  flipped("extensions", 3, PROTOCOL),
  flipped("extensions", 6, PROTOCOL),
  flipped("extensions", 10, AUTH),
  flipped("certificate", 100, AUTH),
  flipped("certificate", 5, PROTOCOL),
  flipped("auth", 1, PROTOCOL),
  flipped("auth", 2000, AUTH),
  changed("an octet too many, signed", { tail: u8(0) }, PROTOCOL),
  changed("version 2", { version: u8(2) }, VERSION),
  changed("a suite that was not offered", { suite: bytes("\x04\x02\x02\x02") }, SUITE),
  changed("the classical suite", { suite: bytes("\x01\x01\x01\x01") }, SUITE),
  changed("an invalid suite", { suite: bytes("\x05\x02\x01\x01") }, SUITE),
  changed("a suite of another signature than the key's", { suite: bytes("\x04\x03\x01\x01") }, AUTH),
  changed("a suite of another KEM than the key exchange's", { suite: bytes("\x02\x02\x01\x01") }, PROTOCOL),
  changed(
    "resumed without a ticket",
    {
      resumed: u8(1),
      certificate: v32(""),
      ...extensions(),
      auth: v16(Buffer.alloc(32)),
    },
    PROTOCOL,
  ),
  changed("resumed 2", { resumed: u8(2) }, PROTOCOL),
  changed("resumed with certificates", { resumed: u8(1) }, PROTOCOL),
  changed("full without certificates", { certificate: v32("") }, PROTOCOL),
  changed("kem_public too short", { kemPublic: (made) => v16(made.subarray(2, -1)) }, PROTOCOL),
  changed("kem_public too long", { kemPublic: (made) => v16(bytes(made.subarray(2), "\0")) }, PROTOCOL),
  changed("no kem_public", { kemPublic: v16("") }, PROTOCOL),
  changed("an encapsulation key that is not reduced", { kemPublic: unreduced }, PROTOCOL),
  changed("an all-zero X25519 key", { kemPublic: zeroPoint }, PROTOCOL),
  changed("an X25519 key of small order", { kemPublic: smallPoint }, PROTOCOL),
  changed("no client_auth", extensions(), PROTOCOL),
  changed("client_auth twice", extensions(ask, ask), PROTOCOL),
  changed("client_auth of level 3", extensions(auth(3, "\x02")), PROTOCOL),
  changed("client_auth of level 1 without algorithms", extensions(auth(1, "")), PROTOCOL),
  changed("client_auth of level 0 with algorithms", extensions(auth(0, "\x02")), PROTOCOL),
  changed("client_auth with an algorithm twice", extensions(auth(2, "\x02\x02")), PROTOCOL),
  changed("client_auth with five algorithms", extensions(auth(2, "\x02\x03\x04\x05\x06")), PROTOCOL),
  changed("client_auth that requires what the client does not have", extensions(auth(2, "\x04")), AUTH),
  changed("client_auth with an octet too many", extensions(extension(0xff02, "\x01\x01\x02\0")), PROTOCOL),
  changed("an unknown extension", extensions(ask, extension(0x7777)), PROTOCOL),
  changed("a private extension", extensions(ask, extension(0xfe00)), PROTOCOL),
  changed("a reserved extension", extensions(ask, extension(0x33)), PROTOCOL),
  changed("server_name", extensions(extension(0, "bob"), ask), PROTOCOL),
  changed("record_limit 4095", extensions(extension(0x1c, u32(4095)), ask), PROTOCOL),
  changed("record_limit 2^32 - 1", extensions(extension(0x1c, u32(0xffffffff)), ask), PROTOCOL),
  changed("pq_only beside the hybrid suite", extensions(extension(0xff01), ask), PROTOCOL),
  changed("early_data that nobody asked for", extensions(extension(0x2a), ask), PROTOCOL),
  changed("a certificate of nobody's", { certificate: v32(v16("garbage")) }, AUTH),
  changed("an empty certificate", { certificate: v32(v16("")) }, PROTOCOL),
  changed("five certificates", { certificate: v32(bytes(...Array<Buffer>(5).fill(v16("x")))) }, PROTOCOL),
  changed("certificates that announce 4 GiB", { certificate: bytes(u32(0xffffffff), "x") }, PROTOCOL),
  changed("half a certificate list", { certificate: v32(bytes(u16(9), "x")) }, PROTOCOL),
  changed("no signature", { auth: v16("") }, PROTOCOL),
  changed("a signature too short", { auth: (made) => v16(made.subarray(2, -1)) }, AUTH),
  changed("a signature too long", { auth: (made) => v16(bytes(made.subarray(2), "\0")) }, AUTH),
  changed("a signature of zeros", { auth: v16(Buffer.alloc(2420)) }, AUTH),
  changed("another key's certificate", { certificate: v32(v16(stranger.chain[0]!.encoded)) }, AUTH),
  [
    "SERVERHELLO: signed as a client",
    (on) => {
      const scene = beforeClient(on, "greeted");
      const { peer } = scene;
      return scene.say(peer.serverHello({ auth: () => v16(peer.sign("QZMQ/1 client")) }));
    },
    ...AUTH,
  ],
  [
    "SERVERHELLO: by a stranger with a key of his own",
    (on) => {
      const scene = beforeClient(on, "greeted", { identity: stranger });
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
  [
    "SERVERHELLO: by a stranger with bob's certificate",
    (on) => {
      const scene = beforeClient(on, "greeted", { identity: stranger });
      return scene.say(scene.peer.serverHello({ certificate: v32(v16(bob.chain[0]!.encoded)) }));
    },
    ...AUTH,
  ],
  [
    "SERVERHELLO: replayed from another session",
    (on) => {
      const other = beforeClient(on, "greeted");
      const body = other.peer.serverHello();
      other.victim.dispose();
      return beforeClient(on, "greeted").say(body);
    },
    ...AUTH,
  ],
  [
    "a downgrade: the client's suites cut down on the way",
    (on) => {
      const scene = beforeClient(on, "met");
      const hello = scene.next("CLIENTHELLO");
      const suites = Buffer.from(hello);
      // What the server signs is a CLIENTHELLO with the last suite gone.
      const at = 12 + 33 + 1 + 2;
      const length = suites[at]!;
      scene.peer.clientHello(
        bytes(
          suites.subarray(0, at),
          u8(length - 4),
          suites.subarray(at + 1, at + length - 3),
          suites.subarray(at + length + 1),
        ),
      );
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
  [
    "a downgrade: an extension put into CLIENTHELLO on the way",
    (on) => {
      const scene = beforeClient(on, "met");
      const hello = scene.next("CLIENTHELLO");
      scene.peer.clientHello(bytes(hello.subarray(0, -2), v16(extension(0x1c, u32(4096)))));
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
  [
    "a downgrade: the client's greeting says ZMTP 3.0 on the way",
    (on) => {
      const scene = beforeClient(on, "greeted");
      const tampered = greeting(0);
      tampered[11] = 0;
      const { peer } = scene;
      const seen = bytes("QZMQ/1", tampered.subarray(10), greeting(1).subarray(10));
      return scene.say(
        peer.serverHello({
          auth: () => {
            const th = provider.hashes["SHA-256"].digest(seen, peer.transcript);
            return v16(bob.signer.sign(th, bytes("QZMQ/1 server")) as Uint8Array);
          },
        }),
      );
    },
    ...AUTH,
  ],
  [
    "a greeting with octets of a later version, then a server that did not see them",
    (on) => {
      const scene = beforeClient(on, "greeting");
      const marked = greeting(1);
      marked[63] = 1;
      scene.raw(marked);
      scene.peer.clientHello(scene.next("CLIENTHELLO"));
      return scene.say(scene.peer.serverHello());
    },
    ...AUTH,
  ],
  [
    "RETRY twice",
    (on) => {
      const scene = beforeClient(on, "greeted");
      scene.say(scene.peer.retryMessage());
      scene.next("CLIENTHELLO");
      return scene.say(scene.peer.retryMessage());
    },
    ...PROTOCOL,
  ],
  [
    "RETRY with an empty cookie",
    (on) => beforeClient(on, "greeted").say(bytes(v8("RETRY"), v8(""))),
    ...PROTOCOL,
  ],
  [
    "RETRY with an octet too many",
    (on) => beforeClient(on, "greeted").say(bytes(v8("RETRY"), v8("cookie"), "\0")),
    ...PROTOCOL,
  ],
  ["RETRY cut off", (on) => beforeClient(on, "greeted").say(bytes(v8("RETRY"), "\x09cookie")), ...PROTOCOL],
  [
    "RETRY from the middle, unknown to the server",
    (on) => {
      const scene = beforeClient(on, "met");
      const first = scene.next("CLIENTHELLO");
      scene.peer.clientHello(first);
      const hello = scene.peer.serverHello();
      scene.say(scene.peer.retryMessage());
      scene.next("CLIENTHELLO");
      return scene.say(hello);
    },
    ...AUTH,
  ],
  [
    "SERVERHELLO twice",
    (on) => {
      const scene = beforeClient(on, "greeted");
      const body = scene.peer.serverHello();
      scene.say(body, body);
      scene.next("CLIENTKEY");
      return scene;
    },
    ...PROTOCOL,
  ],
  [
    "SERVERHELLO beyond 65 536 octets",
    (on) => beforeClient(on, "greeted").say(bytes(v8("SERVERHELLO"), Buffer.alloc(65_525))),
    ...PROTOCOL,
  ],
  ...["CLIENTHELLO", "CLIENTKEY", "FINISHED", "EARLY", "MESSAGE", "CONTROL", "READY", "WELCOME"].map(
    (name): Sin => [
      `${name} in place of SERVERHELLO`,
      (on) => beforeClient(on, "greeted").say(bytes(v8(name), Buffer.alloc(40))),
      ...PROTOCOL,
    ],
  ),
  [
    "the client's own CLIENTHELLO, reflected",
    (on) => {
      const scene = beforeClient(on, "met");
      return scene.say(scene.next("CLIENTHELLO"));
    },
    ...PROTOCOL,
  ],
  [
    "a forged ERROR, which changes no policy",
    (on) => beforeClient(on, "greeted").say(bytes(v8("ERROR"), v8("suite"))),
    "ERR_ZMTP_PEER_ERROR",
    [],
  ],
  [
    "a plain message in place of SERVERHELLO",
    (on) => beforeClient(on, "greeted").raw(frame("hello", 0)),
    ...PROTOCOL,
  ],
  [
    "a subscription in place of SERVERHELLO",
    (on) => beforeClient(on, "greeted").raw(frame("\x01topic", 0)),
    ...PROTOCOL,
  ],
  [
    "silence",
    (on) => {
      const scene = beforeClient(on, "greeted");
      scene.victim.pass(30_000);
      return scene;
    },
    "ERR_QZMQ_TIMEOUT",
    [],
  ],
]);

const anonymous = { client: { identity: () => null }, server: { clientAuth: "optional" } } as const;
sins("a client without a certificate", () => ground(anonymous), [
  changed("client_auth that requires one", extensions(auth(2, "\x02\x03\x04")), AUTH),
]);

const pqOnly = new Trust(provider, {
  mode: "pq-only",
  pins: [{ fingerprint: bob.fingerprint, name: "bob" }],
});
const strict = {
  client: { mode: "pq-only", trust: () => pqOnly },
  server: { suites: [suiteByName("2,2,1,1")] },
} as const;
sins("a client that is pq-only", () => ground(strict), [changed("the hybrid suite", {}, SUITE)]);
