/** Hostile clients up to CLIENTHELLO. */

import { extension, type HelloField } from "../support/naive-client.ts";
import { bytes, type Change, frame, greeting, u8, u16, u32, v8, v16 } from "../support/naive-codec.ts";
import { beforeServer, flip, ground, type SceneOptions } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins } from "./sins.ts";

const HYBRID = "\x04\x02\x01\x01";
const VERSION = ["ERR_QZMQ_VERSION", "ERROR version"] as const;
const SUITE = ["ERR_QZMQ_SUITE", "ERROR suite"] as const;

type Told = readonly [Sin[2], Sin[3]];

/** A CLIENTHELLO with a field changed. */
const hello = (name: string, field: HelloField, change: Change, [cause, told]: Told): Sin => [
  `CLIENTHELLO: ${name}`,
  (on) => {
    const scene = beforeServer(on, "met");
    return scene.say(scene.peer.hello({ [field]: change }));
  },
  cause,
  told,
];

/** Octets in place of CLIENTHELLO. */
const instead = (name: string, octets: Uint8Array, [cause, told]: Told): Sin => [
  name,
  (on) => beforeServer(on, "met").raw(octets),
  cause,
  told,
];

const greeted = (name: string, octets: Uint8Array, cause: Sin[2], options: SceneOptions = {}): Sin => [
  `greeting: ${name}`,
  (on) => beforeServer(on, "greeting", options).raw(octets),
  cause,
  [],
];

const suites = (...list: string[]) => v8(list.join(""));
const extensions = (...list: Buffer[]) => v16(bytes(...list));
const other = (mechanism: string) => {
  const octets = greeting(0);
  octets.fill(0, 12, 32);
  octets.write(mechanism, 12, "latin1");
  return octets;
};
const major = (version: number) => {
  const octets = greeting(0);
  octets[10] = version;
  return octets;
};

/** Every field of a right CLIENTHELLO. */
const FIELDS = ["name", "version", "random", "cookie", "sessionId", "suites", "extensions"] as const;

const cut: Sin[] = FIELDS.map((field) => [
  `CLIENTHELLO: cut off within ${field}`,
  (on) => {
    const scene = beforeServer(on, "met");
    const body = scene.peer.hello();
    const [, start, end] = scene.peer.spans.find(([name]) => name === field)!;
    return scene.say(body.subarray(0, start + Math.floor((end - start) / 2)));
  },
  ...PROTOCOL,
]);

/** Bits turned over on the way: where the field may be anything, the transcript tells. */
const flipped: Sin[] = (
  [
    ["name", 1, PROTOCOL],
    ["version", 0, VERSION],
    ["random", 0, AUTH],
    ["cookie", 0, PROTOCOL],
    ["sessionId", 1, PROTOCOL],
    ["suites", 4, SUITE],
    ["extensions", 1, PROTOCOL],
  ] as const
).map(([field, at, [cause, told]]) => [
  `CLIENTHELLO: a bit of ${field} turned over on the way`,
  (on) => {
    const scene = beforeServer(on, "met");
    const { peer } = scene;
    const body = peer.hello();
    const [, start] = peer.spans.find(([name]) => name === field)!;
    scene.say(flip(body, start + at));
    if (scene.victim.error !== null) return scene;
    // The naive client looks away, so that the server is the one to notice.
    peer.serverHello(scene.next("SERVERHELLO"), null);
    return scene.say(peer.clientKey());
  },
  cause,
  told,
]);

sins("greetings", ground, [
  greeted("the same role", greeting(1), "ERR_QZMQ_ROLE"),
  greeted("as-server 2", greeting(2), "ERR_QZMQ_ROLE"),
  greeted("as-server 255", greeting(255), "ERR_QZMQ_ROLE"),
  greeted("mechanism NULL", other("NULL"), "ERR_ZMTP_MECHANISM_MISMATCH"),
  greeted("mechanism CURVE", other("CURVE"), "ERR_ZMTP_MECHANISM_MISMATCH"),
  greeted("mechanism QZMQ2", other("QZMQ2"), "ERR_ZMTP_MECHANISM_MISMATCH"),
  greeted("mechanism qzmq", other("qzmq"), "ERR_ZMTP_BAD_GREETING"),
  greeted("ZMTP 2", major(1), "ERR_ZMTP_UNSUPPORTED_VERSION"),
  greeted("no ZMTP at all", bytes("GET / HTTP/1.1\r\n\r\n"), "ERR_ZMTP_UNSUPPORTED_VERSION"),
]);

sins("CLIENTHELLO", ground, [
  ...cut,
  ...flipped,
  hello("an octet too many", "tail", u8(0), PROTOCOL),
  hello("version 0", "version", u8(0), VERSION),
  hello("version 2 before garbage", "version", bytes("\x02\xff\xff"), VERSION),
  hello("a cookie nobody asked for", "cookie", v8("cookie"), PROTOCOL),
  hello("no suites", "suites", v8(""), PROTOCOL),
  hello("a suite cut short", "suites", v8("\x04\x02\x01"), PROTOCOL),
  hello("a suite twice", "suites", suites(HYBRID, HYBRID), PROTOCOL),
  hello(
    "17 suites",
    "suites",
    suites(HYBRID, ...Array.from({ length: 16 }, (_, i) => `\x04\x02\x01${String.fromCharCode(i + 16)}`)),
    PROTOCOL,
  ),
  hello("only unknown suites", "suites", suites("\xf0\xf0\xf0\xf0"), SUITE),
  hello("only an invalid combination", "suites", suites("\x05\x02\x01\x02"), SUITE),
  hello("only the classical suite", "suites", suites("\x01\x01\x01\x01"), SUITE),
  hello("a classical KEM under a post-quantum signature", "suites", suites("\x01\x02\x01\x01"), SUITE),
  hello("only suites that the server has no key for", "suites", suites("\x04\x03\x01\x01"), SUITE),
  hello("an extension twice", "extensions", extensions(extension(9), extension(9)), PROTOCOL),
  hello("server_name twice", "extensions", extensions(extension(0, "a"), extension(0, "b")), PROTOCOL),
  hello("an extension cut off", "extensions", v16("\0\x1c\0\x04\0"), PROTOCOL),
  hello("an empty server_name", "extensions", extensions(extension(0)), PROTOCOL),
  hello("a server_name in capitals", "extensions", extensions(extension(0, "Bob")), PROTOCOL),
  hello("a server_name that is no UTF-8", "extensions", extensions(extension(0, "\xff\xfe")), PROTOCOL),
  hello("a server_name of 256 octets", "extensions", extensions(extension(0, "a".repeat(256))), PROTOCOL),
  hello("record_limit 4095", "extensions", extensions(extension(0x1c, u32(4095))), PROTOCOL),
  hello("record_limit 262145", "extensions", extensions(extension(0x1c, u32(262_145))), PROTOCOL),
  hello("record_limit of two octets", "extensions", extensions(extension(0x1c, u16(8192))), PROTOCOL),
  hello("early_data without a ticket", "extensions", extensions(extension(0x2a)), PROTOCOL),
  hello("pq_only beside a hybrid suite", "extensions", extensions(extension(0xff01)), PROTOCOL),
  hello("pq_only with a value", "extensions", extensions(extension(0xff01, "\0")), PROTOCOL),
  hello("client_auth", "extensions", extensions(extension(0xff02, "\0\0")), PROTOCOL),
  [
    "CLIENTHELLO: pq_only with early_data, which must both be empty",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.peer.ticket = bytes("no ticket of yours");
      scene.peer.extensions = extension(0x2a, "1");
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "CLIENTHELLO: beyond 8192 octets",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.peer.ticket = Buffer.alloc(9000);
      return scene.say(scene.peer.hello());
    },
    ...PROTOCOL,
  ],
  [
    "CLIENTHELLO: a header that announces 2^62 octets",
    (on) => beforeServer(on, "met").raw(bytes("\x06\x40", Buffer.alloc(7))),
    ...PROTOCOL,
  ],
  [
    "CLIENTHELLO: twice at once",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.say(scene.peer.hello(), scene.peer.hello());
      scene.next("SERVERHELLO");
      return scene;
    },
    ...PROTOCOL,
  ],
  ...[
    "RETRY",
    "SERVERHELLO",
    "CLIENTKEY",
    "FINISHED",
    "EARLY",
    "MESSAGE",
    "CONTROL",
    "READY",
    "clienthello",
  ].map((name) => instead(`${name} in place of CLIENTHELLO`, frame(v8(name)), PROTOCOL)),
  instead("a message in place of CLIENTHELLO", frame("hello", 0), PROTOCOL),
  instead("a message with MORE in place of CLIENTHELLO", frame("hello", 1), PROTOCOL),
  instead("a command with MORE in place of CLIENTHELLO", frame(v8("CLIENTHELLO"), 5), PROTOCOL),
  instead("a frame with reserved bits in place of CLIENTHELLO", frame(v8("CLIENTHELLO"), 0x84), PROTOCOL),
  instead("a command without a name", frame(v8("")), PROTOCOL),
  instead("a command without a body", frame(""), PROTOCOL),
  instead("a command with half a name", frame(v8("CLIENTHELLO").subarray(0, 5)), PROTOCOL),
  instead("a malformed ERROR", frame(bytes(v8("ERROR"), "\xff")), PROTOCOL),
  instead("ERROR, which is believed and not answered", frame(bytes(v8("ERROR"), v8("busy"))), [
    "ERR_ZMTP_PEER_ERROR",
    [],
  ]),
  [
    "silence for five seconds",
    (on) => {
      const scene = beforeServer(on, "met");
      scene.victim.pass(5000);
      return scene;
    },
    "ERR_QZMQ_TIMEOUT",
    [],
  ],
  [
    "CLIENTHELLO octet by octet, too slowly",
    (on) => {
      const scene = beforeServer(on, "met");
      for (const octet of frame(scene.peer.hello())) {
        scene.raw(Buffer.of(octet));
        scene.victim.pass(100);
      }
      return scene;
    },
    "ERR_QZMQ_TIMEOUT",
    [],
  ],
]);
