/** Sins that the primitives themselves must notice, before honest sides that run on the pure back end alone. */

import { cryptoProvider } from "../../src/crypto/select.ts";
import { extension } from "../support/naive-client.ts";
import { bytes, u8, v8, v16 } from "../support/naive-codec.ts";
import { control } from "../support/naive-traffic.ts";
import { beforeClient, beforeServer, flip, ground } from "./scene.ts";
import { AUTH, CLOSED, PROTOCOL, type Sin, sins } from "./sins.ts";

const provider = cryptoProvider("noble");
const WRONG = ["ERR_QZMQ_AUTH", "CLOSE 2"] as const;
const ask = extension(0xff02, bytes(u8(1), v8("\x02")));
const x = (octets: Buffer) => (field: Buffer) => v16(bytes(field.subarray(2, -32), octets));
/** All points of X25519 with a small order, as far as they are reduced (RFC 7748, section 6.1). */
const SMALL = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((digits) => Buffer.from(digits, "hex"));
/** 3329 in the first coefficient: the smallest that is not reduced. */
const unreduced = (field: Buffer) => bytes(field.subarray(0, 2), "\x01\x0d", field.subarray(4));

sins("a server on the pure back end", () => ground({ server: { provider } }), [
  ...SMALL.map(
    (point, i): Sin => [
      `CLIENTKEY: X25519 key of small order, number ${i}`,
      (on) => {
        const scene = beforeServer(on, "greeted");
        return scene.say(scene.peer.clientKey({ ciphertext: x(point) }));
      },
      ...PROTOCOL,
    ],
  ),
  [
    "CLIENTKEY: a bit of the ciphertext turned over",
    (on) => {
      const scene = beforeServer(on, "greeted");
      return scene.say(flip(scene.peer.clientKey(), 100));
    },
    ...AUTH,
  ],
  [
    "CLIENTKEY: a bit of the signature turned over",
    (on) => {
      const scene = beforeServer(on, "greeted");
      return scene.say(scene.peer.clientKey({ signature: (made) => flip(made, 700) }));
    },
    ...AUTH,
  ],
  [
    "a record with a bit of its tag turned over",
    (on) => {
      const scene = beforeServer(on, "established");
      const body = scene.peer.traffic.record("MESSAGE", "\0\x01x");
      return scene.say(flip(body, body.length - 1));
    },
    ...WRONG,
  ],
]);

sins("a client on the pure back end", () => ground({ client: { provider } }), [
  ...SMALL.map(
    (point, i): Sin => [
      `SERVERHELLO: X25519 key of small order, number ${i}`,
      (on) => {
        const scene = beforeClient(on, "greeted");
        return scene.say(scene.peer.serverHello({ kemPublic: x(point), extensions: v16(ask) }));
      },
      ...PROTOCOL,
    ],
  ),
  [
    "SERVERHELLO: a coefficient that is the modulus",
    (on) => {
      const scene = beforeClient(on, "greeted");
      return scene.say(scene.peer.serverHello({ kemPublic: unreduced }));
    },
    ...PROTOCOL,
  ],
  [
    "KEYUPDATE: a coefficient that is the modulus",
    (on) => {
      const scene = beforeClient(on, "established");
      const { update } = scene.peer.traffic.offer();
      const key = unreduced(update.subarray(13)).subarray(2);
      return scene.say(scene.peer.traffic.record("CONTROL", control.update(1, key)));
    },
    ...CLOSED,
  ],
  [
    "SERVERHELLO: a bit of the signature turned over",
    (on) => {
      const scene = beforeClient(on, "greeted");
      return scene.say(scene.peer.serverHello({ auth: (made) => flip(made, 700) }));
    },
    ...AUTH,
  ],
]);
