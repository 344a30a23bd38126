/** Hostile use of tickets, against servers and clients. */
import { extension } from "../support/naive-client.ts";
import { bytes, metadata, u8, u32, v8, v16, v32 } from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { alice, beforeServer, bob, flip, ground, type Scene } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins } from "./sins.ts";
import { bestow, comingBack, earn, message, resumed, returning } from "./tickets.ts";

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
