/** What a program does from within the report of a handshake must not disturb the connection that it reports. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push } from "../../src/index.ts";
import { aliceClient, bobServer, closeAll, settled, use } from "./sockets.ts";

test.after.each(closeAll);

test("a rotation asked for in the handshake's own event loses nothing", async () => {
  const security = bobServer();
  const rotate = (): void => void security.rotate();
  subscribe("qzmq:handshake", rotate);
  try {
    const pull = use(new Pull({ security }));
    const push = use(new Push({ security: aliceClient({ fastStart: true }), linger: 0 }));
    await pull.bind("tcp://127.0.0.1:*");
    push.connect(pull.lastEndpoint!);
    const sent = ["one", "two", "three"];
    for (const text of sent) await push.send(text);
    const got: string[] = [];
    for (const _ of sent) got.push(String((await settled(pull.receive()))[0]));
    assert.equal(got, sent);
    assert.is(security.counters.truncations, 0);
  } finally {
    unsubscribe("qzmq:handshake", rotate);
  }
});

test.run();
