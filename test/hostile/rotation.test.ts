/** Hostile peers of both roles around the rotation of keys. */
import { bytes, u8, u16, u32, u64, v16 } from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { control, lie, meddle } from "../support/naive-traffic.ts";
import { beforeClient, beforeServer, type Ground, ground, type Scene } from "./scene.ts";
import { CLOSED, ROTATION, type Sin, sins } from "./sins.ts";

type Established = Scene<NaiveHandshake>;
type Told = readonly [Sin[2], Sin[3]];
const WRONG = ["ERR_QZMQ_AUTH", "CLOSE 2"] as const;
const HI = "\0\x02hi";

/** The peer offers, the honest side answers; the next epoch is derived. `offer` may be changed before it is said. */
function answered(scene: Established, change = (update: Buffer) => update): Established {
  const { traffic } = scene.peer;
  const offer = traffic.offer();
  const update = change(offer.update);
  scene.say(traffic.record("CONTROL", update));
  if (scene.victim.error !== null) return scene;
  traffic.accept({ pair: offer.pair, update }, scene.nextRecord("CONTROL"));
  traffic.turn("reading");
  return scene;
}

/** The honest side has asked; returns its KEYUPDATE. */
function asked(scene: Established): Buffer {
  scene.victim.mechanism.rotate(scene.victim.now);
  scene.victim.engine.advance(scene.victim.now);
  return scene.listen().nextRecord("CONTROL");
}

/** What the honest side says under new keys that the peer cannot have is not read. */
function unreadable(scene: Established): Established {
  scene.listen().unread.splice(0);
  return scene;
}

const say = (scene: Established, plaintext: Uint8Array) =>
  scene.say(scene.peer.traffic.record("CONTROL", plaintext));

const x = Buffer.alloc(32, 9);
const key = Buffer.alloc(1216);

const table: readonly (readonly [string, (scene: Established) => Established, Told])[] = [
  ["an ACK nobody asked for", (scene) => say(scene, control.ack(1, Buffer.alloc(1120))), ROTATION],
  ["a KEYCONFIRM nobody asked for", (scene) => say(scene, control.confirm(1)), ROTATION],
  ["KEYUPDATE to the epoch that is", (scene) => say(scene, control.update(0, key)), ROTATION],
  ["KEYUPDATE two ahead", (scene) => say(scene, control.update(2, key)), ROTATION],
  ["KEYUPDATE to 2^32 - 1", (scene) => say(scene, control.update(0xffffffff, key)), ROTATION],
  ["KEYUPDATE with a key too short", (scene) => say(scene, control.update(1, key.subarray(1))), CLOSED],
  ["KEYUPDATE with a key too long", (scene) => say(scene, control.update(1, bytes(key, "\0"))), CLOSED],
  [
    "KEYUPDATE with a key of another KEM",
    (scene) => say(scene, control.update(1, Buffer.alloc(1600))),
    CLOSED,
  ],
  [
    "KEYUPDATE with a key that is not reduced",
    (scene) => say(scene, control.update(1, bytes(Buffer.alloc(1184, 0xff), x))),
    CLOSED,
  ],
  ["KEYUPDATE with an all-zero X25519 key", (scene) => say(scene, control.update(1, key)), CLOSED],
  ["KEYUPDATE with a length that lies", (scene) => answered(scene, (update) => lie(update, 13, 1)), CLOSED],
  ["KEYUPDATE cut off", (scene) => answered(scene, (update) => update.subarray(0, 12)), CLOSED],
  ["KEYUPDATE with an octet too many", (scene) => answered(scene, (made) => bytes(made, "\0")), CLOSED],
  [
    "KEYUPDATE twice",
    (scene) => {
      answered(scene);
      scene.peer.traffic.sending.epoch = 0;
      return say(scene, scene.peer.traffic.offer().update);
    },
    ROTATION,
  ],
  [
    "KEYUPDATE twice at once",
    (scene) => {
      const { traffic } = scene.peer;
      const offer = traffic.offer();
      const twice = [traffic.record("CONTROL", offer.update), traffic.record("CONTROL", offer.update)];
      scene.say(...twice);
      traffic.accept(offer, scene.nextRecord("CONTROL"));
      traffic.turn("reading");
      return scene;
    },
    ROTATION,
  ],
  [
    "KEYCONFIRM missing: a message under the next key",
    (scene) => {
      answered(scene).peer.traffic.turn("sending");
      return scene.say(scene.peer.traffic.record("MESSAGE", HI));
    },
    ROTATION,
  ],
  [
    "KEYCONFIRM not first: PAD before it",
    (scene) => {
      answered(scene).peer.traffic.turn("sending");
      return say(scene, control.pad());
    },
    ROTATION,
  ],
  [
    "KEYCONFIRM not first: sequence 1",
    (scene) => {
      answered(scene).peer.traffic.turn("sending");
      scene.peer.traffic.record("CONTROL", control.pad());
      return say(scene, control.confirm(1));
    },
    CLOSED,
  ],
  ["KEYCONFIRM under the old key", (scene) => say(answered(scene), control.confirm(1)), ROTATION],
  [
    "KEYCONFIRM with another new_key_id",
    (scene) => {
      answered(scene).peer.traffic.turn("sending");
      return say(scene, control.confirm(2));
    },
    ROTATION,
  ],
  [
    "KEYCONFIRM twice",
    (scene) => {
      answered(scene).peer.traffic.turn("sending");
      say(scene, control.confirm(1));
      return say(scene, control.confirm(1));
    },
    ROTATION,
  ],
  [
    "a record under the old key after KEYCONFIRM",
    (scene) => {
      const { traffic } = answered(scene).peer;
      const late = traffic.record("MESSAGE", HI);
      traffic.turn("sending");
      say(scene, control.confirm(1));
      return scene.say(late);
    },
    ROTATION,
  ],
  [
    "a record under the next key but one",
    (scene) => {
      answered(scene);
      return scene.say(scene.peer.traffic.record("MESSAGE", HI, { keyId: 2 }));
    },
    ROTATION,
  ],
  [
    "the next key id with the old key",
    (scene) => {
      answered(scene);
      const body = scene.peer.traffic.record("CONTROL", control.confirm(1), { keyId: 1, sequence: 0 });
      return scene.say(body);
    },
    WRONG,
  ],
  [
    "an ACK in place of KEYCONFIRM",
    (scene) => say(answered(scene), control.ack(1, Buffer.alloc(1120))),
    ROTATION,
  ],
  [
    "an ACK with another new_key_id",
    (scene) => {
      const ack = scene.peer.traffic.answer(asked(scene));
      return say(scene, bytes(u8(2), u32(2), ack.subarray(5)));
    },
    ROTATION,
  ],
  [
    "an ACK too short",
    (scene) => {
      const ack = scene.peer.traffic.answer(asked(scene));
      return say(scene, bytes(ack.subarray(0, 5), v16(ack.subarray(7, -1))));
    },
    CLOSED,
  ],
  [
    "an ACK with an octet too many",
    (scene) => {
      const ack = scene.peer.traffic.answer(asked(scene));
      return say(scene, bytes(ack, "\0"));
    },
    CLOSED,
  ],
  [
    "an ACK with an all-zero X25519 key",
    (scene) => {
      const ack = scene.peer.traffic.answer(asked(scene));
      return say(scene, bytes(ack.subarray(0, -32), Buffer.alloc(32)));
    },
    CLOSED,
  ],
  [
    "an ACK for another key: noticed at the first record of the new epoch",
    (scene) => {
      const { traffic } = scene.peer;
      const ack = traffic.answer(asked(scene));
      say(scene, meddle(ack, 100));
      traffic.turn("sending");
      scene.say(traffic.record("MESSAGE", HI));
      return unreadable(scene);
    },
    ["ERR_QZMQ_AUTH", []],
  ],
  [
    "an ACK twice",
    (scene) => {
      const { traffic } = scene.peer;
      const ack = traffic.answer(asked(scene));
      say(scene, ack);
      traffic.turn("reading");
      if (scene.rest().join() !== "KEYCONFIRM") throw new Error("no KEYCONFIRM");
      traffic.turn("sending");
      return say(scene, ack);
    },
    ROTATION,
  ],
  [
    "a record under the old key after the ACK",
    (scene) => {
      const { traffic } = scene.peer;
      say(scene, traffic.answer(asked(scene)));
      traffic.turn("reading");
      if (scene.rest().join() !== "KEYCONFIRM") throw new Error("no KEYCONFIRM");
      return scene.say(traffic.record("MESSAGE", HI));
    },
    ROTATION,
  ],
  [
    "a record under the new key before the ACK",
    (scene) => {
      const { traffic } = scene.peer;
      traffic.answer(asked(scene));
      traffic.turn("sending");
      return scene.say(traffic.record("MESSAGE", HI));
    },
    ROTATION,
  ],
  [
    "KEYCONFIRM in place of the ACK",
    (scene) => {
      asked(scene);
      return say(scene, control.confirm(1));
    },
    ROTATION,
  ],
  [
    "a KEYUPDATE of which only the time differs enters the hash as it is",
    (scene) => {
      const { traffic } = scene.peer;
      const offer = traffic.offer();
      scene.say(traffic.record("CONTROL", offer.update));
      const changed = bytes(offer.update.subarray(0, 1), u64(2), offer.update.subarray(9));
      traffic.accept({ pair: offer.pair, update: changed }, scene.nextRecord("CONTROL"));
      traffic.turn("sending");
      say(scene, control.confirm(1));
      return unreadable(scene);
    },
    ["ERR_QZMQ_AUTH", []],
  ],
  [
    "a storm of KEYUPDATE, each rotation done properly",
    (scene) => {
      const { traffic } = scene.peer;
      for (let epoch = 1; epoch <= 8; epoch++) {
        answered(scene);
        traffic.turn("sending");
        say(scene, control.confirm(epoch));
      }
      return say(scene, traffic.offer().update);
    },
    ROTATION,
  ],
];

const asClient = (on: Ground): Established => beforeServer(on, "established");
const asServer = (on: Ground): Established => beforeClient(on, "established");
const against = (make: (on: Ground) => Established): Sin[] =>
  table.map(([name, commit, [cause, told]]) => [name, (on) => commit(make(on)), cause, told]);

sins("a client that rotates", ground, [
  ...against(asClient),
  [
    "crossed: the client's wins, and the server's ACK to its own is asked for no more",
    (on) => {
      const scene = asClient(on);
      const { traffic } = scene.peer;
      const update = asked(scene);
      const offer = traffic.offer();
      say(scene, offer.update);
      const late = control.ack(1, Buffer.alloc(1120));
      traffic.accept(offer, scene.nextRecord("CONTROL"));
      traffic.turn("reading");
      if (update.length !== offer.update.length) throw new Error("not the same kind");
      return say(scene, late);
    },
    ...ROTATION,
  ],
  [
    "crossed: a KEYUPDATE that is malformed",
    (on) => {
      const scene = asClient(on);
      asked(scene);
      return say(scene, control.update(1, Buffer.alloc(10)));
    },
    ...CLOSED,
  ],
]);

sins("a server that rotates", ground, [
  ...against(asServer),
  [
    "crossed: the server's does not count, and a second one is too many",
    (on) => {
      const scene = asServer(on);
      asked(scene);
      const { update } = scene.peer.traffic.offer();
      say(scene, update);
      if (scene.rest().length > 0) throw new Error("it was answered");
      return say(scene, update);
    },
    ...ROTATION,
  ],
  [
    "crossed: a KEYUPDATE that is ignored must have its form",
    (on) => {
      const scene = asServer(on);
      asked(scene);
      return say(scene, control.update(1, Buffer.alloc(10)));
    },
    ...CLOSED,
  ],
  [
    "crossed: a KEYUPDATE that is ignored must have the right new_key_id",
    (on) => {
      const scene = asServer(on);
      asked(scene);
      return say(scene, control.update(2, key));
    },
    ...ROTATION,
  ],
  [
    "TICKET between KEYUPDATE and KEYCONFIRM",
    (on) => say(answered(asServer(on)), control.ticket("ticket")),
    ...CLOSED,
  ],
  [
    "a KEYUPDATE whose key is as long as another suite's",
    (on) => say(asServer(on), bytes(u8(1), u64(0), u32(1), u16(1184), Buffer.alloc(1184))),
    ...CLOSED,
  ],
]);
