/** Resumption and early data on real sockets: what they spare, when they do not happen, and that nothing arrives twice. */
import { appendFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { freeTcp } from "../support/free-port.ts";
import { Relay, replay } from "./relay.ts";
import {
  alice,
  aliceClient,
  bob,
  bobServer,
  closeAll,
  freshPath,
  log,
  mallory,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

const EARLY = { tickets: { earlyLimit: 65_536 } };

/** An identity whose signatures are counted. */
function counting(identity: qzmq.Identity): { readonly identity: qzmq.Identity; signatures: number } {
  const { signer } = identity;
  const counted = {
    signatures: 0,
    identity: {
      ...identity,
      signer: {
        algorithm: signer.algorithm,
        publicKey: signer.publicKey,
        sign(message: Uint8Array, context: Uint8Array) {
          counted.signatures++;
          return signer.sign(message, context);
        },
        close: () => {},
      },
    } as qzmq.Identity,
  };
  return counted;
}

/** A server at an endpoint that stays the same, so that tickets are offered to whoever listens there. */
async function listen(security: qzmq.Security, endpoint?: string): Promise<Pull> {
  const pull = use(new Pull({ security }));
  await pull.bind(endpoint ?? (await freeTcp()));
  return pull;
}

/** Connects, has one message delivered and a ticket stored, and closes. Returns the connection's facts. */
async function visit(
  pull: Pull,
  security: qzmq.Security,
  endpoint = pull.lastEndpoint!,
  text = "visit",
): Promise<Readonly<Record<string, unknown>>> {
  const push = use(new Push({ security }));
  const events = log(push);
  push.connect(endpoint);
  await settled(push.send(text), "send");
  assert.equal(await texts(pull, text), [text]);
  const { facts } = await events.next("handshake");
  push.close();
  await events.next("end");
  await until(() => security.connections.length === 0, "the connection's end");
  return facts!;
}

test("a resumed handshake signs nothing", async () => {
  const [server, client] = [counting(bob), counting(alice)];
  const pull = await listen(bobServer({ identity: server.identity }));
  const security = aliceClient({ identity: client.identity });
  assert.is((await visit(pull, security))["resumed"], false);
  assert.equal([server.signatures, client.signatures], [1, 1]);
  for (let i = 0; i < 3; i++) {
    const facts = await visit(pull, security);
    assert.is(facts["resumed"], true);
    assert.is(facts["peerFingerprint"], qzmq.pinOf(bob));
  }
  assert.equal([server.signatures, client.signatures], [1, 1]);
});

/** Two visits, and what happens between them. `cause` is why the second one's ticket does not resume; null: none was offered. */
async function assertFull(
  cause: string | null,
  first: qzmq.Security,
  second: qzmq.Security,
  clients: readonly [qzmq.Security, qzmq.Security],
): Promise<void> {
  const before = await listen(first);
  const endpoint = before.lastEndpoint!;
  await visit(before, clients[0]);
  let after = before;
  if (second !== first) {
    await before.unbind(endpoint);
    before.close();
    after = await listen(second, endpoint);
  }
  assert.is((await visit(after, clients[1], endpoint))["resumed"], false);
  assert.equal(second.counters.ticketsRefused, cause === null ? {} : { [cause]: 1 });
}

/** A client's two settings that share their tickets. */
function sharing(options: Partial<qzmq.ClientSecurityOptions> = {}): [qzmq.Security, qzmq.Security] {
  const store = new qzmq.TicketStore();
  return [aliceClient({ resumption: store }), aliceClient({ ...options, resumption: store })];
}

test("tickets of another listener", () => assertFull("foreign", bobServer(), bobServer(), sharing()));

test("tickets of a listener that asked for no certificate", () => {
  const clients = sharing();
  return assertFull("foreign", qzmq.server({ identity: bob }), bobServer(), clients);
});

test("tickets of a listener with another key, that the client trusts too", () => {
  const trust = { pins: [qzmq.pinOf(bob), qzmq.pinOf(mallory)] };
  const security = aliceClient({ trust });
  return assertFull("foreign", bobServer(), bobServer({ identity: mallory }), [security, security]);
});

test("a suite that is not offered any more: the client keeps its ticket to itself", () => {
  const other = "x25519+mlkem768/mldsa44/chacha20poly1305/sha256";
  const security = bobServer();
  return assertFull(null, security, security, sharing({ suites: [other] }));
});

test("another identity, another trust: no ticket is offered", async () => {
  const trust = { pins: [qzmq.pinOf(alice), qzmq.pinOf(mallory)] };
  const server = bobServer({ trust });
  await assertFull(null, server, server, sharing({ identity: mallory }));
  const again = bobServer();
  await assertFull(null, again, again, sharing({ trust: { pins: [qzmq.pinOf(bob), qzmq.pinOf(mallory)] } }));
});

test("a ticket that was tampered with leads to a full handshake or to a refusal, never to resumption", async () => {
  const security = bobServer();
  const pull = await listen(security);
  const relay = use(
    await Relay.to(pull.lastEndpoint!, {
      onForward(octets, connection) {
        // In the second CLIENTHELLO: after random and cookie, well within the ticket.
        const at = octets.indexOf("CLIENTHELLO");
        if (connection === 2 && at >= 0) octets[at + 120]! ^= 1;
        return true;
      },
    }),
  );
  const client = aliceClient();
  await visit(pull, client, relay.endpoint);
  const push = use(new Push({ security: client, linger: 0, reconnectInterval: -1 }));
  const events = log(push);
  push.connect(relay.endpoint);
  const { error } = await events.next("handshake:error:auth");
  assert.ok(error);
  assert.equal(security.counters.ticketsRefused, { foreign: 1 });
  assert.is(security.counters.handshakesResumed, 0);
});

test("a client whose pin was taken away between two connections is refused, ticket or not", async () => {
  const path = freshPath();
  writeFileSync(path, `${qzmq.pinOf(alice)}, alice\n`);
  const security = bobServer({ trust: { files: { pins: [path] } } });
  const pull = await listen(security);
  const events = log(pull);
  const client = aliceClient();
  await visit(pull, client);
  assert.is((await visit(pull, client))["resumed"], true);
  writeFileSync(path, `# alice has left\n${qzmq.pinOf(mallory)}, mallory\n`);
  appendFileSync(path, "\n");
  // Files are looked at every five seconds.
  await new Promise((resolve) => setTimeout(resolve, 6000));
  const push = use(new Push({ security: client, linger: 0, reconnectInterval: -1 }));
  push.connect(pull.lastEndpoint!);
  await settled(push.send("never"), "send");
  await events.next("handshake:error:auth");
  assert.is(pull.readable, false);
  assert.is(security.counters.handshakesResumed, 1);
});

test("a ticket beyond its lifetime", async () => {
  const security = bobServer({ tickets: { lifetime: 1 } });
  const pull = await listen(security);
  const client = aliceClient();
  await visit(pull, client);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.is((await visit(pull, client))["resumed"], false);
});

test("early data is delivered once, and a replay of the first flight delivers nothing", async () => {
  const security = bobServer(EARLY);
  const pull = await listen(security);
  const flights: Buffer[][] = [];
  const relay = use(
    await Relay.to(pull.lastEndpoint!, {
      onForward(octets, connection) {
        flights[connection] ??= [];
        flights[connection].push(Buffer.from(octets));
        return true;
      },
    }),
  );
  const client = aliceClient({ earlyData: true });
  await visit(pull, client, relay.endpoint);
  const facts = await visit(pull, client, relay.endpoint, "early");
  assert.equal([facts["resumed"], facts["early"]], [true, "accepted"]);
  const opened = security.counters.messagesOpened;
  assert.equal([opened, client.counters.messagesSealed], [2, 2]);
  assert.ok(Buffer.concat(flights[2]!).includes("EARLY"));
  for (let i = 0; i < 3; i++) await replay(pull.lastEndpoint!, flights[2]!);
  assert.is(security.counters.messagesOpened, opened);
  assert.is(security.counters.ticketsRefused["used"], 3);
  assert.is(pull.readable, false);
  assert.is((await visit(pull, client, relay.endpoint, "again"))["resumed"], true);
});

test("early data whose flight is cut is not delivered", async () => {
  const security = bobServer(EARLY);
  const pull = await listen(security);
  const relay = use(
    await Relay.to(pull.lastEndpoint!, {
      onForward: (octets, connection) => connection !== 2 || !octets.includes("CLIENTKEY"),
    }),
  );
  const client = aliceClient({ earlyData: true });
  await visit(pull, client, relay.endpoint);
  const push = use(new Push({ security: client, linger: 0 }));
  push.connect(relay.endpoint);
  await settled(push.send("lost with its flight"), "send");
  await until(() => client.counters.handshakesFailed + client.counters.handshakesCompleted >= 2, "an end");
  await settled(push.send("later"), "send");
  assert.equal(await texts(pull), ["later"]);
  assert.is(security.counters.earlyAccepted, 1);
});

test("early data that is refused arrives once, after the handshake", async () => {
  const first = await listen(bobServer(EARLY));
  const endpoint = first.lastEndpoint!;
  const client = aliceClient({ earlyData: true });
  await visit(first, client);
  await first.unbind(endpoint);
  first.close();
  const security = bobServer(EARLY);
  const second = await listen(security, endpoint);
  const facts = await visit(second, client, endpoint, "once");
  assert.equal([facts["resumed"], facts["early"]], [false, "refused"]);
  assert.is(security.counters.messagesOpened, 1);
  assert.is(security.counters.earlyRefused, 1);
});

test.run();
