/** 200 QZMQ connections on one server: all connect, exchange, rotate their keys, idle and close. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, qzmq, Router } from "../../src/index.ts";
import { bob, closeAll, freeEndpoint, pinned, until, use } from "../secure/sockets.ts";
import { within } from "../support/within.ts";

test.after.each(closeAll);

/** Handshakes of many take their time on a slow machine. */
const LIMIT = 55_000;
const CLIENTS = 200;
const PATIENT = { handshakeTimeout: LIMIT };

test(`${CLIENTS} connections through all of their lives`, async () => {
  const security = qzmq.server({ identity: bob, ...PATIENT });
  const router = use(new Router({ security }));
  await router.bind(freeEndpoint());
  void (async () => {
    for await (const frames of router) await router.send(frames);
  })();
  const clientSecurity = qzmq.client({ trust: pinned(bob), ...PATIENT });
  const dealers = Array.from({ length: CLIENTS }, () => use(new Dealer({ security: clientSecurity })));
  const exchange = (round: string): Promise<unknown> =>
    within(
      LIMIT,
      Promise.all(
        dealers.map(async (dealer, i) => {
          await dealer.send(`${round} ${i}`);
          assert.is(String((await dealer.receive())[0]), `${round} ${i}`);
        }),
      ),
      round,
    );
  for (const dealer of dealers) dealer.connect(router.lastEndpoint!);
  await exchange("hello");
  assert.is(security.counters.handshakesCompleted, CLIENTS);
  assert.is(security.connections.length, CLIENTS);

  assert.is(security.rotate(), CLIENTS);
  await exchange("rotating");
  await within(LIMIT, rotated(security), "all rotations");
  await exchange("rotated");
  assert.ok(security.connections.every(({ facts }) => Number(facts["epoch"]) >= 1));

  for (const dealer of dealers) dealer.close();
  await until(() => security.connections.length === 0, "all connections gone");
  assert.equal(security.counters.failures, {});
});

async function rotated({ counters }: qzmq.Security): Promise<void> {
  while (counters.rotations < CLIENTS) await new Promise((resolve) => setTimeout(resolve, 5));
}

test.run();
