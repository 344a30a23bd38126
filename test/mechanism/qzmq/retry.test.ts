/** RETRY: cookies between two mechanisms. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeOf, type Frame, message, nameOf } from "../../support/qzmq-pair.ts";
import {
  alwaysRetry,
  assertReady,
  connect,
  makeFactories,
  names,
  TICKETS,
} from "../../support/qzmq-session.ts";

test("RETRY: the second CLIENTHELLO carries the cookie", async () => {
  const factories = await makeFactories({ server: alwaysRetry() });
  const pair = connect(factories, { byteByByte: true });
  assertReady(pair);
  assert.equal(names(pair).slice(0, 4), ["CLIENTHELLO", "RETRY", "CLIENTHELLO", "SERVERHELLO"]);
  pair.send("client", message("hello")).settle();
  assert.is(pair.server.text, "\0\x05hello");
  assert.is(factories.server.counters.retriesSent, 1);
  assert.is(factories.server.counters.cookiesAccepted, 1);
});

test("RETRY refuses early data, which goes again; the ticket still resumes", async () => {
  const factories = await makeFactories({
    server: { ...TICKETS, ...alwaysRetry() },
    client: { earlyData: true },
  });
  connect(factories);
  const pair = connect(factories, { client: { waiting: [message("early")] } });
  assertReady(pair);
  assert.is(pair.server.text, "\0\x05early");
  assert.is(pair.client.mechanism.facts?.["early"], "refused");
  assert.is(pair.client.mechanism.facts?.["resumed"], true);
});

test("cookies: changed, missing, of another connection, too late, twice", async () => {
  const swap =
    (edit: (body: Uint8Array, index: number) => Uint8Array | null) =>
    (from: string, frame: Frame, index: number) => {
      if (from !== "client" || nameOf(frame) !== "CLIENTHELLO") return undefined;
      const body = edit(frame.body.slice(), index);
      return body === null ? undefined : [{ flags: frame.flags, body }];
    };
  const cookieAt = 12 + 1 + 32;
  const flip = (at: number) => (body: Uint8Array, index: number) => {
    body[at]! ^= 1;
    return index === 1 ? body : null;
  };
  const edits: Record<string, (body: Uint8Array, index: number) => Uint8Array | null> = {
    "flipped cookie": flip(cookieAt + 20),
    "flipped random": flip(20),
    "no cookie": (body, index) =>
      index === 1
        ? Buffer.concat([body.subarray(0, cookieAt), Uint8Array.of(0), body.subarray(cookieAt + 42)])
        : null,
  };
  for (const [label, edit] of Object.entries(edits)) {
    const factories = await makeFactories({ server: alwaysRetry() });
    const pair = connect(factories, { intercept: swap(edit) });
    assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL", label);
    assert.is(factories.server.counters.cookiesRefused, 1, label);
  }
  // A cookie of another connection of the same peer, and one that nobody asked for.
  const factories = await makeFactories({ server: alwaysRetry() });
  let stolen: Frame | undefined;
  connect(factories, {
    intercept: (from, frame, index) => {
      if (from === "client" && index === 1) stolen = frame;
      return undefined;
    },
  });
  const theft = connect(factories, {
    intercept: (from, frame, index) => (from === "client" ? [index === 1 ? stolen! : frame] : undefined),
  });
  assert.is(codeOf(theft.server), "ERR_QZMQ_PROTOCOL");
  const unasked = connect(factories, {
    intercept: (from, _, index) => (from === "client" && index === 0 ? [stolen!] : undefined),
  });
  assert.is(codeOf(unasked.server), "ERR_QZMQ_PROTOCOL");
  // Two RETRY.
  const twice = connect(factories, {
    intercept: (_, frame) => (nameOf(frame) === "RETRY" ? [frame, frame] : undefined),
  });
  assert.is(codeOf(twice.client), "ERR_QZMQ_PROTOCOL");
});

test.run();
