/** The rotations that vectors show: in order, crossed, one-way, and those that must fail. */
import { bytes, u8, u16, u32, u64, v16 } from "../naive-codec.ts";
import { unhex } from "./format.ts";
import { DEFAULT_SUITE, OTHER_SUITE, pinned, SMALL_OTHER_SUITE, withTicket } from "./handshakes.ts";
import { message } from "./parties.ts";
import {
  type AnyRotation,
  type ForgedRecord,
  type Op,
  type RotationSpec,
  runRotation,
} from "./run-rotation.ts";

const rotate = (side: Op["side"]): Op => ({ side, op: "rotate" });
const send = (side: Op["side"], text: string): Op => ({ side, op: "send", text });
const read = (side: Op["side"], frames?: number): Op => ({
  side,
  op: "read",
  ...(frames === undefined ? {} : { frames }),
});

const other = (side: Op["side"]) => (side === "client" ? "server" : "client");

/** One rotation, with messages before, between and after. */
function plain(starter: Op["side"]): Op[] {
  const responder = other(starter);
  return [
    ...[send(responder, "before"), rotate(starter), send(starter, "still the old key")],
    ...[read(responder), send(responder, "new key already"), read(starter, 2), send(starter, "new key")],
    ...[read(responder), read(starter)],
  ];
}

async function base(suite: string): Promise<RotationSpec["handshake"]> {
  if (suite === DEFAULT_SUITE || suite === OTHER_SUITE) {
    return { file: "handshake-full", spec: await pinned(`hybrid ${suite}`, suite) };
  }
  if (suite === SMALL_OTHER_SUITE) {
    const client = { suites: [suite] };
    return { file: "handshake-full", spec: await pinned(`only offer ${suite}`, suite, { client }) };
  }
  const mode = { mode: suite.startsWith("01") ? "classical" : "pq-only" } as const;
  const client = mode.mode === "classical" ? { ...mode, suites: [suite] } : mode;
  const file = mode.mode === "classical" ? "handshake-classical" : "handshake-full";
  return { file, spec: await pinned(`${mode.mode} ${suite}`, suite, { client, server: mode }) };
}

/** rotation-plain.json */
export async function plainRotations(): Promise<AnyRotation[]> {
  const several = ["client", "server", "client"] as const;
  const tickets = await withTicket("first, anonymous client", DEFAULT_SUITE);
  const specs: RotationSpec[] = [];
  for (const suite of [DEFAULT_SUITE, OTHER_SUITE, "02020101", "03030102", "01010202"]) {
    const handshake = await base(suite);
    const starter = specs.length % 2 === 0 ? "client" : "server";
    specs.push({
      name: `${starter} starts, ${suite}`,
      handshake,
      rotations: [starter],
      script: plain(starter),
    });
  }
  specs.push({
    ...{ name: "server starts", handshake: await base(DEFAULT_SUITE), rotations: ["server"] },
    script: plain("server"),
  });
  specs.push({
    ...{ name: "three in a row", handshake: await base(SMALL_OTHER_SUITE), rotations: several },
    script: several.flatMap(plain),
  });
  for (const starter of ["client", "server"] as const) {
    // The ticket follows KEYCONFIRM, read or sent by the server, so it hangs on the new epoch.
    specs.push({
      ...{ name: `a ticket after a rotation by the ${starter}`, rotations: [starter] },
      handshake: { file: "handshake-resumed", spec: tickets },
      script: plain(starter),
    });
  }
  return specs.map(runRotation);
}

/** rotation-crossed.json */
export async function crossedRotations(): Promise<AnyRotation[]> {
  const specs: RotationSpec[] = [];
  for (const suite of [DEFAULT_SUITE, SMALL_OTHER_SUITE]) {
    const handshake = await base(suite);
    specs.push({
      ...{ name: `both start, the server reads first, ${suite}`, handshake, rotations: ["crossed"] },
      script: [
        ...[rotate("client"), rotate("server"), send("client", "old"), send("server", "old")],
        ...[read("server"), send("server", "new"), read("client"), send("client", "new"), read("server")],
      ],
    });
    specs.push({
      ...{ name: `both start, the client reads first, ${suite}`, handshake, rotations: ["crossed"] },
      script: [
        ...[rotate("server"), rotate("client"), read("client"), send("client", "still the old key")],
        ...[read("server"), read("client"), send("client", "new"), send("server", "new")],
        ...[read("server"), read("client")],
      ],
    });
  }
  specs.push({
    ...{
      name: "a server that was read before it started does not start",
      handshake: await base(DEFAULT_SUITE),
    },
    rotations: ["client", "server"],
    script: [
      ...[rotate("client"), read("server"), read("client"), read("server")],
      ...[rotate("server"), read("client"), read("server"), read("client")],
    ],
  });
  return specs.map(runRotation);
}

/** rotation-one-way.json */
export async function oneWayRotations(): Promise<AnyRotation[]> {
  const specs: RotationSpec[] = [];
  for (const starter of ["client", "server"] as const) {
    const responder = other(starter);
    const once: Op[] = [
      ...[send(starter, "old"), rotate(starter), send(starter, "old"), read(responder), read(starter)],
      ...[send(starter, "new"), read(responder)],
    ];
    specs.push({
      ...{ name: `the ${starter} alone sends`, handshake: await base(DEFAULT_SUITE) },
      ...{ rotations: [starter, starter], script: [...once, ...once] },
    });
    specs.push({
      ...{
        name: `the ${starter} alone starts, the other side alone sends`,
        handshake: await base(SMALL_OTHER_SUITE),
      },
      rotations: [starter],
      script: [
        ...[send(responder, "old"), rotate(starter), read(responder), send(responder, "new")],
        ...[read(starter), read(responder)],
      ],
    });
  }
  return specs.map(runRotation);
}

const update = (id: number, publicKey: Uint8Array) => bytes(u8(1), u64(0), u32(id), v16(publicKey));
const ack = (id: number, ciphertext: Uint8Array) => bytes(u8(2), u32(id), v16(ciphertext));
const confirm = (id: number) => bytes(u8(5), u32(id));

/** rotation-rejected.json: on X25519 alone where the KEM does not matter, to keep vectors short. */
export async function rejectedRotations(): Promise<AnyRotation[]> {
  const small = await base("01010202");
  const lattice = await base("02020101");
  const key = Buffer.alloc(32, 9);
  const begun = [rotate("client"), read("server")];
  const done = [...begun, read("client"), read("server")];
  const ROTATION = "ERR_QZMQ_ROTATION";
  const PROTOCOL = "ERR_QZMQ_PROTOCOL";
  type Case = readonly [string, string, Op[], Omit<ForgedRecord, "side">, (readonly string[])?];
  const control = (plaintext: Buffer, more: { epoch?: number; keyId?: number } = {}) => {
    return { command: "CONTROL", plaintext, ...more } as const;
  };
  const fromClient: readonly Case[] = [
    ["KEYUPDATE with another new_key_id", ROTATION, [], control(update(2, key))],
    ["KEYUPDATE for the present epoch", ROTATION, [], control(update(0, key))],
    ["KEYUPDATE with a key of wrong length", PROTOCOL, [], control(update(1, key.subarray(1)))],
    [
      "KEYUPDATE with an X25519 key of small order",
      PROTOCOL,
      [],
      control(update(1, Buffer.alloc(32))),
      ["rotation[1].kem.encapsulation.x25519"],
    ],
    ["KEYUPDATE with an octet left over", PROTOCOL, [], control(bytes(update(1, key), u8(0)))],
    ["KEYUPDATE cut short", PROTOCOL, [], control(update(1, key).subarray(0, 20))],
    ["a second KEYUPDATE in an epoch", ROTATION, begun, control(update(1, key), { epoch: 0 })],
    ["KEYUPDATEACK that nobody asked for", ROTATION, [], control(ack(1, key))],
    ["KEYCONFIRM that nobody asked for", ROTATION, [], control(confirm(1))],
    ["KEYCONFIRM under the old key", ROTATION, begun, control(confirm(1), { epoch: 0 })],
    ["KEYCONFIRM with another new_key_id", ROTATION, begun, control(confirm(2))],
    [
      "MESSAGE as first record under the new key",
      ROTATION,
      begun,
      { command: "MESSAGE", plaintext: message("x") },
    ],
    ["PAD as first record under the new key", ROTATION, begun, control(Buffer.from([6]))],
    ["KEYCONFIRM twice", ROTATION, done, control(confirm(1))],
    [
      "a record under the old key after KEYCONFIRM",
      ROTATION,
      done,
      { command: "MESSAGE", plaintext: message("x"), epoch: 0 },
    ],
    [
      "a record under a key that nobody has",
      ROTATION,
      [],
      { command: "MESSAGE", plaintext: message("x"), keyId: 5 },
    ],
    ["TICKET read by a server", PROTOCOL, [], control(ticket())],
    ["CONTROL of an unknown type", PROTOCOL, [], control(Buffer.from([7]))],
    ["PAD with an octet that is not zero", PROTOCOL, [], control(Buffer.from([6, 0, 1]))],
    ["CONTROL with 4097 octets", PROTOCOL, [], control(bytes(u8(6), Buffer.alloc(4096)))],
    ["MESSAGE with no plaintext", PROTOCOL, [], { command: "MESSAGE", plaintext: Buffer.alloc(0) }],
    ["CLOSE with an octet left over", PROTOCOL, [], control(Buffer.from([4, 0, 0]))],
    [
      "KEYUPDATE with a key that is not reduced",
      PROTOCOL,
      [],
      control(update(1, Buffer.alloc(1184, 255))),
      ["rotation[1].kem.encapsulation"],
    ],
  ];
  const fromServer: readonly Case[] = [
    ["KEYUPDATEACK with another new_key_id", ROTATION, [rotate("client")], control(ack(2, key))],
    [
      "KEYUPDATEACK with a ciphertext of wrong length",
      PROTOCOL,
      [rotate("client")],
      control(ack(1, key.subarray(1))),
    ],
    [
      "KEYUPDATEACK with an X25519 key of small order",
      PROTOCOL,
      [rotate("client")],
      control(ack(1, Buffer.alloc(32))),
    ],
    [
      "a second KEYUPDATE in a crossing",
      ROTATION,
      [rotate("client"), rotate("server"), read("client")],
      control(update(1, key)),
    ],
    [
      "TICKET between KEYUPDATE and KEYCONFIRM",
      PROTOCOL,
      [rotate("server"), read("client")],
      control(ticket(), { epoch: 0 }),
    ],
    ["TICKET with lifetime 0", PROTOCOL, [], control(ticket(0))],
    ["TICKET with lifetime 86401", PROTOCOL, [], control(ticket(86_401))],
  ];
  const make =
    (side: Op["side"]) =>
    ([name, cause, script, record, draws = []]: Case): RotationSpec => {
      const rotations = script.length === 0 ? [] : ([starterOf(script)] as const);
      return {
        ...{ name, handshake: name.endsWith("not reduced") ? lattice : small, rotations, script },
        forged: { records: [{ side, ...record }], cause, draws },
      };
    };
  return [...fromClient.map(make("client")), ...fromServer.map(make("server"))].map(runRotation);
}

function starterOf(script: readonly Op[]): Op["side"] | "crossed" {
  const starters = script.filter(({ op }) => op === "rotate").map(({ side }) => side);
  return starters.length > 1 ? "crossed" : starters[0]!;
}

function ticket(lifetime = 60): Buffer {
  return bytes(u8(3), u32(lifetime), u32(0), Buffer.alloc(16), u16(1), unhex("00"));
}
