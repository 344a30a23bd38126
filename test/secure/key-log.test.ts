/** The socket option `keyLog`: nothing is written unless option and environment both ask, and what is written opens the traffic. */
import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push, qzmq } from "../../src/index.ts";
import { KEY_LOG_VARIABLE } from "../../src/net/key-log-file.ts";
import { readKeyLog } from "../support/key-log-reader.ts";
import { aliceClient, bob, bobServer, closeAll, freshPath, join2, pinned, texts, use } from "./sockets.ts";

test.after.each(async () => {
  delete process.env[KEY_LOG_VARIABLE];
  await closeAll();
});

/** One message over a new connection that rotates once. */
async function exchange(server: qzmq.Security, client: qzmq.Security): Promise<void> {
  const pull = use(new Pull({ security: server }));
  const push = use(new Push({ security: client }));
  await join2(pull, push);
  await push.send("one");
  assert.equal(await texts(pull), ["one"]);
  assert.is(client.rotate(), 1);
  await push.send("two");
  assert.equal(await texts(pull), ["two"]);
}

for (const crypto of ["noble", "auto"] as const) {
  test(`the variable alone writes nothing: ${crypto}`, async () => {
    const path = freshPath();
    process.env[KEY_LOG_VARIABLE] = path;
    const warnings: (Error & { code?: string })[] = [];
    const listen = (warning: Error) => void warnings.push(warning);
    process.on("warning", listen);
    await exchange(bobServer({ crypto }), aliceClient({ crypto, keyLog: false }));
    process.off("warning", listen);
    assert.not(existsSync(path));
    assert.equal(
      warnings.filter(({ code }) => code === "QZMQ_KEY_LOG"),
      [],
    );
  });

  test(`the option alone is refused: ${crypto}`, () => {
    assert.throws(() => bobServer({ crypto, keyLog: true }), /set the environment variable QZMQKEYLOGFILE/);
    assert.throws(() => aliceClient({ crypto, keyLog: true }), /set the environment variable QZMQKEYLOGFILE/);
  });

  test(`both write the secrets of each connection and epoch: ${crypto}`, async () => {
    const path = freshPath();
    process.env[KEY_LOG_VARIABLE] = path;
    await exchange(bobServer({ crypto }), aliceClient({ crypto, keyLog: true }));
    const lines = [...readKeyLog(readFileSync(path, "latin1")).keys()].map((line) => line.split(" ")[0]);
    assert.equal(lines.slice(0, 4).sort(), [
      "QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET",
      "QZMQ_CLIENT_TRAFFIC_SECRET_0",
      "QZMQ_SERVER_HANDSHAKE_TRAFFIC_SECRET",
      "QZMQ_SERVER_TRAFFIC_SECRET_0",
    ]);
  });
}

test("only true asks", () => {
  process.env[KEY_LOG_VARIABLE] = freshPath();
  for (const keyLog of ["/tmp/file", 1, null]) {
    assert.throws(
      () => qzmq.client({ trust: pinned(bob), keyLog: keyLog as never }),
      /keyLog: true or false expected/,
    );
  }
});

test.run();
