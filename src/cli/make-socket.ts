/** Sockets as the commands use them: made from options, joined with their way of talking. */
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
  XPublisher,
} from "../sockets.ts";
import type { Args } from "./args.ts";
import { Fault } from "./fault.ts";
import { exchange, receive, reply, request, send, type Talk } from "./flow.ts";

/** Socket types of the commands. */
export type Type = "push" | "pull" | "pub" | "sub" | "req" | "rep" | "dealer" | "router" | "pair";
/** Which ways a socket is used that could be used both ways. */
export type Direction = "out" | "in" | "both";

/** A socket that is set up, and what it does when it is attached. */
export interface MadeSocket {
  readonly socket: Socket;
  readonly talk: (talk: Talk) => Promise<void>;
  /** To be awaited before the first message. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
}

/** Makes the socket of a type, with the options that concern it alone. Throws {@link Fault}. */
export function makeSocket(type: Type, direction: Direction, args: Args): MadeSocket {
  const timeout = args.integer("timeout", 1, 0x7fffffff) ?? -1;
  const sending = { sendTimeout: timeout };
  const receiving = { receiveTimeout: timeout };
  const twoWay = { ...sending, ...receiving };
  const identity = identityOf(args);
  const named = identity === undefined ? twoWay : { ...twoWay, routingId: identity };
  switch (type) {
    case "push":
      return sender(new Push(sending));
    case "pub":
      return args.has("await") ? awaitingPublisher(args, sending) : sender(new Publisher(sending));
    case "pull":
      return receiver(new Pull(receiving));
    case "sub":
      return receiver(subscribed(new Subscriber(receiving), args));
    case "req": {
      const socket = new Request(named);
      return { socket, talk: (talk) => request(socket, talk) };
    }
    case "rep": {
      const socket = new Reply(named);
      return { socket, talk: (talk) => reply(socket, talk) };
    }
    case "dealer":
      return talker(new Dealer(named), direction);
    case "router":
      return talker(new Router({ ...named, mandatory: true }), direction);
    case "pair":
      return talker(new Pair(twoWay), direction);
  }
}

function identityOf(args: Args): string | undefined {
  const identity = args.text("identity");
  if (identity === undefined || (identity !== "" && Buffer.byteLength(identity) <= 255)) return identity;
  throw new Fault("usage", "--identity: empty, or over 255 octets", "use 1 to 255 octets");
}

function sender(socket: Push | Publisher): MadeSocket {
  return { socket, talk: (talk) => send(socket, talk) };
}

function receiver(socket: Pull | Subscriber): MadeSocket {
  return { socket, talk: (talk) => receive(socket, talk) };
}

function talker(socket: Dealer | Router | Pair, direction: Direction): MadeSocket {
  const ways = { out: send, in: receive, both: exchange };
  return { socket, talk: (talk) => ways[direction](socket, talk) };
}

function subscribed(socket: Subscriber, args: Args): Subscriber {
  if (args.has("subscribe")) socket.subscribe(...args.texts("subscribe"));
  else socket.subscribe();
  return socket;
}

/** A publisher that hears of subscriptions, which a plain one does not. */
function awaitingPublisher(args: Args, options: { readonly sendTimeout: number }): MadeSocket {
  const socket = new XPublisher(options);
  socket.verbosity = "allSubs";
  const wanted = args.integer("await", 1, 1_000_000) ?? 1;
  return {
    socket,
    talk: (talk) => send(socket, talk),
    async ready(signal) {
      let count = 0;
      while (count < wanted) {
        const [message] = await socket.receive({ signal });
        if (message?.[0] === 1) count++;
      }
      // Nobody else reads what comes in, and it must not pile up.
      void (async () => {
        for await (const _ of socket);
      })();
    },
  };
}
