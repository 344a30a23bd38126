/** Trust that is withdrawn while connections live, and who is behind a routing id. */
import { appendFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, qzmq, Router } from "../../src/index.ts";
import {
  alice,
  aliceClient,
  bob,
  bobServer,
  closeAll,
  freeEndpoint,
  freshPath,
  log,
  mallory,
  pinned,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

test("recheck ends the connections of whom the files no longer name, and no others", async () => {
  const pins = freshPath();
  writeFileSync(pins, `${qzmq.pinOf(alice)}, alice\n${qzmq.pinOf(mallory)}, mallory\n`);
  const server = bobServer({ trust: { files: { pins: [pins] } } });
  const router = use(new Router({ security: server }));
  await router.bind(freeEndpoint());
  const dealers = [aliceClient(), aliceClient({ identity: mallory })].map((security) =>
    use(new Dealer({ security, linger: 0 })),
  );
  const [good, bad] = dealers as [Dealer, Dealer];
  const [served, refused] = [log(router), log(bad)];
  for (const dealer of dealers) {
    dealer.connect(router.lastEndpoint!);
    await settled(dealer.send("here"), "send");
    await settled(router.receive(), "receive");
  }
  assert.is(server.recheck(), 0, "nothing has changed");

  writeFileSync(pins, `${qzmq.pinOf(alice)}, alice\n`);
  assert.is(server.recheck(), 1);
  const { error } = await served.next("disconnect");
  assert.match(error!.message, "believed no more (untrusted)");
  await refused.next("disconnect");
  assert.is((await refused.next("handshake:error:auth")).error.status, 400, "nor is it let in again");
  assert.equal(
    server.connections.map(({ facts }) => facts["peer"]),
    ["alice"],
  );
  await settled(good.send("still here"), "send");
  assert.is((await texts(router))[1], "still here");
  const client = bad.security as qzmq.Security;
  assert.is(client.counters.truncations, 0, "it was told goodbye");
});

test("recheck with files that are unfit throws and ends nothing", async () => {
  const pins = freshPath();
  writeFileSync(pins, qzmq.pinOf(alice));
  const server = bobServer({ trust: { files: { pins: [pins] } } });
  const router = use(new Router({ security: server }));
  await router.bind(freeEndpoint());
  const push = use(new Dealer({ security: aliceClient() }));
  push.connect(router.lastEndpoint!);
  await settled(push.send("here"), "send");
  await settled(router.receive(), "receive");
  appendFileSync(pins, "half a li");
  assert.throws(() => server.recheck(), /half a li|line/);
  assert.is(server.connections.length, 1);
});

test("recheck passes over anonymous peers, whose identity nobody vouched for, and fixed trust", async () => {
  const server = qzmq.server({ identity: bob });
  const router = use(new Router({ security: server }));
  await router.bind(freeEndpoint());
  const client = qzmq.client({ trust: pinned(bob) });
  const dealer = use(new Dealer({ security: client }));
  dealer.connect(router.lastEndpoint!);
  await settled(dealer.send("here"), "send");
  await settled(router.receive(), "receive");
  assert.equal([server.recheck(), client.recheck()], [0, 0]);
});

test("a connection tells the routing id of the peer that was proven to be there", async () => {
  const server = bobServer({ trust: { pins: [`${qzmq.pinOf(alice)}, alice`] } });
  const router = use(new Router({ security: server }));
  await router.bind(freeEndpoint());
  const dealer = use(new Dealer({ security: aliceClient(), routingId: "desk-7" }));
  dealer.connect(router.lastEndpoint!);
  await settled(dealer.send("here"), "send");
  const [id] = await settled(router.receive(), "receive");
  const sender = server.connections.find(({ routingId }) => routingId.equals(id!));
  assert.equal([String(id), sender?.facts["peer"]], ["desk-7", "alice"]);
  const client = (dealer.security as qzmq.Security).connections[0]!;
  assert.is(client.routingId.length, 0, "the router gave itself none");
  dealer.close();
  await until(() => server.connections.length === 0, "the end");
});

test.run();
