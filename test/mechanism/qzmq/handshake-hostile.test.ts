/** Handshakes in which octets, messages or time are not what they should be. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { clientIdentity, makePair, type Setup, serverOf } from "../../support/qzmq-handshakes.ts";
import { codeOf, type Frame, nameOf } from "../../support/qzmq-pair.ts";

test("an ERROR never follows CLIENTKEY in clear", async () => {
  const server = await serverOf["ML-DSA-44"];
  const pair = makePair({ server }, { pair: { intercept: flip("FINISHED", () => 40) } }).start();
  assert.is(codeOf(pair.client), "ERR_QZMQ_AUTH");
  assert.is(
    pair.frames.some(({ frame }) => nameOf(frame) === "ERROR"),
    false,
  );
});

/** Flips one octet of the first frame with this name. */
function flip(name: string, at: (length: number) => number) {
  return (_: string, frame: Frame) => {
    if (nameOf(frame) !== name) return undefined;
    const body = frame.body.slice();
    body[at(body.length)]! ^= 1;
    return [{ ...frame, body }];
  };
}

test("a flipped octet anywhere ends the handshake without a connection on the side that reads it", async () => {
  const server = await serverOf["ML-DSA-44"];
  const client = await clientIdentity;
  const clean = makePair({ server, client }, { server: { clientAuth: "required" } }).start();
  for (const { from, frame } of clean.frames) {
    const name = nameOf(frame);
    const reader = from === "client" ? "server" : "client";
    if (name === "MESSAGE" || name === "CONTROL") continue;
    const step = Math.max(1, Math.floor(frame.body.length / 23));
    for (let at = 1; at < frame.body.length; at += step) {
      const setup: Setup = { server: { clientAuth: "required" }, pair: { intercept: flip(name, () => at) } };
      const pair = makePair({ server, client }, setup).start();
      const label = `${name} octet ${at}`;
      const errors = [codeOf(pair.client), codeOf(pair.server)];
      assert.ok(
        errors.some((code) => code !== null),
        label,
      );
      // Nobody believes in a connection with a peer that saw other octets.
      assert.not.equal(
        [pair.client.mechanism.status, pair.server.mechanism.status],
        ["ready", "ready"],
        label,
      );
      if (name !== "CLIENTHELLO") assert.is.not(pair[reader].mechanism.status, "ready", label);
      pair.dispose();
    }
  }
});

test("messages in a state that does not expect them", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of [
    "SERVERHELLO",
    "CLIENTKEY",
    "FINISHED",
    "RETRY",
    "MESSAGE",
    "EARLY",
    "READY",
    "HELLO",
  ]) {
    const pair = makePair(
      { server },
      {
        pair: {
          intercept: (from, frame, index) =>
            from === "client" && index === 0
              ? [
                  {
                    flags: 4,
                    body: Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), new Uint8Array(40)]),
                  },
                ]
              : [frame],
        },
      },
    ).start();
    assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL", name);
    assert.is(pair.client.error?.reason, "protocol", name);
  }
});

test("every handshake message cut short or longer by an octet", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]) {
    for (const change of [-1, 1]) {
      const pair = makePair(
        { server },
        {
          pair: {
            intercept: (_, frame) => {
              if (nameOf(frame) !== name) return undefined;
              const body = new Uint8Array(frame.body.length + change);
              body.set(frame.body.subarray(0, body.length));
              return [{ ...frame, body }];
            },
          },
        },
      ).start();
      const reader = name.startsWith("CLIENT") ? pair.server : pair.client;
      assert.is(codeOf(reader), "ERR_QZMQ_PROTOCOL", `${name} ${change}`);
    }
  }
});

test("repeated and doubled handshake messages", async () => {
  const server = await serverOf["ML-DSA-44"];
  for (const name of ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]) {
    const pair = makePair(
      { server },
      {
        pair: { intercept: (_, frame) => (nameOf(frame) === name ? [frame, frame] : undefined) },
      },
    ).start();
    const reader = name.startsWith("CLIENT") ? pair.server : pair.client;
    assert.ok(codeOf(reader) === "ERR_QZMQ_PROTOCOL" || codeOf(reader) === "ERR_QZMQ_TRUNCATED", name);
  }
});

test("sizes are refused from the frame header", async () => {
  const server = await serverOf["ML-DSA-44"];
  const big = (size: number) => (from: string, frame: Frame, index: number) =>
    from === "client" && index === 0 ? [{ ...frame, body: new Uint8Array(size) }] : undefined;
  assert.is(
    codeOf(makePair({ server }, { pair: { intercept: big(8193) } }).start().server),
    "ERR_ZMTP_MESSAGE_TOO_LARGE",
  );
  assert.is(
    codeOf(makePair({ server }, { pair: { intercept: big(8192) } }).start().server),
    "ERR_QZMQ_PROTOCOL",
  );
});

test("time: CLIENTHELLO within 5 s, the whole within 30 s", async () => {
  const server = await serverOf["ML-DSA-44"];
  const silent = makePair(
    { server },
    { pair: { intercept: (from) => (from === "client" ? [] : undefined) } },
  ).start();
  silent.pass(4999);
  assert.is(codeOf(silent.server), null);
  silent.pass(1);
  assert.is(codeOf(silent.server), "ERR_QZMQ_TIMEOUT");
  silent.pass(25_000);
  assert.is(codeOf(silent.client), "ERR_QZMQ_TIMEOUT");

  const slow = makePair({ server }, { pair: { server: { authorize: () => {} } } }).start();
  slow.pass(29_999);
  assert.is(codeOf(slow.server), null);
  slow.pass(1);
  assert.is(codeOf(slow.server), "ERR_QZMQ_TIMEOUT");
});

test.run();
