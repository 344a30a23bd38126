/** cookies.json (spec, "Cookie layout"). */
import { bytes, u8, u64, v8, v16 } from "../naive-codec.ts";
import { clientHello, command, flipped } from "./forge.ts";
import { type Hex, hex, unhex, type Vector } from "./format.ts";
import { seedOf } from "./parties.ts";
import { Kdf } from "./schedule.ts";
import { parseFrame } from "./side.ts";

export interface CookieVector extends Vector {
  readonly secret: Hex;
  readonly keyNumber: number;
  readonly time: string;
  readonly connection: string;
  readonly peerAddress: string;
  /** With an empty cookie. */
  readonly clientHelloData: Hex;
  readonly hash: Hex;
  readonly cookie: Hex;
  /** When the cookie comes back. */
  readonly now: string;
}

/** See the head of this file. */
export async function cookieVectors(): Promise<CookieVector[]> {
  const hello = bytes(
    u8(1),
    Buffer.from(seedOf("cookie hello")),
    v8(""),
    v16("ticket"),
    v8("\x04\x02\x01\x01"),
    v16(""),
  );
  const other = parseFrame(
    clientHello(command("CLIENTHELLO", hello).frame, { random: Buffer.alloc(32) }).frame,
  ).data;
  const good = make("IPv4", 0, 1000, 7, "192.0.2.7", hello);
  const third = make("third secret, IPv6, large numbers", 2, 2 ** 40, 2 ** 53 - 1, "2001:db8::1", hello);
  const none = make("no address", 0, 0, 1, "", other);
  const bad = (name: string, change: Partial<CookieVector>): CookieVector => {
    return { ...good, name, result: "protocol", at: "CLIENTHELLO", cause: "ERR_QZMQ_PROTOCOL", ...change };
  };
  return [
    ...[good, third, none],
    { ...good, name: "at the last moment", now: "61000" },
    bad("too late", { now: "61001" }),
    bad("before its time", { now: "999" }),
    bad("of another connection", { connection: "8" }),
    bad("from another address", { peerAddress: "192.0.2.8" }),
    bad("with another CLIENTHELLO", { clientHelloData: hex(other) }),
    bad("an octet short", { cookie: good.cookie.slice(0, -2) }),
    bad("an octet long", { cookie: `${good.cookie}00` }),
    bad("of an unknown key", { cookie: hex(flipped(unhex(good.cookie), 0)) }),
    bad("another time", { cookie: hex(flipped(unhex(good.cookie), 8)) }),
    bad("time beyond 2^53", { cookie: hex(flipped(unhex(good.cookie), 1)) }),
    bad("another MAC", { cookie: hex(flipped(unhex(good.cookie), -1)) }),
  ];
}

function make(
  name: string,
  keyNumber: number,
  time: number,
  connection: number,
  peerAddress: string,
  data: Buffer,
): CookieVector {
  const kdf = new Kdf(1);
  const secret = seedOf(`cookie secret ${keyNumber}`);
  const head = bytes(u8(keyNumber), u64(time));
  const hash = kdf.hash(data);
  const mac = kdf.hmac(secret, bytes("QZMQ/1 cookie", head, u64(connection), v8(peerAddress), hash));
  return {
    ...{
      name,
      result: "ok",
      secret: hex(secret),
      keyNumber,
      time: String(time),
      connection: String(connection),
    },
    ...{
      peerAddress,
      clientHelloData: hex(data),
      hash: hex(hash),
      cookie: hex(bytes(head, mac)),
      now: String(time),
    },
  };
}
