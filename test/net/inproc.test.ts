/** The inproc transport: names bound and connected in any order, refusals, high-water marks, ends. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Environment } from "../../src/net/environment.ts";
import type { SocketType } from "../../src/wire/socket-type.ts";
import type { Cleanup } from "./harness.ts";
import { type Bare, type BareOptions, bare, codeOf, pause, scenario, until } from "./harness.ts";

/** Sockets of one context. */
function context(cleanup: Cleanup) {
  const environment = new Environment();
  return <T extends SocketType>(type: T, options: BareOptions = {}): Bare<T> =>
    bare(type, cleanup, { ...options, environment });
}

test(
  "connected before it is bound: what was sent meanwhile arrives",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const push = socket("PUSH");
    push.hub.connect("inproc://later");
    await push.send("early");
    const pull = socket("PULL");
    await pull.hub.bind("inproc://later");
    assert.is(String(await pull.receive()), "early");
  }),
);

test(
  "a name is bound once, free after unbind, and its connections join the next binder",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const [first, second] = [socket("PULL"), socket("PULL")];
    await first.hub.bind("inproc://name");
    assert.is(await codeOf(second.hub.bind("inproc://name")), "EADDRINUSE");
    const push = socket("PUSH");
    push.hub.connect("inproc://name");
    await push.send("1");
    await first.hub.unbind("inproc://name");
    await second.hub.bind("inproc://name");
    await push.send("2");
    assert.is(String(await first.receive()), "1");
    assert.is(String(await second.receive()), "2");
  }),
);

test(
  "contexts do not see each other's names",
  scenario(async (cleanup) => {
    const here = context(cleanup)("PULL");
    const there = context(cleanup)("PUSH");
    await here.hub.bind("inproc://name");
    there.hub.connect("inproc://name");
    await there.send("lost");
    await pause(20);
    assert.not(here.pattern.readable);
  }),
);

for (const [sender, receiver, capacity] of [
  [3, 4, 7],
  [1, 1, 2],
] as const) {
  test(
    `high-water marks ${sender} and ${receiver} hold ${capacity} messages`,
    scenario(async (cleanup) => {
      const socket = context(cleanup);
      const pull = socket("PULL", { settings: { receiveHighWaterMark: receiver } });
      const push = socket("PUSH", { settings: { sendHighWaterMark: sender } });
      await pull.hub.bind("inproc://hwm");
      push.hub.connect("inproc://hwm");
      let sent = 0;
      while (sent < 100 && push.pattern.send([Buffer.from(String(sent))])) sent++;
      assert.is(sent, capacity);
      for (let i = 0; i < sent; i++) assert.is(String(await pull.receive()), String(i));
      await until(() => push.pattern.writable, "room again");
    }),
  );
}

for (const [sender, receiver] of [
  [0, 4],
  [4, 0],
] as const) {
  test(
    `high-water marks ${sender} and ${receiver}: one of them unlimited is unlimited`,
    scenario(async (cleanup) => {
      const socket = context(cleanup);
      const pull = socket("PULL", { settings: { receiveHighWaterMark: receiver } });
      const push = socket("PUSH", { settings: { sendHighWaterMark: sender } });
      await pull.hub.bind("inproc://hwm");
      push.hub.connect("inproc://hwm");
      for (let i = 0; i < 5000; i++) assert.ok(push.pattern.send([Buffer.from(String(i))]));
      for (let i = 0; i < 5000; i++) assert.is(String(await pull.receive()), String(i));
    }),
  );
}

test(
  "what was sent before a close is received after it, beyond every mark",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const pull = socket("PULL", { settings: { receiveHighWaterMark: 2 } });
    const push = socket("PUSH", { settings: { sendHighWaterMark: 5 } });
    await pull.hub.bind("inproc://close");
    push.hub.connect("inproc://close");
    for (let i = 0; i < 7; i++) await push.send(String(i));
    await push.hub.close();
    for (let i = 0; i < 7; i++) assert.is(String(await pull.receive()), String(i));
  }),
);

test(
  "a second DEALER of the same routing id is refused once, and let in when the first has gone",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const router = socket("ROUTER");
    await router.hub.bind("inproc://router");
    const named = { pattern: { routingId: Buffer.from("same") } };
    const first = socket("DEALER", named);
    const second = socket("DEALER", named);
    first.hub.connect("inproc://router");
    second.hub.connect("inproc://router");
    await second.send("from the second");
    await first.send("from the first");
    assert.equal((await router.receive()).map(String), ["same", "from the first"]);
    assert.not(router.pattern.readable);
    await first.hub.close();
    assert.equal((await router.receive()).map(String), ["same", "from the second"]);
    await router.send("same", "reply");
    assert.is(String(await second.receive()), "reply");
  }),
);

test(
  "with handover the newcomer takes the id over, and the two do not fight for it",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const router = socket("ROUTER", { pattern: { handover: true } });
    await router.hub.bind("inproc://router");
    const named = { pattern: { routingId: Buffer.from("same") } };
    const [first, second] = [socket("DEALER", named), socket("DEALER", named)];
    first.hub.connect("inproc://router");
    second.hub.connect("inproc://router");
    await router.send("same", "to the newcomer");
    assert.is(String(await second.receive()), "to the newcomer");
    await second.hub.close();
    await router.send("same", "to the first again");
    assert.is(String(await first.receive()), "to the first again");
  }),
);

test(
  "a second PAIR is refused, and seated when the first has gone",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const pair = socket("PAIR");
    await pair.hub.bind("inproc://pair");
    const [first, second] = [socket("PAIR"), socket("PAIR")];
    first.hub.connect("inproc://pair");
    second.hub.connect("inproc://pair");
    await second.send("2");
    await first.send("1");
    assert.is(String(await pair.receive()), "1");
    assert.not(pair.pattern.readable);
    await first.hub.close();
    assert.is(String(await pair.receive()), "2");
  }),
);

test(
  "a binder of a type that does not go with the connecter is passed over; the next one is taken",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const [sub, pull, push] = [socket("SUB"), socket("PULL"), socket("PUSH")];
    await sub.hub.bind("inproc://name");
    push.hub.connect("inproc://name");
    await push.send("for a PULL");
    await sub.hub.close();
    await pull.hub.bind("inproc://name");
    assert.is(String(await pull.receive()), "for a PULL");
  }),
);

test(
  "thousands of connections come and go in any order and leave nothing behind",
  scenario(async (cleanup) => {
    const socket = context(cleanup);
    const router = socket("ROUTER");
    await router.hub.bind("inproc://many");
    for (let round = 0; round < 20; round++) {
      const dealers = Array.from({ length: 100 }, () => socket("DEALER"));
      for (const dealer of dealers) dealer.hub.connect("inproc://many");
      for (const dealer of dealers) await dealer.send("x");
      for (const dealer of dealers) await dealer.hub.close();
      for (let i = 0; i < 100; i++) await router.receive();
      assert.not(router.pattern.readable);
    }
  }),
);

test.run();
