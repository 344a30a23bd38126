/** Hostile peers of both roles after the handshake: records, the stream inside, outer frames, goodbyes. */
import { bytes, frame, metadata, STREAM, u8, u32, u64, v8, v16, v32 } from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { control, type RecordChanges } from "../support/naive-traffic.ts";
import { beforeClient, beforeServer, flip, type Ground, ground, type Scene } from "./scene.ts";
import { AUTH, CLOSED, ROTATION, type Sin, sins, TRUNCATED } from "./sins.ts";

type Told = readonly [Sin[2], Sin[3]];
type Committed = (scene: Scene<NaiveHandshake>) => Scene<NaiveHandshake>;
const WRONG = ["ERR_QZMQ_AUTH", "CLOSE 2"] as const;
const REPLAY = ["ERR_QZMQ_REPLAY", "CLOSE 2"] as const;
const HI = "\0\x02hi";

/** Half of a message, so that nothing of it is ever delivered. */
const HALF = "\0\x10half";

/** What a peer of either role may do in an established connection. */
const table: readonly (readonly [string, Committed, Told])[] = [
  ...records(),
  ...stream(),
  ...frames(),
  ...controls(),
];

function record(
  name: string,
  changes: RecordChanges,
  told: Told,
  plaintext = HI,
): readonly [string, Committed, Told] {
  return [
    `a record ${name}`,
    (scene) => scene.say(scene.peer.traffic.record("MESSAGE", plaintext, changes)),
    told,
  ];
}

/** A record whose octets are changed afterwards. */
function meddled(
  name: string,
  meddle: (body: Buffer) => Uint8Array,
  told: Told,
): readonly [string, Committed, Told] {
  return [`a record ${name}`, (scene) => scene.say(meddle(scene.peer.traffic.record("MESSAGE", HI))), told];
}

function records(): readonly (readonly [string, Committed, Told])[] {
  return [
    record("of zero octets", {}, CLOSED, ""),
    record("of the next key id", { keyId: 1 }, ROTATION),
    record("of the last key id", { keyId: 255 }, ROTATION),
    record("of a key id far off", { keyId: 128 }, ROTATION),
    record("one ahead of its sequence", { sequence: 1 }, CLOSED),
    record("2^33 ahead", { sequence: 2 ** 33 }, CLOSED),
    record("of sequence 2^64 - 1", { sequence: 2n ** 64n - 1n }, CLOSED),
    record("under the handshake's stream id", { stream: STREAM.handshake }, WRONG),
    record("under the stream id of early data", { stream: STREAM.early }, WRONG),
    record("under a key of nobody's", { secret: Buffer.alloc(32) }, WRONG),
    meddled("with a bit of its ciphertext turned over", (body) => flip(body, 17), WRONG),
    meddled("with a bit of its tag turned over", (body) => flip(body, body.length - 1), WRONG),
    meddled("with its key id turned over", (body) => flip(body, 8), ROTATION),
    meddled("with its sequence turned over", (body) => flip(body, 16), CLOSED),
    meddled("with a bit of its name turned over", (body) => flip(body, 1), TRUNCATED),
    meddled("called CONTROL", (body) => bytes(v8("CONTROL"), body.subarray(8)), WRONG),
    meddled("called EARLY", (body) => bytes(v8("EARLY"), body.subarray(8)), TRUNCATED),
    meddled("called message", (body) => bytes(v8("message"), body.subarray(8)), TRUNCATED),
    meddled("an octet short", (body) => body.subarray(0, -1), WRONG),
    meddled("an octet long", (body) => bytes(body, "\0"), WRONG),
    meddled("without its last octet of tag", (body) => body.subarray(0, 32), TRUNCATED),
    meddled("that is a head alone", (body) => body.subarray(0, 17), TRUNCATED),
    meddled("that is a name alone", (body) => body.subarray(0, 8), TRUNCATED),
    [
      "a record replayed",
      (scene) => {
        const pad = scene.peer.traffic.record("CONTROL", control.pad(9));
        return scene.say(pad, pad);
      },
      REPLAY,
    ],
    [
      "a record dropped",
      (scene) => {
        scene.peer.traffic.record("MESSAGE", HI);
        return scene.say(scene.peer.traffic.record("MESSAGE", HI));
      },
      CLOSED,
    ],
    [
      "two records in the wrong order",
      (scene) => {
        const first = scene.peer.traffic.record("MESSAGE", HI);
        return scene.say(scene.peer.traffic.record("MESSAGE", HI), first);
      },
      CLOSED,
    ],
    [
      "the honest side's own record, reflected",
      (scene) => {
        scene.victim.send("echo");
        const body = scene.listen().next("MESSAGE");
        scene.peer.traffic.read(body);
        return scene.say(body);
      },
      WRONG,
    ],
    [
      "a message cut off by the end of the transport",
      (scene) => {
        scene.say(scene.peer.traffic.record("MESSAGE", HALF));
        scene.victim.cut();
        return scene;
      },
      TRUNCATED,
    ],
    [
      "the end of the transport without a goodbye",
      (scene) => {
        scene.victim.cut();
        return scene;
      },
      TRUNCATED,
    ],
    [
      "the end of the transport within a record",
      (scene) => {
        scene.raw(frame(scene.peer.traffic.record("MESSAGE", HI)).subarray(0, 20));
        scene.victim.cut();
        return scene;
      },
      TRUNCATED,
    ],
    [
      "a record beyond 262 144 octets",
      (scene) => scene.say(scene.peer.traffic.record("MESSAGE", Buffer.alloc(262_145))),
      CLOSED,
    ],
  ];
}

function stream(): readonly (readonly [string, Committed, Told])[] {
  const inside = (name: string, octets: Uint8Array, told: Told): readonly [string, Committed, Told] => [
    `in the stream: ${name}`,
    (scene) => scene.say(scene.peer.traffic.record("MESSAGE", octets)),
    told,
  ];
  const names = [
    ...["READY", "ERROR", "CLIENTHELLO", "RETRY", "EARLY", "SERVERHELLO", "CLIENTKEY", "FINISHED"],
    ...["MESSAGE", "CONTROL"],
  ];
  return [
    ...names.map((name) => inside(`the command ${name}`, frame(bytes(v8(name), "\0")), CLOSED)),
    inside("a READY in full", frame(bytes(v8("READY"), metadata(["Socket-Type", "PAIR"]))), CLOSED),
    inside("a frame with reserved bits", frame("x", 0x80), ["ERR_ZMTP_MALFORMED_FRAME", "CLOSE 2"]),
    inside("a command with MORE", frame(v8("PING"), 5), ["ERR_ZMTP_MALFORMED_FRAME", "CLOSE 2"]),
    inside("a command without a name", frame(v8("")), ["ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED", "CLOSE 2"]),
    inside("a frame of 2^63 octets", bytes("\x02\x80", Buffer.alloc(7)), [
      "ERR_ZMTP_MALFORMED_FRAME",
      "CLOSE 2",
    ]),
    inside("a frame beyond maxMessageSize", bytes("\x02", u64(2 ** 20 + 1)), [
      "ERR_ZMTP_MESSAGE_TOO_LARGE",
      "CLOSE 3",
    ]),
    [
      "in the stream: a message beyond maxMessageSize, frame by frame",
      (scene) => {
        const piece = frame(Buffer.alloc(200_000), 1);
        for (let i = 0; i < 6; i++) scene.say(scene.peer.traffic.record("MESSAGE", piece));
        return scene;
      },
      ["ERR_ZMTP_MESSAGE_TOO_LARGE", "CLOSE 3"],
    ],
    [
      "in the stream: a READY cut into two records",
      (scene) => {
        const ready = frame(bytes(v8("READY"), "\0"));
        return scene.say(
          scene.peer.traffic.record("MESSAGE", ready.subarray(0, 4)),
          scene.peer.traffic.record("MESSAGE", ready.subarray(4)),
        );
      },
      CLOSED,
    ],
  ];
}

function frames(): readonly (readonly [string, Committed, Told])[] {
  const raw = (name: string, octets: Uint8Array, told: Told): readonly [string, Committed, Told] => [
    `outside: ${name}`,
    (scene) => scene.raw(octets),
    told,
  ];
  return [
    raw("a plain message", frame("hi", 0), TRUNCATED),
    raw("a plain message with MORE", frame("hi", 1), TRUNCATED),
    raw("an empty plain message", frame("", 0), TRUNCATED),
    raw("a plain PING", frame(bytes(v8("PING"), "\0\0")), TRUNCATED),
    raw("a plain SUBSCRIBE", frame(bytes(v8("SUBSCRIBE"), "x")), TRUNCATED),
    raw("a plain READY", frame(bytes(v8("READY"), metadata(["Socket-Type", "PAIR"]))), TRUNCATED),
    raw("a forged ERROR", frame(bytes(v8("ERROR"), v8("auth"))), TRUNCATED),
    raw("CLIENTHELLO", frame(bytes(v8("CLIENTHELLO"), Buffer.alloc(60))), TRUNCATED),
    raw("EARLY", frame(bytes(v8("EARLY"), Buffer.alloc(60))), TRUNCATED),
    raw("a record with MORE", frame(bytes(v8("MESSAGE"), Buffer.alloc(60)), 5), TRUNCATED),
    raw("a record with reserved bits", frame(bytes(v8("MESSAGE"), Buffer.alloc(60)), 0x14), TRUNCATED),
    raw("a record without COMMAND", frame(bytes(v8("MESSAGE"), Buffer.alloc(60)), 0), TRUNCATED),
    raw("a header that announces too much", bytes("\x06", u64(262_144 + 34)), CLOSED),
    raw("a header that announces 2^63 octets", bytes("\x06\x80", Buffer.alloc(7)), TRUNCATED),
    raw("zeros", Buffer.alloc(64), TRUNCATED),
    raw("another greeting", Buffer.from("ff00000000000000017f0301", "hex"), TRUNCATED),
  ];
}

function controls(): readonly (readonly [string, Committed, Told])[] {
  const said = (
    name: string,
    plaintext: Uint8Array,
    told: Told = CLOSED,
  ): readonly [string, Committed, Told] => [
    `a control message: ${name}`,
    (scene) => scene.say(scene.peer.traffic.record("CONTROL", plaintext)),
    told,
  ];
  return [
    said("of type 0", u8(0)),
    said("of type 7", u8(7)),
    said("of type 255", u8(255)),
    said("of no octets", bytes("")),
    said("PAD of ones", bytes(u8(6), "\x01")),
    said("PAD of 4096 zeros", control.pad(4096)),
    said("CLOSE without a code", u8(4)),
    said("CLOSE with an octet too many", bytes(control.close(0), "\0")),
    said("KEYCONFIRM cut off", control.confirm(1).subarray(0, 4)),
    said("KEYUPDATE without a key", control.update(1, "")),
    said("KEYUPDATEACK without a ciphertext", control.ack(1, "")),
    [
      "CLOSE, then more data",
      (scene) => {
        scene.say(scene.peer.traffic.record("CONTROL", control.close(0)));
        if (scene.rest().join() !== "CLOSE 0") throw new Error("the goodbye was not answered");
        return scene.say(scene.peer.traffic.record("MESSAGE", HI));
      },
      ["ERR_QZMQ_PROTOCOL", []],
    ],
    [
      "CLOSE twice",
      (scene) => {
        const { traffic } = scene.peer;
        scene.say(traffic.record("CONTROL", control.close(0)), traffic.record("CONTROL", control.close(0)));
        if (scene.rest().join() !== "CLOSE 0") throw new Error("the goodbye was not answered");
        return scene;
      },
      ["ERR_QZMQ_PROTOCOL", []],
    ],
    [
      "a forged record after the honest side's own goodbye",
      (scene) => {
        scene.victim.close();
        scene.listen();
        if (scene.rest().join() !== "CLOSE 0") throw new Error("no goodbye");
        return scene.say(flip(scene.peer.traffic.record("MESSAGE", HI), 20));
      },
      ["ERR_QZMQ_AUTH", []],
    ],
  ];
}

const limited = { maxMessageSize: 2 ** 20 };
const asClient = (on: Ground) => beforeServer(on, "established", limited);
const asServer = (on: Ground) => beforeClient(on, "established", limited);

function against(make: (on: Ground) => Scene<NaiveHandshake>): Sin[] {
  return table.map(([name, commit, [cause, told]]) => [name, (on) => commit(make(on)), cause, told]);
}

sins("a client in an established connection", ground, [
  ...against(asClient),
  [
    "a client: TICKET",
    (on) => {
      const scene = asClient(on);
      return scene.say(scene.peer.traffic.record("CONTROL", control.ticket("ticket")));
    },
    ...CLOSED,
  ],
  [
    "a client: a record with the server's key",
    (on) => {
      const scene = asClient(on);
      const { traffic } = scene.peer;
      return scene.say(traffic.record("MESSAGE", HI, { secret: traffic.epochs[0]!.server }));
    },
    ...WRONG,
  ],
  [
    "a client: a record of another session",
    (on) => {
      const other = asClient(on);
      const body = other.peer.traffic.record("MESSAGE", HI);
      other.victim.dispose();
      return asClient(on).say(body);
    },
    ...WRONG,
  ],
]);

sins("a server in an established connection", ground, [
  ...against(asServer),
  ...(
    [
      ["of 0 seconds", control.ticket("t", Buffer.alloc(16), 0)],
      ["of more than a day", control.ticket("t", Buffer.alloc(16), 86_401)],
      ["without a ticket", control.ticket("")],
      ["with an octet too many", bytes(control.ticket("t"), "\0")],
      ["cut off", control.ticket("t").subarray(0, 20)],
      ["of 4070 octets", control.ticket(Buffer.alloc(4070))],
    ] as const
  ).map(
    ([name, plaintext]): Sin => [
      `a server: TICKET ${name}`,
      (on) => {
        const scene = asServer(on);
        return scene.say(scene.peer.traffic.record("CONTROL", plaintext));
      },
      ...CLOSED,
    ],
  ),
  [
    "a server: five tickets",
    (on) => {
      const scene = asServer(on);
      for (let i = 0; i < 5; i++) scene.say(scene.peer.traffic.record("CONTROL", control.ticket(u8(i))));
      on.store.dispose();
      return scene;
    },
    ...CLOSED,
  ],
]);

/** Records below the largest announced by default, above what this side announced. */
sins("a small record limit", () => ground({ server: { recordLimit: 4096 } }), [
  [
    "a record of 4097 octets",
    (on) => {
      const scene = asClient(on);
      return scene.say(scene.peer.traffic.record("MESSAGE", Buffer.alloc(4097)));
    },
    ...CLOSED,
  ],
  [
    "a record of 5000 octets right after CLIENTKEY",
    (on) => {
      const scene = beforeServer(on, "greeted", limited);
      const body = scene.peer.clientKey();
      scene.say(body, scene.peer.traffic.record("MESSAGE", Buffer.alloc(5000)));
      scene.peer.finished(scene.next("FINISHED"));
      return scene;
    },
    ...CLOSED,
  ],
]);

/** A KEYUPDATE that would be right, were it not sealed as data. */
sins("one record for another", ground, [
  [
    "a control message in MESSAGE",
    (on) => {
      const scene = asClient(on);
      return scene.say(scene.peer.traffic.record("MESSAGE", bytes(u8(4), u8(0), u32(0))));
    },
    "ERR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED",
    "CLOSE 2",
  ],
  [
    "the sealed part of CLIENTKEY as a record",
    (on) => {
      const scene = beforeServer(on, "greeted");
      const body = scene.peer.clientKey();
      const [, start] = scene.peer.spans.find(([field]) => field === "sealed")!;
      const sealed = body.subarray(start + 4);
      scene.say(body);
      scene.peer.finished(scene.next("FINISHED"));
      return scene.say(bytes(v8("MESSAGE"), u8(0), u64(0), sealed));
    },
    ...WRONG,
  ],
  [
    "a record in place of CLIENTKEY's sealed part",
    (on) => {
      const scene = beforeServer(on, "greeted");
      return scene.say(
        scene.peer.clientKey({ sealed: (made) => v32(bytes(made.subarray(4, -16), v16(Buffer.alloc(14)))) }),
      );
    },
    ...AUTH,
  ],
]);
