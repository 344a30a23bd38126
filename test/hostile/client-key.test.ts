/** Hostile clients between SERVERHELLO and the end of the handshake. */
import { bareIdentity } from "../../src/mechanism/qzmq/identity.ts";
import type { KeyField, KeyPlainField } from "../support/naive-client.ts";
import { bytes, type Changes, frame, metadata, u8, u16, u32, v8, v16, v32 } from "../support/naive-codec.ts";
import { provider, testSigner } from "../support/qzmq-identities.ts";
import { alice, beforeServer, flip, ground, key } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins } from "./sins.ts";

const stranger = await bareIdentity(provider, testSigner(7, "ML-DSA-44"));
const METADATA = ["ERR_ZMTP_INVALID_METADATA", "ERROR protocol"] as const;

const FIELDS = ["name", "ciphertext", "sealed"] as const;

/** A CLIENTKEY with fields changed, and everything after them made to fit. */
const changed = (
  name: string,
  changes: Changes<KeyField | KeyPlainField>,
  [cause, told]: readonly [Sin[2], Sin[3]],
): Sin => [
  `CLIENTKEY: ${name}`,
  (on) => {
    const scene = beforeServer(on, "greeted");
    return scene.say(scene.peer.clientKey(changes));
  },
  cause,
  told,
];

/** A CLIENTKEY whose octets are changed afterwards. */
const meddled = (
  name: string,
  field: (typeof FIELDS)[number],
  meddle: (body: Buffer, start: number, end: number) => Buffer,
  [cause, told]: readonly [Sin[2], Sin[3]],
): Sin => [
  `CLIENTKEY: ${name}`,
  (on) => {
    const scene = beforeServer(on, "greeted");
    const body = scene.peer.clientKey();
    const [, start, end] = scene.peer.spans.find(([found]) => found === field)!;
    return scene.say(meddle(body, start, end));
  },
  cause,
  told,
];

const properties = (...list: [string, string][]) => ({ metadata: v32(metadata(...list)) });
const type: [string, string] = ["Socket-Type", "DEALER"];
const many = Array.from({ length: 64 }, (_, i): [string, string] => [`X-${i}`, ""]);
const half = (_: Buffer, start: number, end: number) => start + Math.floor((end - start) / 2);

const short = (field: Buffer) => v16(field.subarray(2, -1));
const long = (field: Buffer) => v16(bytes(field.subarray(2), "\0"));
const zeroPoint = (field: Buffer) => v16(bytes(field.subarray(2, -32), Buffer.alloc(32)));

sins("CLIENTKEY", ground, [
  ...FIELDS.map((field) =>
    meddled(
      `cut off within ${field}`,
      field,
      (body, start, end) => body.subarray(0, half(body, start, end)),
      PROTOCOL,
    ),
  ),
  meddled("an octet too many", "sealed", (body) => bytes(body, "\0"), PROTOCOL),
  meddled("a bit of the name turned over", "name", (body) => flip(body, 1), PROTOCOL),
  meddled("a bit of ML-KEM's ciphertext turned over", "ciphertext", (b, start) => flip(b, start + 9), AUTH),
  meddled("a bit of X25519's key turned over", "ciphertext", (b, _, end) => flip(b, end - 9), AUTH),
  meddled("a bit of the sealed part turned over", "sealed", (body, start) => flip(body, start + 9), AUTH),
  meddled("a bit of the tag turned over", "sealed", (body, _, end) => flip(body, end - 1), AUTH),
  meddled(
    "a sealed part of 15 octets",
    "sealed",
    (body, start) => bytes(body.subarray(0, start), v32(Buffer.alloc(15))),
    AUTH,
  ),
  meddled(
    "an empty sealed part",
    "sealed",
    (body, start) => bytes(body.subarray(0, start), v32("")),
    PROTOCOL,
  ),
  meddled(
    "a sealed part that announces 4 GiB",
    "sealed",
    (body, start) => bytes(body.subarray(0, start), u32(0xffffffff), body.subarray(start + 4)),
    PROTOCOL,
  ),
  changed("a ciphertext too short", { ciphertext: short }, PROTOCOL),
  changed("a ciphertext too long", { ciphertext: long }, PROTOCOL),
  changed("an empty ciphertext", { ciphertext: v16("") }, PROTOCOL),
  changed("an all-zero X25519 key", { ciphertext: zeroPoint }, PROTOCOL),
  changed("a ciphertext of nobody's", { ciphertext: v16(Buffer.alloc(1120, 9)) }, AUTH),
  changed("an octet too many inside", { end: u8(0) }, PROTOCOL),
  changed("another verify_data", { verifyData: Buffer.alloc(32) }, AUTH),
  changed("a bit of verify_data turned over", { verifyData: (made) => flip(made, 31) }, AUTH),
  changed("no verify_data", { verifyData: Buffer.alloc(0) }, PROTOCOL),
  changed("half a verify_data", { verifyData: (made) => made.subarray(16) }, PROTOCOL),
  changed("another signature", { signature: v16(Buffer.alloc(2420)) }, AUTH),
  changed("a bit of the signature turned over", { signature: (made) => flip(made, 1000) }, AUTH),
  changed("a signature too short", { signature: short }, AUTH),
  changed("a signature too long", { signature: long }, AUTH),
  changed("a certificate without a signature", { signature: v16("") }, PROTOCOL),
  changed("a signature without a certificate", { certificate: v32("") }, PROTOCOL),
  changed("neither, where one is required", { certificate: v32(""), signature: v16("") }, AUTH),
  changed("somebody else's certificate", { certificate: v32(v16(stranger.chain[0]!.encoded)) }, AUTH),
  changed("garbage for a certificate", { certificate: v32(v16("garbage")) }, AUTH),
  changed("an empty certificate", { certificate: v32(v16("")) }, PROTOCOL),
  changed("five certificates", { certificate: v32(bytes(...Array<Buffer>(5).fill(v16("x")))) }, PROTOCOL),
  changed("half a certificate list", { certificate: v32(bytes(u16(9), "x")) }, PROTOCOL),
  changed("a binder nobody asked for", { binder: v8(Buffer.alloc(32)) }, PROTOCOL),
  changed("EARLY counted that was not sent", { earlyRecords: u32(1) }, PROTOCOL),
  changed("EARLY counted 2^32 - 1 times", { earlyRecords: u32(0xffffffff) }, PROTOCOL),
  changed("metadata not padded", { metadata: v32(bytes(v8(type[0]), v32(type[1]))) }, PROTOCOL),
  changed("no metadata", { metadata: v32("") }, PROTOCOL),
  changed("no Socket-Type", properties(["Identity", "x"]), PROTOCOL),
  changed("Socket-Type twice, in different cases", properties(type, ["socket-TYPE", "PUB"]), METADATA),
  changed("a property without a name", properties(type, ["", "x"]), METADATA),
  changed("a property with a blank in its name", properties(type, ["X Y", "x"]), METADATA),
  changed("65 properties and X-Pad", properties(type, ...many), METADATA),
  changed("metadata beyond 16 384 octets", properties(type, ["X-Y", "x".repeat(16_384)]), PROTOCOL),
  changed("metadata that is none", { metadata: v32(Buffer.alloc(256, 0xff)) }, METADATA),
  changed(
    "a property value that announces 4 GiB",
    {
      metadata: v32(bytes(v8("X"), u32(0xffffffff), Buffer.alloc(250))),
    },
    METADATA,
  ),
  changed("a socket type that cannot talk", properties(["Socket-Type", "SUB"]), [
    "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE",
    "ERROR protocol",
  ]),
  changed("an Identity of 256 octets", properties(type, ["Identity", "x".repeat(256)]), METADATA),
  [
    "CLIENTKEY: signed as a server",
    (on) => {
      const scene = beforeServer(on, "greeted");
      const { peer } = scene;
      return scene.say(peer.clientKey({ signature: () => v16(peer.sign("QZMQ/1 server")) }));
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: signed under the context of certificates",
    (on) => {
      const scene = beforeServer(on, "greeted");
      const { peer } = scene;
      return scene.say(peer.clientKey({ signature: () => v16(peer.sign("QZMQ/1 certificate")) }));
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: the signature of another session",
    (on) => {
      const other = beforeServer(on, "greeted");
      let stolen: Buffer = Buffer.alloc(0);
      other.peer.clientKey({
        signature: (made) => {
          stolen = made;
          return made;
        },
      });
      other.victim.dispose();
      const scene = beforeServer(on, "greeted");
      return scene.say(scene.peer.clientKey({ signature: stolen }));
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: replayed from another session",
    (on) => {
      const other = beforeServer(on, "greeted");
      const body = other.peer.clientKey();
      other.say(body);
      other.victim.dispose();
      return beforeServer(on, "greeted").say(body);
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: somebody else's certificate and key, unknown to the server",
    (on) => {
      const scene = beforeServer(on, "greeted", { identity: stranger });
      return scene.say(scene.peer.clientKey());
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: alice's certificate, signed by a stranger",
    (on) => {
      const scene = beforeServer(on, "greeted", { identity: stranger });
      return scene.say(scene.peer.clientKey({ certificate: v32(v16(alice.chain[0]!.encoded)) }));
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: beyond 65 536 octets",
    (on) => beforeServer(on, "greeted").say(bytes(v8("CLIENTKEY"), Buffer.alloc(65_527))),
    ...PROTOCOL,
  ],
  [
    "CLIENTKEY omitted: records at once",
    (on) => beforeServer(on, "greeted").say(bytes(v8("MESSAGE"), Buffer.alloc(40))),
    ...PROTOCOL,
  ],
  [
    "CLIENTKEY omitted: a control message at once",
    (on) => beforeServer(on, "greeted").say(bytes(v8("CONTROL"), Buffer.alloc(40))),
    ...PROTOCOL,
  ],
  [
    "CLIENTKEY twice",
    (on) => {
      const scene = beforeServer(on, "greeted");
      const body = scene.peer.clientKey();
      scene.say(body, body);
      scene.peer.finished(scene.next("FINISHED"));
      return scene;
    },
    "ERR_QZMQ_TRUNCATED",
    [],
  ],
  ...["CLIENTHELLO", "RETRY", "SERVERHELLO", "FINISHED", "EARLY", "READY"].map(
    (name): Sin => [
      `${name} in place of CLIENTKEY`,
      (on) => beforeServer(on, "greeted").say(bytes(v8(name), Buffer.alloc(40))),
      ...PROTOCOL,
    ],
  ),
  [
    "the right CLIENTHELLO again in place of CLIENTKEY",
    (on) => {
      const scene = beforeServer(on, "greeted");
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "ERROR in place of CLIENTKEY",
    (on) => beforeServer(on, "greeted").say(bytes(v8("ERROR"), v8("auth"))),
    "ERR_ZMTP_PEER_ERROR",
    [],
  ],
  [
    "a plain message in place of CLIENTKEY",
    (on) => beforeServer(on, "greeted").raw(frame("hello", 0)),
    ...PROTOCOL,
  ],
  [
    "silence after SERVERHELLO",
    (on) => {
      const scene = beforeServer(on, "greeted");
      scene.victim.pass(30_000);
      return scene;
    },
    "ERR_QZMQ_TIMEOUT",
    [],
  ],
  [
    "a forged ERROR after CLIENTKEY, which an established server takes for no record",
    (on) => key(beforeServer(on, "greeted"), "established").say(bytes(v8("ERROR"), v8("auth"))),
    "ERR_QZMQ_TRUNCATED",
    [],
  ],
]);

for (const status of [300, 400, 500] as const) {
  sins(`an authorizer that says ${status}`, ground, [
    [
      "CLIENTKEY, all right but for the authorizer, and a message behind it",
      (on) => {
        const scene = beforeServer(on, "greeted", {
          authorize: (decided) => decided({ status, text: "no", userId: "", metadata: new Map() }),
        });
        const body = scene.peer.clientKey();
        return scene.say(body, scene.peer.traffic.record("MESSAGE", "\0\x01x"));
      },
      ...AUTH,
    ],
  ]);
}

sins("CLIENTKEY where no certificate was asked for", () => ground({ server: { clientAuth: "none" } }), [
  changed(
    "certificates nobody asked for",
    {
      certificate: v32(v16(alice.chain[0]!.encoded)),
      signature: v16(Buffer.alloc(2420)),
    },
    PROTOCOL,
  ),
]);

sins("CLIENTKEY where certificates are optional", () => ground({ server: { clientAuth: "optional" } }), [
  changed(
    "a certificate that is refused does not pass as none",
    {
      certificate: v32(v16(stranger.chain[0]!.encoded)),
    },
    AUTH,
  ),
  changed("a signature that is refused does not pass as none", { signature: v16(Buffer.alloc(2420)) }, AUTH),
]);
