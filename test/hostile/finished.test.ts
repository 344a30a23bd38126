/** Hostile servers in place of FINISHED: the client has said its last word and just closes. */
import { bytes, type Changes, frame, metadata, u8, u32, v8, v32 } from "../support/naive-codec.ts";
import type { FinishedField } from "../support/naive-server.ts";
import { beforeClient, flip, ground } from "./scene.ts";
import { PROTOCOL, type Sin, sins } from "./sins.ts";

const SILENT_AUTH = ["ERR_QZMQ_AUTH", []] as const;
const SILENT_PROTOCOL = ["ERR_QZMQ_PROTOCOL", []] as const;
const SILENT_METADATA = ["ERR_ZMTP_INVALID_METADATA", []] as const;
type Told = readonly [Sin[2], Sin[3]];

const changed = (name: string, changes: Changes<FinishedField>, [cause, told]: Told): Sin => [
  `FINISHED: ${name}`,
  (on) => {
    const scene = beforeClient(on, "keyed");
    return scene.say(scene.peer.finished(changes));
  },
  cause,
  told,
];

const meddled = (name: string, meddle: (body: Buffer) => Buffer, [cause, told]: Told): Sin => [
  `FINISHED: ${name}`,
  (on) => {
    const scene = beforeClient(on, "keyed");
    return scene.say(meddle(scene.peer.finished()));
  },
  cause,
  told,
];

const properties = (...list: [string, string][]) => ({ metadata: v32(metadata(...list)) });

sins("FINISHED", ground, [
  meddled("cut off within name", (body) => body.subarray(0, 5), PROTOCOL),
  meddled("cut off within the length", (body) => body.subarray(0, 11), SILENT_PROTOCOL),
  meddled("cut off within sealed", (body) => body.subarray(0, 60), SILENT_PROTOCOL),
  meddled("an octet too many", (body) => bytes(body, "\0"), SILENT_PROTOCOL),
  meddled("a bit of the name turned over", (body) => flip(body, 1), PROTOCOL),
  meddled("a bit of the sealed part turned over", (body) => flip(body, 100), SILENT_AUTH),
  meddled("a bit of the tag turned over", (body) => flip(body, body.length - 1), SILENT_AUTH),
  changed("an empty sealed part", { sealed: v32("") }, SILENT_PROTOCOL),
  changed("a sealed part of 15 octets", { sealed: v32(Buffer.alloc(15)) }, SILENT_AUTH),
  changed("a sealed part that announces 4 GiB", { sealed: bytes(u32(0xffffffff), "x") }, SILENT_PROTOCOL),
  changed("another verify_data", { verifyData: Buffer.alloc(32) }, SILENT_AUTH),
  changed("a bit of verify_data turned over", { verifyData: (made) => flip(made, 0) }, SILENT_AUTH),
  changed("no verify_data", { verifyData: Buffer.alloc(0) }, SILENT_PROTOCOL),
  changed("an octet too many inside", { end: u8(0) }, SILENT_PROTOCOL),
  changed("metadata not padded", { metadata: v32(bytes(v8("Socket-Type"), v32("ROUTER"))) }, SILENT_PROTOCOL),
  changed("no Socket-Type", properties(["Identity", "x"]), SILENT_PROTOCOL),
  changed("metadata that is none", { metadata: v32(Buffer.alloc(256, 0xff)) }, SILENT_METADATA),
  changed("a property twice", properties(["Socket-Type", "ROUTER"], ["SOCKET-TYPE", "REP"]), SILENT_METADATA),
  changed("metadata beyond 16 384 octets", properties(["Socket-Type", "x".repeat(17_000)]), SILENT_PROTOCOL),
  changed("a socket type that cannot talk", properties(["Socket-Type", "PUB"]), [
    "ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE",
    ["CLOSE 4"],
  ]),
  [
    "FINISHED: the client's own verify_data, reflected under the server's key",
    (on) => {
      const scene = beforeClient(on, "keyed");
      const { peer } = scene;
      const mine = peer.transcript.subarray(-32);
      return scene.say(peer.finished({ verifyData: Buffer.from(mine) }));
    },
    ...SILENT_AUTH,
  ],
  [
    "FINISHED: from another session",
    (on) => {
      const other = beforeClient(on, "keyed");
      const body = other.peer.finished();
      other.victim.dispose();
      return beforeClient(on, "keyed").say(body);
    },
    ...SILENT_AUTH,
  ],
  [
    "FINISHED twice",
    (on) => {
      const scene = beforeClient(on, "keyed");
      const body = scene.peer.finished();
      return scene.say(body, body);
    },
    "ERR_QZMQ_TRUNCATED",
    [],
  ],
  [
    "FINISHED omitted: a message at once",
    (on) => {
      const scene = beforeClient(on, "keyed");
      return scene.say(scene.peer.traffic.record("MESSAGE", "\0\x01x"));
    },
    ...PROTOCOL,
  ],
  [
    "FINISHED omitted: a ticket at once",
    (on) => {
      const scene = beforeClient(on, "keyed");
      return scene.say(scene.peer.traffic.record("CONTROL", bytes(u8(6))));
    },
    ...PROTOCOL,
  ],
  [
    "RETRY after SERVERHELLO",
    (on) => {
      const scene = beforeClient(on, "keyed");
      return scene.say(scene.peer.retryMessage());
    },
    ...PROTOCOL,
  ],
  ...["SERVERHELLO", "CLIENTKEY", "CLIENTHELLO", "EARLY", "READY"].map(
    (name): Sin => [
      `${name} in place of FINISHED`,
      (on) => beforeClient(on, "keyed").say(bytes(v8(name), Buffer.alloc(40))),
      ...PROTOCOL,
    ],
  ),
  [
    "ERROR in place of FINISHED",
    (on) => beforeClient(on, "keyed").say(bytes(v8("ERROR"), v8("auth"))),
    "ERR_ZMTP_PEER_ERROR",
    [],
  ],
  [
    "FINISHED beyond 65 536 octets",
    (on) => beforeClient(on, "keyed").say(bytes(v8("FINISHED"), Buffer.alloc(65_528))),
    ...PROTOCOL,
  ],
  [
    "a plain message in place of FINISHED",
    (on) => beforeClient(on, "keyed").raw(frame("hello", 0)),
    ...PROTOCOL,
  ],
  [
    "silence after CLIENTKEY",
    (on) => {
      const scene = beforeClient(on, "keyed");
      scene.victim.pass(30_000);
      return scene;
    },
    "ERR_QZMQ_TIMEOUT",
    [],
  ],
]);
