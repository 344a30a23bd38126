/** Every socket type over every transport, whichever end binds and whichever plays the server, with every kind of authentication. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  qzmq,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../../src/index.ts";
import { alice, bob, closeAll, join2, log, pinned, settled, texts, use } from "./sockets.ts";

test.after.each(closeAll);

const authority = await qzmq.generateAuthority("authority.example");
const server = await qzmq.certify(authority, bob, { name: "server.example", roles: ["server"] });
const client = await qzmq.certify(authority, alice, { name: "client.example", roles: ["client"] });
const certified = { authorities: [authority.certificate] };

/** A way to know each other: both sides' settings, and whom the server sees. */
interface Authentication {
  readonly title: string;
  readonly server: qzmq.ServerSecurityOptions;
  readonly client: qzmq.ClientSecurityOptions;
  readonly seen: { readonly peer: string | null; readonly peerKind: string };
}

const anonymous = { peer: null, peerKind: "anonymous" };
const AUTHENTICATIONS: readonly Authentication[] = [
  {
    title: "server only, pinned",
    server: { identity: bob },
    client: { trust: pinned(bob) },
    seen: anonymous,
  },
  {
    title: "optional, anonymous",
    server: { identity: bob, clientAuth: "optional", trust: pinned(alice) },
    client: { trust: pinned(bob) },
    seen: anonymous,
  },
  {
    title: "optional, shown",
    server: { identity: bob, clientAuth: "optional", trust: { pins: [`${qzmq.pinOf(alice)}, alice`] } },
    client: { trust: pinned(bob), identity: alice },
    seen: { peer: "alice", peerKind: "pinned" },
  },
  {
    title: "mutual, pinned",
    server: { identity: bob, trust: pinned(alice) },
    client: { trust: pinned(bob), identity: alice },
    seen: { peer: qzmq.pinOf(alice), peerKind: "pinned" },
  },
  {
    title: "mutual, one authority",
    server: { identity: server, trust: certified },
    client: { trust: certified, identity: client, serverName: "server.example" },
    seen: { peer: "client.example", peerKind: "certified" },
  },
];

/** Two types that belong together, and a talk between them. */
interface Talk<A extends Socket = Socket, B extends Socket = Socket> {
  readonly title: string;
  readonly first: (options: Common) => A;
  readonly second: (options: Common) => B;
  readonly talk: (first: A, second: B) => Promise<void>;
}

type Common = { readonly security: qzmq.Security; readonly linger: number };

function talk<A extends Socket, B extends Socket>(parts: Talk<A, B>): Talk {
  return parts as unknown as Talk;
}

const large = Buffer.alloc(600_000, "large");

const TALKS: readonly Talk[] = [
  talk({
    title: "PUSH to PULL",
    first: (options) => new Push(options),
    second: (options) => new Pull(options),
    talk: async (push, pull) => {
      await settled(push.send(["one", "", "two"]), "send");
      await settled(push.send(large), "send");
      assert.equal(await texts(pull), ["one", "", "two"]);
      assert.equal(await settled(pull.receive()), [large]);
    },
  }),
  talk({
    title: "PUB to SUB",
    first: (options) => new Publisher(options),
    second: (options) => new Subscriber(options),
    talk: async (publisher, subscriber) => {
      subscriber.subscribe("wanted");
      let received = false;
      const receiving = texts(subscriber).then((message) => {
        received = true;
        return message;
      });
      // Nothing tells a PUB that a subscription has arrived.
      while (!received) {
        await settled(publisher.send("unwanted"), "send");
        await settled(publisher.send(["wanted", "news"]), "send");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(await receiving, ["wanted", "news"]);
    },
  }),
  talk({
    title: "XPUB to XSUB",
    first: (options) => new XPublisher(options),
    second: (options) => new XSubscriber(options),
    talk: async (publisher, subscriber) => {
      await settled(subscriber.send("\x01topic"), "subscription");
      assert.equal(await texts(publisher), ["\x01topic"]);
      await settled(publisher.send("other"), "send");
      await settled(publisher.send("topic one"), "send");
      assert.equal(await texts(subscriber), ["topic one"]);
      await settled(subscriber.send("\x00topic"), "subscription");
      assert.equal(await texts(publisher), ["\x00topic"]);
    },
  }),
  talk({
    title: "REQ to REP",
    first: (options) => new Request(options),
    second: (options) => new Reply(options),
    talk: async (request, reply) => {
      for (const text of ["a", "b"]) {
        await settled(request.send(text), "request");
        assert.equal(await texts(reply), [text]);
        await settled(reply.send([text, text]), "reply");
        assert.equal(await texts(request), [text, text]);
      }
    },
  }),
  talk({
    title: "DEALER to ROUTER",
    first: (options) => new Dealer({ ...options, routingId: "dealer-1" }),
    second: (options) => new Router(options),
    talk: async (dealer, router) => {
      await settled(dealer.send(["question", "1"]), "send");
      assert.equal(await texts(router), ["dealer-1", "question", "1"]);
      await settled(router.send(["dealer-1", "answer"]), "send");
      assert.equal(await texts(dealer), ["answer"]);
    },
  }),
  talk({
    title: "PAIR to PAIR",
    first: (options) => new Pair(options),
    second: (options) => new Pair(options),
    talk: async (first, second) => {
      await settled(first.send("there"), "send");
      await settled(second.send("and back"), "send");
      assert.equal(await texts(second), ["there"]);
      assert.equal(await texts(first), ["and back"]);
    },
  }),
];

/** One connection, one talk, and what both ends say of it. */
async function hold(
  parts: Talk,
  how: Authentication,
  cast: {
    readonly firstBinds: boolean;
    readonly firstServes: boolean;
    readonly transport: "tcp" | "ipc";
  },
): Promise<void> {
  const serving = qzmq.server(how.server);
  const calling = qzmq.client(how.client);
  const first = use(parts.first({ security: cast.firstServes ? serving : calling, linger: 0 }));
  const second = use(parts.second({ security: cast.firstServes ? calling : serving, linger: 0 }));
  const [server, client] = cast.firstServes ? [log(first), log(second)] : [log(second), log(first)];
  await (cast.firstBinds ? join2(first, second, cast.transport) : join2(second, first, cast.transport));
  await parts.talk(first, second);
  const served = (await server.next("handshake")).facts!;
  const called = (await client.next("handshake")).facts!;
  assert.equal([served["role"], called["role"]], ["server", "client"]);
  assert.equal({ peer: served["peer"], peerKind: served["peerKind"] }, how.seen);
  assert.is(called["peerFingerprint"], qzmq.pinOf(bob));
  assert.is(served["suite"], called["suite"]);
  assert.is(serving.connections.length, 1);
  assert.is(calling.connections.length, 1);
}

let turn = 0;
for (const parts of TALKS) {
  for (const transport of ["tcp", "ipc"] as const) {
    for (const firstBinds of [true, false]) {
      for (const firstServes of [true, false]) {
        const how = AUTHENTICATIONS[turn++ % AUTHENTICATIONS.length]!;
        const binds = firstBinds ? "first" : "second";
        const serves = firstServes ? "first" : "second";
        test(`${parts.title}, ${transport}, the ${binds} binds, the ${serves} serves; ${how.title}`, () =>
          hold(parts, how, { firstBinds, firstServes, transport }));
      }
    }
  }
}

for (const how of AUTHENTICATIONS) {
  for (const transport of ["tcp", "ipc"] as const) {
    test(`${how.title}, ${transport}`, () =>
      hold(TALKS[5]!, how, { firstBinds: true, firstServes: true, transport }));
  }
}

test.run();
