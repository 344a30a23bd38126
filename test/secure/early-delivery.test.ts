/** Early messages on real sockets: marked, whatever type receives them; and delivered at once where that is asked for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pull, Push, qzmq, Reply, Router, type Socket } from "../../src/index.ts";
import { Relay } from "./relay.ts";
import { aliceClient, bobServer, closeAll, freeEndpoint, log, settled, until, use } from "./sockets.ts";

test.after.each(closeAll);

const EARLY = { tickets: { earlyLimit: 65_536 } };
const AT_ONCE = { tickets: { earlyLimit: 65_536, earlyDelivery: "immediate" } } as const;

/** A client that connects, gets a ticket, and goes. */
async function fetchTicket(client: qzmq.Security, endpoint: string, make: () => Socket): Promise<void> {
  const socket = use(make());
  const issued = client.counters.recordsOpened;
  socket.connect(endpoint);
  await until(() => client.counters.recordsOpened > issued, "a ticket");
  socket.close();
}

for (const [name, make, envelope] of [
  ["ROUTER", (security: qzmq.Security) => new Router({ security }), []],
  ["REP", (security: qzmq.Security) => new Reply({ security }), [""]],
] as const) {
  test(`${name}: messages that came early are marked, others are not`, async () => {
    const server = use(make(bobServer(EARLY)));
    await server.bind(freeEndpoint());
    const security = aliceClient({ earlyData: true });
    const dealer = () => new Dealer({ security, routingId: "a" });
    await fetchTicket(security, server.lastEndpoint!, dealer);
    const client = use(dealer());
    client.connect(server.lastEndpoint!);
    await settled(client.send([...envelope, "early"]));
    const early = await settled(server.receive());
    assert.equal([String(early.at(-1)), qzmq.isEarly(early)], ["early", true]);
    if (server instanceof Reply) await server.send("answer");
    await settled(client.send([...envelope, "later"]));
    const later = await settled(server.receive());
    assert.equal([String(later.at(-1)), qzmq.isEarly(later)], ["later", false]);
    assert.equal(Object.keys(early), Object.keys(later), "the mark is no element");
  });
}

test("immediate: delivered although the flight is cut behind it, and not sent again", async () => {
  const security = bobServer(AT_ONCE);
  const pull = use(new Pull({ security }));
  await pull.bind(freeEndpoint());
  const events = log(pull);
  const relay = use(
    await Relay.to(pull.lastEndpoint!, {
      onForward: (octets, connection) => connection !== 2 || !octets.includes("CLIENTKEY"),
    }),
  );
  const client = aliceClient({ earlyData: true, earlyDelivery: "immediate" });
  const push = () => new Push({ security: client, linger: 0 });
  await fetchTicket(client, relay.endpoint, push);
  const pusher = use(push());
  pusher.connect(relay.endpoint);
  await settled(pusher.send("early"));
  const early = await settled(pull.receive());
  assert.equal([String(early), qzmq.isEarly(early)], ["early", true]);
  assert.is((await events.next("handshake", 2)).facts!["early"], "immediate");
  await until(() => client.counters.handshakesFailed + client.counters.handshakesCompleted >= 2, "an end");
  await settled(pusher.send("later"));
  const later = await settled(pull.receive());
  assert.equal([String(later), qzmq.isEarly(later)], ["later", false]);
  assert.is(security.connections.length, 1);
});

test("immediate: the whole way, with an answer", async () => {
  const router = use(new Router({ security: bobServer(AT_ONCE) }));
  await router.bind(freeEndpoint());
  const security = aliceClient({ earlyData: true, earlyDelivery: "immediate" });
  const dealer = () => new Dealer({ security, routingId: "a" });
  await fetchTicket(security, router.lastEndpoint!, dealer);
  const client = use(dealer());
  client.connect(router.lastEndpoint!);
  await settled(client.send("question"));
  const question = await settled(router.receive());
  assert.equal([question.map(String), qzmq.isEarly(question)], [["a", "question"], true]);
  await settled(router.send([question[0]!, "answer"]));
  assert.equal((await settled(client.receive())).map(String), ["answer"]);
});

test("immediate: each of several early messages is marked, and none that follow", async () => {
  const pull = use(new Pull({ security: bobServer(AT_ONCE) }));
  await pull.bind(freeEndpoint());
  const security = aliceClient({ earlyData: true, earlyDelivery: "immediate" });
  const push = () => new Push({ security });
  await fetchTicket(security, pull.lastEndpoint!, push);
  const client = use(push());
  client.connect(pull.lastEndpoint!);
  const early = ["first", "second", "third"];
  for (const text of early) await settled(client.send(text));
  for (const text of early) {
    const message = await settled(pull.receive());
    assert.equal([String(message), qzmq.isEarly(message)], [text, true]);
  }
  for (const text of ["fourth", "fifth"]) await settled(client.send(text));
  for (const text of ["fourth", "fifth"]) {
    const message = await settled(pull.receive());
    assert.equal([String(message), qzmq.isEarly(message)], [text, false]);
  }
});

test.run();
