/** Hostile use of early data, against servers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bytes, frame, metadata, u32, v8 } from "../support/naive-codec.ts";
import { flip, ground, key } from "./scene.ts";
import { AUTH, PROTOCOL, type Sin, sins, TRUNCATED } from "./sins.ts";
import { earn, message, resumed, returning } from "./tickets.ts";

const LIMIT = 16_384;
const tickets = () => ground({ server: { tickets: { earlyLimit: LIMIT } } });
const HI = message("hi");

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
    return scene.say(make(scene.peer));
  },
  cause,
  told,
];

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
  early("a READY", [frame(bytes(v8("READY"), metadata(["Socket-Type", "DEALER"])))], PROTOCOL),
  early("a frame with reserved bits", [frame("x", 0x80)], PROTOCOL),
  early("no octets in a record", [bytes("")], PROTOCOL),
  byHand("a bit turned over", (peer) => flip(peer.early(HI, 1), 20), AUTH),
  byHand("a record again", (peer) => peer.early(HI, 0), ["ERR_QZMQ_REPLAY", "ERROR auth"]),
  byHand("a record left out", (peer) => peer.early(HI, 2), PROTOCOL),
  byHand("key id 1", (peer) => flip(peer.early(HI, 1), 6), PROTOCOL),
  byHand("a head alone", (peer) => peer.early(HI, 1).subarray(0, 15), PROTOCOL),
  byHand("as MESSAGE", (peer) => bytes(v8("MESSAGE"), peer.early(HI, 1).subarray(6)), PROTOCOL),
  byHand("more than the ticket allows", (peer) => peer.early(message(Buffer.alloc(LIMIT)), 1), PROTOCOL),
  ["early data: 65 records", (on) => resumed(on, earn(on), many(65, 10)), ...PROTOCOL],
  [
    "early data: more than the ticket allows, in many records",
    (on) => resumed(on, earn(on), many(17, 1000)),
    ...PROTOCOL,
  ],
  [
    "early data after CLIENTKEY",
    (on) => {
      const scene = resumed(on, earn(on), []);
      key(scene, "established");
      if (scene.rest().join() !== "TICKET") throw new Error("not established");
      return scene.say(scene.peer.early(HI));
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

sins("early data under a small record limit", () => {
  return ground({ server: { recordLimit: 4096, tickets: { earlyLimit: LIMIT } } });
}, [early("a record of 4097 octets", [message(Buffer.alloc(4088))], PROTOCOL)]);

test("early data, accepted, is delivered once and in order", async () => {
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

test.run();
