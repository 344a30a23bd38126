/** What the key-log hook is told opens everything that was sealed, and nothing is told when there is no hook. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nobleProvider } from "../../../src/crypto/noble.ts";
import type { KeyLog } from "../../../src/mechanism/qzmq/key-log.ts";
import { revealFor } from "../../../src/mechanism/qzmq/key-log.ts";
import { suiteByName } from "../../../src/mechanism/qzmq/suite.ts";
import { type KeyLogLines, type OpenedFrame, openAll } from "../../support/key-log-reader.ts";
import { provider } from "../../support/qzmq-identities.ts";
import { message, type Pair } from "../../support/qzmq-pair.ts";
import { alwaysRetry, assertReady, connect, makeFactories, TICKETS } from "../../support/qzmq-session.ts";

const NAMES = {
  "c early": "QZMQ_CLIENT_EARLY_TRAFFIC_SECRET",
  "c hs": "QZMQ_CLIENT_HANDSHAKE_TRAFFIC_SECRET",
  "s hs": "QZMQ_SERVER_HANDSHAKE_TRAFFIC_SECRET",
  "c ap": "QZMQ_CLIENT_TRAFFIC_SECRET_",
  "s ap": "QZMQ_SERVER_TRAFFIC_SECRET_",
} as const;

/** A hook, and what it was told in the form of a file's lines. */
function collector(): { readonly keyLog: KeyLog; readonly lines: Map<string, Buffer> } {
  const lines = new Map<string, Buffer>();
  const keyLog: KeyLog = (label, epoch, random, secret) => {
    const name = NAMES[label].endsWith("_") ? NAMES[label] + epoch : NAMES[label];
    lines.set(`${name} ${Buffer.from(random).toString("hex")}`, Buffer.from(secret));
  };
  return { keyLog, lines };
}

/** The stream of application data that one side sent, as far as these records hold it. */
function stream(opened: readonly OpenedFrame[], from: string, name: string): string {
  const parts = opened.filter((frame) => frame.from === from && frame.name === name);
  return Buffer.concat(parts.map(({ plaintext }) => plaintext)).toString("latin1");
}

const epochsOf = (opened: readonly OpenedFrame[]) => Math.max(...opened.map(({ epoch }) => epoch));
const framesOf = (pair: Pair) => pair.frames.map(({ from, frame }) => ({ from, body: frame.body }));

const SUITES = [
  ["x25519+mlkem768/mldsa44/aes256gcm/sha256", "aes-256-gcm"],
  ["x25519+mlkem768/mldsa44/chacha20poly1305/sha384", "chacha20-poly1305"],
] as const;

for (const [backEnd, crypto] of [
  ["pure", nobleProvider()],
  ["chosen", provider],
] as const) {
  for (const [suite, aead] of SUITES) {
    for (const logger of ["client", "server"] as const) {
      test(`what the ${logger} tells opens handshake, rotations, resumption and early data: ${backEnd}, ${suite}`, async () => {
        const { keyLog, lines } = collector();
        const common = { provider: crypto, suites: [suiteByName(suite)] };
        const factories = await makeFactories({
          server: { ...common, ...TICKETS, ...(logger === "server" ? { keyLog } : {}) },
          client: { ...common, earlyData: true, ...(logger === "client" ? { keyLog } : {}) },
        });
        const first = connect(factories);
        assertReady(first);
        for (const side of ["client", "server", "client"] as const) {
          first.send("client", message("to the server")).send("server", message("to the client"));
          first[side].call(() => first[side].mechanism.rotate(first.now));
          first.settle();
        }
        first.send("client", message("last")).send("server", message("last")).settle();
        checkOpened(first, lines, aead, 3);
        const second = connect(factories, { client: { waiting: [message("early")], random: "second" } });
        assertReady(second);
        assert.is(second.client.mechanism.facts?.["early"], "accepted");
        second.send("client", message("later")).settle();
        const opened = checkOpened(second, lines, aead, 0);
        assert.is(stream(opened, "client", "EARLY"), "\0\x05early");
        assert.is(new Set([...lines.keys()].map((line) => line.split(" ")[1])).size, 2);
        first.dispose();
        second.dispose();
      });
    }
  }

  test(`a hook changes no octet of what is sent, and none is told without: ${backEnd}`, async () => {
    const run = async (keyLog: KeyLog | null) => {
      const common = { provider: crypto, keyLog };
      const pair = connect(await makeFactories({ server: { ...common, tickets: null }, client: common }));
      assertReady(pair);
      pair.client.call(() => pair.client.mechanism.rotate(pair.now));
      pair.settle();
      return pair;
    };
    const { keyLog, lines } = collector();
    const without = await run(null);
    assert.is(revealFor(null, new Uint8Array(32)), null);
    assert.throws(() => openAll(framesOf(without), lines, "aes-256-gcm"), /no line/);
    const frames = (pair: Pair) => framesOf(pair).map(({ body }) => body.length);
    assert.equal(frames(await run(keyLog)), frames(without));
    assert.is(lines.size, 6);
  });
}

test("after RETRY the connection keeps its random", async () => {
  const { keyLog, lines } = collector();
  const pair = connect(await makeFactories({ server: { ...alwaysRetry(), keyLog } }));
  assertReady(pair);
  pair.send("client", message("hello")).settle();
  checkOpened(pair, lines, "aes-256-gcm", 0);
});

test("what is told is overwritten behind the call", async () => {
  const told: Uint8Array[] = [];
  const keyLog: KeyLog = (_label, _epoch, _random, secret) => void told.push(secret);
  const pair = connect(await makeFactories({ client: { keyLog } }));
  assertReady(pair);
  assert.is(told.length, 4);
  assert.ok(told.every((secret) => secret.every((octet) => octet === 0)));
});

/** Every sealed frame opens, epochs reach `last`, and the streams are what the other side was delivered. */
function checkOpened(
  pair: Pair,
  lines: KeyLogLines,
  aead: (typeof SUITES)[number][1],
  last: number,
): OpenedFrame[] {
  const opened = openAll(framesOf(pair), lines, aead);
  assert.is(epochsOf(opened), last);
  const early = stream(opened, "client", "EARLY");
  assert.is(early + stream(opened, "client", "MESSAGE"), pair.server.text);
  assert.is(stream(opened, "server", "MESSAGE"), pair.client.text);
  const clientKey = opened.find(({ name }) => name === "CLIENTKEY")!;
  assert.ok(clientKey.plaintext.includes("Socket-Type\0\0\0\x06DEALER"));
  return opened;
}

test.run();
