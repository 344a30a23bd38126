/** Octet streams of whole sessions, as one side reads them: our own, and written by hand after what libzmq sends. */
import type { MechanismFactory } from "../../src/mechanism/mechanism.ts";
import { nullMechanism } from "../../src/mechanism/null.ts";
import { plainMechanism } from "../../src/mechanism/plain.ts";
import { type Message, SubscriptionChange } from "../../src/wire/message.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import { exchange, Party } from "./engine-pair.ts";

/** One recorded direction of a connection, and who may read it. */
export interface Session {
  readonly name: string;
  /** The reader's side. */
  readonly socketType: SocketType;
  readonly mechanism: () => MechanismFactory;
  /** What the peer wrote, in the segments in which it came. */
  readonly segments: readonly Buffer[];
  /** What the reader is to make of it, Ready apart; see `Party.items`. */
  readonly items: readonly unknown[];
  /** The code of the error that ends it; null when it goes on. */
  readonly error: string | null;
}

export const USER = { username: "admin", password: "secret" } as const;

/** Octets from hexadecimal digits (spaces ignored) and, in quotes, characters. */
export function octets(text: string): Buffer {
  const parts = text.match(/"[^"]*"|[0-9a-fA-F]{2}/g) ?? [];
  return Buffer.concat(
    parts.map((part) => (part.startsWith('"') ? Buffer.from(part.slice(1, -1)) : Buffer.from(part, "hex"))),
  );
}

/** A greeting as libzmq writes it: octet 8 is 1, since older peers read a length there. */
export function greeting(mechanism: string, { minor = 1, asServer = 0 } = {}): Buffer {
  const out = Buffer.alloc(64);
  out[0] = 0xff;
  out[8] = 1;
  out[9] = 0x7f;
  out[10] = 3;
  out[11] = minor;
  out.write(mechanism, 12, "latin1");
  out[32] = asServer;
  return out;
}

/** A command frame in its short form. */
export function command(name: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.of(name.length), Buffer.from(name), data]);
  return Buffer.concat([Buffer.of(4, body.length), body]);
}

/** READY of a socket of `type`, with an empty Identity as libzmq sends it for REQ, DEALER and ROUTER. */
export function ready(type: string, name = "READY"): Buffer {
  const socketType = octets(`0b "Socket-Type" 000000 ${type.length.toString(16).padStart(2, "0")} "${type}"`);
  const identity = ["REQ", "DEALER", "ROUTER"].includes(type)
    ? octets('08 "Identity" 00000000')
    : Buffer.alloc(0);
  return command(name, Buffer.concat([socketType, identity]));
}

const MESSAGES: readonly Message[] = [
  [Buffer.from("hello")],
  [Buffer.alloc(0)],
  [Buffer.from("a"), Buffer.alloc(0), Buffer.from("b")],
  [Buffer.alloc(255, 1), Buffer.alloc(256, 2)],
  [Buffer.alloc(9000, 3)],
  [Buffer.alloc(70_000, 4)],
];

/** Our own engines talking: what `b` reads of `a`, with MESSAGES as traffic. */
function own(
  name: string,
  types: readonly [SocketType, SocketType],
  a: MechanismFactory,
  b: () => MechanismFactory,
  items: readonly (Message | SubscriptionChange)[],
): Session {
  const writer = new Party(types[0], { mechanism: a });
  const reader = new Party(types[1], { mechanism: b() });
  exchange(writer, reader);
  for (const item of items) writer.engine.send(item);
  exchange(writer, reader);
  return {
    name,
    socketType: types[1],
    mechanism: b,
    segments: writer.written,
    items: reader.items,
    error: null,
  };
}

const PING = octets('04 07 04 "PING" 0000');

/** Every session; made anew for each caller. */
export function sessions(): Session[] {
  const server = () => plainMechanism({ asServer: true });
  const client = () => plainMechanism({ asServer: false, ...USER });
  const topics = [
    new SubscriptionChange(true, Buffer.from("weather")),
    new SubscriptionChange(false, Buffer.alloc(0)),
  ];
  return [
    own("own NULL, PUSH to PULL", ["PUSH", "PULL"], nullMechanism(), nullMechanism, MESSAGES),
    own("own NULL, SUB to XPUB", ["SUB", "XPUB"], nullMechanism(), nullMechanism, topics),
    own("own PLAIN, client to server", ["DEALER", "ROUTER"], client(), server, MESSAGES),
    own("own PLAIN, server to client", ["ROUTER", "DEALER"], server(), client, MESSAGES),
    {
      name: "libzmq 4.3.5 PUSH: ten octets of greeting first, the rest in stages",
      socketType: "PULL",
      mechanism: nullMechanism,
      segments: [
        greeting("NULL").subarray(0, 10),
        greeting("NULL").subarray(10, 11),
        greeting("NULL").subarray(11, 12),
        greeting("NULL").subarray(12, 64),
        ready("PUSH"),
        octets('00 02 "hi" 01 01 "a" 00 01 "b"'),
      ],
      items: [["hi"], ["a", "b"]],
      error: null,
    },
    {
      name: "libzmq 4.3.5 REQ: greeting, READY with an empty Identity and a request in one segment",
      socketType: "REP",
      mechanism: nullMechanism,
      segments: [Buffer.concat([greeting("NULL"), ready("REQ"), octets('01 00 00 05 "hello"')])],
      items: [["", "hello"]],
      error: null,
    },
    {
      name: "libzmq 4.3.5 DEALER: PING without context, alone and between the parts of a message",
      socketType: "ROUTER",
      mechanism: nullMechanism,
      segments: [
        greeting("NULL"),
        ready("DEALER"),
        PING,
        Buffer.concat([octets('01 01 "x"'), PING, octets('00 01 "y"')]),
      ],
      items: [["x", "y"]],
      error: null,
    },
    {
      name: "libzmq 4.3.2 SUB (3.0): subscriptions as messages",
      socketType: "XPUB",
      mechanism: nullMechanism,
      segments: [greeting("NULL", { minor: 0 }), ready("SUB"), octets('00 04 01 "abc" 00 04 00 "abc"')],
      items: [["\x01abc"], ["\x00abc"]],
      error: null,
    },
    {
      name: "libzmq 4.3.5 SUB (3.1): subscriptions as commands",
      socketType: "XPUB",
      mechanism: nullMechanism,
      segments: [
        greeting("NULL"),
        ready("SUB"),
        command("SUBSCRIBE", octets('"abc"')),
        command("CANCEL", octets('"abc"')),
      ],
      items: [
        { subscribe: true, topic: "abc" },
        { subscribe: false, topic: "abc" },
      ],
      error: null,
    },
    {
      name: "libzmq 4.3.5 PLAIN server that refuses: ^RROR",
      socketType: "DEALER",
      mechanism: client,
      segments: [greeting("PLAIN"), octets('04 09 "^RROR" 03 "400"')],
      items: [],
      error: "ERR_ZMTP_PEER_ERROR",
    },
    {
      name: "libzmq 4.3.5 PLAIN client",
      socketType: "ROUTER",
      mechanism: server,
      segments: [
        greeting("PLAIN"),
        command("HELLO", octets('05 "admin" 06 "secret"')),
        ready("DEALER", "INITIATE"),
        octets('00 02 "hi"'),
      ],
      items: [["hi"]],
      error: null,
    },
    {
      name: "an ERROR instead of READY",
      socketType: "PULL",
      mechanism: nullMechanism,
      segments: [greeting("NULL"), command("ERROR", octets('07 "Not you"'))],
      items: [],
      error: "ERR_ZMTP_PEER_ERROR",
    },
  ];
}
