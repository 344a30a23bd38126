/** Handshakes that must fail: one for each check of "Client checks" and "Server checks". */
import { bytes, u8, u32, v16 } from "../naive-codec.ts";
import {
  clientHello,
  clientKey,
  command,
  extension,
  finished,
  flipped,
  padded,
  serverHello,
} from "./forge.ts";
import { type SideName, unhex } from "./format.ts";
import { pinned, withTicket } from "./handshakes.ts";
import { bare, type ClientChange, type Party, properties, type ServerChange } from "./parties.ts";
import { type HandshakeSpec, runHandshake } from "./run-handshake.ts";
import { type RejectedSpec, type RejectedVector, runRejected } from "./run-rejected.ts";

const SUITE = "01010101";
const CLASSICAL = { mode: "classical" } as const;
const OFFER = { ...CLASSICAL, suites: [SUITE] };
/** A point of X25519 whose shared secret is all zeros (RFC 7748, section 6.1). */
const ZERO_POINT = Buffer.alloc(32);
const SERVER_EXTENSIONS = extension(0xff02, Buffer.from([0, 0]));

/** Result and cause of a case. */
type Outcome = readonly [result: string, cause: string];
const PROTOCOL: Outcome = ["protocol", "ERR_QZMQ_PROTOCOL"];
const AUTH: Outcome = ["auth", "ERR_QZMQ_AUTH"];
/** A client that fails on FINISHED just closes (spec, "ERROR"). */
const CLOSED_PROTOCOL: Outcome = ["close", "ERR_QZMQ_PROTOCOL"];
const CLOSED_AUTH: Outcome = ["close", "ERR_QZMQ_AUTH"];
const SUITE_FAULT: Outcome = ["suite", "ERR_QZMQ_SUITE"];
const VERSION: Outcome = ["version", "ERR_QZMQ_VERSION"];

type Forge = RejectedSpec["forge"];
/** A case on a base that a list shares: what it is called, how it ends, which message is forged, and how. */
type Case = readonly [name: string, outcome: Outcome, forge: Forge, changed?: RejectedSpec["changed"]];

function cases(
  base: HandshakeSpec,
  receiver: SideName,
  at: string,
  list: readonly Case[],
  first?: RejectedSpec["first"],
): RejectedSpec[] {
  return list.map(([name, [result, cause], forge, changed]) => ({
    ...{ name, base, receiver, at, forge, result, cause },
    ...(changed === undefined ? {} : { changed }),
    ...(first === undefined ? {} : { first }),
  }));
}

/** As the other side sent it: the receiver alone is configured otherwise. */
const honestly: Forge = ({ frame, plaintext }) => [plaintext.length === 0 ? { frame } : { frame, plaintext }];

/** The small suite, to keep vectors short; checks do not depend on it. */
function small(
  change: { readonly client?: ClientChange; readonly server?: ServerChange; readonly party?: Party } = {},
): Promise<HandshakeSpec> {
  return pinned("base", SUITE, {
    ...change,
    client: { ...OFFER, ...change.client },
    server: { ...CLASSICAL, ...change.server },
  });
}

async function mutual(): Promise<{ readonly base: HandshakeSpec; readonly alice: Party }> {
  const alice = await bare("alice", 1);
  const base = await small({
    party: alice,
    server: { clientAuth: "required", pins: [`${alice.pin}, alice`] },
  });
  return { base, alice };
}

async function helloToServer(): Promise<RejectedSpec[]> {
  const hello =
    (change: Parameters<typeof clientHello>[1]): Forge =>
    ({ frame }) => [clientHello(frame, change)];
  const extensions = (...list: Buffer[]) => hello({ extensions: bytes(...list) });
  const base = await small();
  const list: Case[] = [
    ["CLIENTHELLO of version 2", VERSION, hello({ version: u8(2) })],
    ["CLIENTHELLO with an octet left over", PROTOCOL, hello({ tail: u8(0) })],
    ["CLIENTHELLO without suites", PROTOCOL, hello({ suites: Buffer.alloc(0) })],
    ["CLIENTHELLO with suites of five octets", PROTOCOL, hello({ suites: unhex(`${SUITE}01`) })],
    ["CLIENTHELLO with a suite twice", PROTOCOL, hello({ suites: unhex(SUITE + SUITE) })],
    ["CLIENTHELLO with 17 suites", PROTOCOL, hello({ suites: manySuites(17) })],
    ["CLIENTHELLO with unknown suites only", SUITE_FAULT, hello({ suites: manySuites(16) })],
    ["CLIENTHELLO with a cookie that nobody asked for", PROTOCOL, hello({ cookie: Buffer.alloc(41) })],
    ["CLIENTHELLO with an extension twice", PROTOCOL, extensions(extension(0xfe00), extension(0xfe00))],
    ["CLIENTHELLO with client_auth", PROTOCOL, extensions(SERVER_EXTENSIONS)],
    ["CLIENTHELLO with an empty server_name", PROTOCOL, extensions(extension(0))],
    ["CLIENTHELLO with server_name in upper case", PROTOCOL, extensions(extension(0, Buffer.from("Broker")))],
    ["CLIENTHELLO with record_limit 4095", PROTOCOL, extensions(extension(0x1c, u32(4095)))],
    ["CLIENTHELLO with record_limit 262145", PROTOCOL, extensions(extension(0x1c, u32(262_145)))],
    ["CLIENTHELLO with early_data and no ticket", PROTOCOL, extensions(extension(0x2a))],
    ["CLIENTHELLO with pq_only beside X25519", PROTOCOL, extensions(extension(0xff01))],
    [
      "CLIENTHELLO with MORE",
      PROTOCOL,
      ({ frame }) => [{ frame: Buffer.concat([u8(frame[0]! | 1), frame.subarray(1)]) }],
    ],
    [
      "CLIENTHELLO as a message",
      PROTOCOL,
      ({ frame }) => [{ frame: Buffer.concat([u8(frame[0]! & 2), frame.subarray(1)]) }],
    ],
    ["CLIENTKEY in place of CLIENTHELLO", PROTOCOL, () => [command("CLIENTKEY", Buffer.alloc(0))]],
    ["EARLY in place of CLIENTHELLO", PROTOCOL, () => [command("EARLY", Buffer.alloc(40))]],
  ];
  const wants = await small({ server: { cookies: "always" } });
  return [
    ...cases(base, "server", "CLIENTHELLO", list),
    ...cases(wants, "server", "CLIENTHELLO", [
      ["second CLIENTHELLO without a cookie", PROTOCOL, hello({ cookie: Buffer.alloc(0) })],
      ["second CLIENTHELLO with a changed cookie", PROTOCOL, changedCookie],
      ["second CLIENTHELLO with another random", PROTOCOL, hello({ random: Buffer.alloc(32) })],
    ]),
  ];
}

const changedCookie: Forge = ({ frame }) => {
  // Frame header, name, version, random, the cookie's length; then its last octet.
  const at = (frame[0] === 4 ? 2 : 9) + 12 + 1 + 32 + 41;
  return [{ frame: flipped(frame, at) }];
};

/** Suites that nobody knows. */
function manySuites(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.from([240, 240, 240, i + 1])));
}

async function keyToServer(): Promise<RejectedSpec[]> {
  const { base, alice } = await mutual();
  const mallory = await bare("mallory", 1);
  const chain = (party: Party) => bytes(...party.certificates.map((octets) => v16(unhex(octets))));
  const key = (change: Parameters<typeof clientKey>[2], proof: Party | null = alice): Forge => {
    return (honest) => [clientKey(honest.reading, honest, change, proof)];
  };
  const none = Buffer.alloc(0);
  const typed = (type: string) => padded(properties(["Socket-Type", type], ["Identity", ""]));
  const list: Case[] = [
    ["kem_ciphertext of wrong length", PROTOCOL, key({ ciphertext: Buffer.alloc(33, 9) })],
    ["X25519 result all zeros in CLIENTKEY", PROTOCOL, key({ ciphertext: ZERO_POINT })],
    ["CLIENTKEY does not open", AUTH, ({ frame }) => [{ frame: flipped(frame, -1) }]],
    ["CLIENTKEY with an octet left over", PROTOCOL, key({ tail: u8(0) })],
    ["verify_data of CLIENTKEY is wrong", AUTH, key({ verifyData: Buffer.alloc(32) })],
    ["psk_binder in a full handshake", PROTOCOL, key({ binder: Buffer.alloc(32) })],
    ["no certificate where one is required", AUTH, key({ certificate: none, signature: none })],
    ["signature without a certificate", PROTOCOL, key({ certificate: none, signature: Buffer.alloc(64) })],
    ["certificate without a signature", PROTOCOL, key({ signature: none })],
    ["certificate of a client that is not trusted", AUTH, key({ certificate: chain(mallory) }, mallory)],
    ["signature of another key in CLIENTKEY", AUTH, key({}, mallory)],
    [
      "signature under the server's context in CLIENTKEY",
      AUTH,
      (honest) => [clientKey(honest.reading, honest, {}, { ...alice, context: "QZMQ/1 server" })],
    ],
    ["certificate that is malformed", AUTH, key({ certificate: v16(Buffer.alloc(10)) })],
    ["early_records is not zero", PROTOCOL, key({ earlyRecords: u32(1) })],
    [
      "metadata of CLIENTKEY is not padded",
      PROTOCOL,
      key({ metadata: properties(["Socket-Type", "DEALER"]) }),
    ],
    [
      "metadata of CLIENTKEY is malformed",
      ["protocol", "ERR_ZMTP_INVALID_METADATA"],
      key({ metadata: Buffer.alloc(256) }),
    ],
    ["metadata of CLIENTKEY without Socket-Type", PROTOCOL, key({ metadata: padded(none) })],
    [
      "a socket type that cannot talk to the server's",
      ["protocol", "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE"],
      key({ metadata: typed("PUB") }),
    ],
    ["the authorizer refuses", AUTH, honestly, { authorization: 400 }],
    ["the authorizer is broken", AUTH, honestly, { authorization: 500 }],
    ["MESSAGE in place of CLIENTKEY", PROTOCOL, () => [command("MESSAGE", Buffer.alloc(40))]],
    [
      "a second CLIENTHELLO in place of CLIENTKEY",
      PROTOCOL,
      ({ vector }) => [{ frame: unhex(vector.wire[0]!.frame) }],
    ],
    ["EARLY that was not asked for", PROTOCOL, () => [command("EARLY", Buffer.alloc(40))]],
    [
      "ERROR in place of CLIENTKEY",
      ["close", "ERR_ZMTP_PEER_ERROR"],
      () => [command("ERROR", bytes("\x04auth"))],
    ],
  ];
  const open = await small();
  const bad = { certificate: chain(alice) };
  const lattice = await pinned("base", "02020101", { server: { suites: ["02020101"] } });
  return [
    ...cases(base, "server", "CLIENTKEY", list),
    ...cases(open, "server", "CLIENTKEY", [["certificate that was not asked for", PROTOCOL, key(bad)]]),
    ...cases(lattice, "server", "CLIENTKEY", [
      ["ML-KEM ciphertext with a bit changed", AUTH, ({ frame }) => [{ frame: flipped(frame, 9 + 10 + 2) }]],
    ]),
  ];
}

async function helloToClient(): Promise<RejectedSpec[]> {
  const { base, alice } = await mutual();
  const broker = await bare("broker", 1);
  const mallory = await bare("mallory", 1);
  const hello = (change: Parameters<typeof serverHello>[2], proof: Party = broker): Forge => {
    return ({ reading, frame }) => [serverHello(reading, frame, change, proof)];
  };
  const auth = extension(0xff02, Buffer.from([2, 1, 1]));
  const extensions = (...list: Buffer[]) => hello({ extensions: bytes(...list) });
  const none = Buffer.alloc(0);
  const list: Case[] = [
    ["SERVERHELLO of version 2", VERSION, hello({ version: u8(2) })],
    ["SERVERHELLO with an octet left over", PROTOCOL, hello({ tail: u8(0) })],
    ["SERVERHELLO with resumed = 2", PROTOCOL, hello({ resumed: u8(2) })],
    ["SERVERHELLO without client_auth", PROTOCOL, extensions()],
    ["SERVERHELLO with an unknown extension", PROTOCOL, extensions(extension(0xfe00), auth)],
    ["SERVERHELLO with server_name", PROTOCOL, extensions(extension(0, Buffer.from("broker")), auth)],
    [
      "SERVERHELLO with client_auth of an unknown level",
      PROTOCOL,
      extensions(extension(0xff02, Buffer.from([3, 1, 1]))),
    ],
    [
      "SERVERHELLO with client_auth and no algorithm",
      PROTOCOL,
      extensions(extension(0xff02, Buffer.from([2, 0]))),
    ],
    ["SERVERHELLO with pq_only beside X25519", PROTOCOL, extensions(extension(0xff01), auth)],
    ["SERVERHELLO accepts early data that nobody sent", PROTOCOL, extensions(extension(0x2a), auth)],
    ["SERVERHELLO without certificates", PROTOCOL, hello({ certificate: none })],
    ["SERVERHELLO with five certificates", PROTOCOL, hello({ certificate: five(broker) })],
    [
      "SERVERHELLO resumes without a ticket",
      PROTOCOL,
      hello({ resumed: u8(1), certificate: none, extensions: none }),
    ],
    ["SERVERHELLO chooses a suite that was not offered", SUITE_FAULT, hello({ suite: unhex("01010201") })],
    ["SERVERHELLO chooses a suite that nobody knows", SUITE_FAULT, hello({ suite: unhex("f0f0f0f0") })],
    ["a server that is not trusted", AUTH, honestly, { pins: [`${mallory.pin}, broker`] }],
    ["the server's certificate is malformed", AUTH, hello({ certificate: v16(Buffer.alloc(10)) })],
    [
      "the server's key is not of the suite's algorithm",
      AUTH,
      hello({ certificate: otherKey(await bare("broker", 2)) }),
    ],
    ["signature of another key in SERVERHELLO", AUTH, hello({}, mallory)],
    [
      "signature under the client's context in SERVERHELLO",
      AUTH,
      ({ reading, frame }) => [serverHello(reading, frame, {}, { ...broker, context: "QZMQ/1 client" })],
    ],
    ["signature of SERVERHELLO with a bit changed", AUTH, ({ frame }) => [{ frame: flipped(frame, -1) }]],
    ["kem_public of wrong length", PROTOCOL, hello({ kemPublic: Buffer.alloc(31, 9) })],
    ["X25519 result all zeros in SERVERHELLO", PROTOCOL, hello({ kemPublic: ZERO_POINT })],
    [
      "a certificate is required that the client does not have",
      AUTH,
      honestly,
      { seed: null, signature: null, certificates: [] },
    ],
    ["FINISHED in place of SERVERHELLO", PROTOCOL, () => [command("FINISHED", Buffer.alloc(40))]],
    [
      "CLIENTHELLO in place of SERVERHELLO",
      PROTOCOL,
      ({ vector }) => [{ frame: unhex(vector.wire[0]!.frame) }],
    ],
    ["an empty cookie in RETRY", PROTOCOL, () => [command("RETRY", u8(0))]],
    [
      "ERROR in place of SERVERHELLO",
      ["close", "ERR_ZMTP_PEER_ERROR"],
      () => [command("ERROR", bytes("\x04busy"))],
    ],
  ];
  const lattice = await pinned("base", "02020101", { server: { suites: ["02020101"] } });
  const notReduced: Forge = ({ reading, frame }) => {
    const kemPublic = Buffer.alloc(1184, 0xff);
    return [
      serverHello(reading, frame, { kemPublic }, { ...alice, seed: lattice.server.seed!, signature: 2 }),
    ];
  };
  return [
    ...cases(base, "client", "SERVERHELLO", list),
    ...cases(lattice, "client", "SERVERHELLO", [
      ["an encapsulation key that is not reduced", PROTOCOL, notReduced],
    ]),
    ...cases(await small({ client: { serverName: "broker" } }), "client", "SERVERHELLO", [
      ["a server that is pinned under another name", AUTH, honestly, { pins: [`${broker.pin}, other`] }],
    ]),
    ...cases(await small({ server: { cookies: "always" } }), "client", "SERVERHELLO", [
      ["a second RETRY", PROTOCOL, () => [command("RETRY", bytes("\x01c"))]],
    ]),
  ];
}

function five(party: Party): Buffer {
  return bytes(...Array.from({ length: 5 }, () => v16(unhex(party.certificates[0]!))));
}

function otherKey(party: Party): Buffer {
  return v16(unhex(party.certificates[0]!));
}

async function finishedToClient(): Promise<RejectedSpec[]> {
  const end =
    (change: Parameters<typeof finished>[1]): Forge =>
    ({ reading }) => [finished(reading, change)];
  const metadata = padded(properties(["Socket-Type", "ROUTER"]));
  return cases(await small(), "client", "FINISHED", [
    ["FINISHED does not open", CLOSED_AUTH, ({ frame }) => [{ frame: flipped(frame, -1) }]],
    ["verify_data of FINISHED is wrong", CLOSED_AUTH, end({ metadata, verifyData: Buffer.alloc(32) })],
    ["FINISHED with an octet left over", CLOSED_PROTOCOL, end({ metadata, tail: u8(0) })],
    ["metadata of FINISHED is not padded", CLOSED_PROTOCOL, end({ metadata: metadata.subarray(0, 31) })],
    ["metadata of FINISHED without Socket-Type", CLOSED_PROTOCOL, end({ metadata: padded(Buffer.alloc(0)) })],
    [
      "a socket type that cannot talk to the client's",
      ["CLOSE 4", "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE"],
      end({
        metadata: padded(properties(["Socket-Type", "SUB"])),
      }),
    ],
    ["MESSAGE in place of FINISHED", PROTOCOL, () => [command("MESSAGE", Buffer.alloc(40))]],
    [
      "ERROR in place of FINISHED",
      ["close", "ERR_ZMTP_PEER_ERROR"],
      () => [command("ERROR", bytes("\x04auth"))],
    ],
  ]);
}

/** Cases on a resumed handshake, each with the connection that brings its ticket. */
async function onResumed(): Promise<RejectedVector[]> {
  const broker = await bare("broker", 1);
  const base = await withTicket("", SUITE, { client: OFFER, server: CLASSICAL });
  const two = await withTicket("", SUITE, {
    client: { ...OFFER, suites: [SUITE, "01010201"], earlyData: true },
    server: { ...CLASSICAL, suites: [SUITE, "01010201"] },
  });
  const key =
    (change: Parameters<typeof clientKey>[2]): Forge =>
    (honest) => [clientKey(honest.reading, honest, change)];
  const type = padded(properties(["Socket-Type", "REQ"], ["Identity", ""]));
  const identity = padded(properties(["Socket-Type", "DEALER"], ["Identity", "x"]));
  const list: readonly (readonly [HandshakeSpec, SideName, string, Case])[] = [
    [
      base,
      "client",
      "SERVERHELLO",
      ["PSK MAC of SERVERHELLO is wrong", AUTH, ({ frame }) => [{ frame: flipped(frame, -1) }]],
    ],
    [
      two,
      "client",
      "SERVERHELLO",
      [
        "resumed under another suite than the ticket's",
        PROTOCOL,
        ({ reading, frame }) => [serverHello(reading, frame, { suite: unhex("01010201") }, broker)],
      ],
    ],
    [base, "server", "CLIENTKEY", ["psk_binder is wrong", AUTH, key({ binder: Buffer.alloc(32) })]],
    [base, "server", "CLIENTKEY", ["psk_binder is missing", AUTH, key({ binder: Buffer.alloc(0) })]],
    [
      base,
      "server",
      "CLIENTKEY",
      ["another Socket-Type than the ticket's", PROTOCOL, key({ metadata: type })],
    ],
    [
      base,
      "server",
      "CLIENTKEY",
      ["another Identity than the ticket's", PROTOCOL, key({ metadata: identity })],
    ],
  ];
  return list.flatMap(([spec, receiver, at, one]) => {
    const first = () => runHandshake({ ...spec, name: `ticket for: ${one[0]}` });
    const [rejected] = cases(spec, receiver, at, [one], first);
    return [first().vector as RejectedVector, runRejected(rejected!)];
  });
}

/** handshake-rejected.json */
export async function rejected(): Promise<RejectedVector[]> {
  const specs = [await helloToServer(), await keyToServer(), await helloToClient(), await finishedToClient()];
  return [...specs.flat().map(runRejected), ...(await onResumed())];
}
