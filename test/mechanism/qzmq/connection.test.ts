/** Established connections: records, what happens to changed ones, close, truncation. */

import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { codeOf, type Frame, message, nameOf, Pair } from "../../support/qzmq-pair.ts";
import { connected, makeFactories } from "../../support/qzmq-session.ts";

test("frames come out as they went in, however they are cut and whatever the record limit", async () => {
  const pair = await connected({ server: { recordLimit: 4096 } });
  const sizes = [0, 1, 255, 256, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000];
  const frames = sizes.map((size) => message(new Uint8Array(size).fill(size % 251)));
  const stream = Buffer.concat(frames);
  for (const from of ["client", "server"] as const) {
    const to = from === "client" ? pair.server : pair.client;
    pair.send(from, ...frames).settle();
    assert.equal(Buffer.concat(to.received), stream);
    pair.send(from, stream.subarray(0, 77_777), stream.subarray(77_777)).settle();
    assert.equal(Buffer.concat(to.received), Buffer.concat([stream, stream]));
    // One that fits the largest record, but not the peer's limit; one that fits the client's, but not the largest.
    for (const size of [100_000, 200_000]) {
      to.received.length = 0;
      pair.send(from, stream.subarray(0, size)).settle();
      assert.ok(Buffer.concat(to.received).equals(stream.subarray(0, size)));
    }
  }
  const longest = (from: string) =>
    Math.max(
      ...pair.frames
        .filter((sent) => sent.from === from)
        .slice(3)
        .map(({ frame }) => frame.body.length),
    );
  assert.is(longest("client"), 4096 + 33);
  // The client takes records of 256 KiB; larger ones than this pay no more.
  assert.is(longest("server"), 131_072 + 33);
});

test("any cut of any stream into pieces is put together again", async () => {
  const pair = await connected();
  let expected = Buffer.alloc(0);
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { minLength: 1, maxLength: 20 }),
      (pieces) => {
        pair.send("client", ...pieces).settle();
        expected = Buffer.concat([expected, ...pieces]);
        assert.equal(Buffer.concat(pair.server.received), expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("many small messages share a record", async () => {
  const pair = await connected();
  const before = pair.frames.length;
  pair.send("client", ...Array.from({ length: 500 }, () => message("0123456789"))).settle();
  assert.is(pair.frames.length, before + 1);
});

/** Sends one record of `from`, changed by `edit`; the code that its reader ends with. */
async function tampered(edit: (frame: Frame) => readonly Frame[], from: "client" | "server" = "client") {
  let armed = false;
  const pair = await connected(
    {},
    { intercept: (side, frame) => (armed && side === from ? edit(frame) : undefined) },
  );
  pair.send("client", message("first")).send("server", message("first")).settle();
  armed = true;
  pair.send(from, message("second")).settle();
  const reader = from === "client" ? pair.server : pair.client;
  assert.is(reader.text, "\0\x05first");
  if (reader.error !== null) {
    assert.is(reader.mechanism.canSend, false);
    assert.is(reader.mechanism.deadline, Number.POSITIVE_INFINITY);
  }
  return codeOf(reader);
}

function edited(at: number, xor = 1) {
  return (frame: Frame) => {
    const body = frame.body.slice();
    body[at < 0 ? body.length + at : at]! ^= xor;
    return [{ ...frame, body }];
  };
}

test("records: every way to meddle with one", async () => {
  for (const from of ["client", "server"] as const) {
    assert.is(await tampered(edited(-1), from), "ERR_QZMQ_AUTH", "tag");
    assert.is(await tampered(edited(17), from), "ERR_QZMQ_AUTH", "ciphertext");
    assert.is(await tampered(edited(8), from), "ERR_QZMQ_ROTATION", "key_id");
    assert.is(await tampered(edited(16), from), "ERR_QZMQ_REPLAY", "lower sequence");
    assert.is(await tampered(edited(16, 2), from), "ERR_QZMQ_PROTOCOL", "higher sequence");
    assert.is(await tampered(edited(9, 0x80), from), "ERR_QZMQ_PROTOCOL", "sequence beyond 2^63");
    assert.is(await tampered(edited(1), from), "ERR_QZMQ_TRUNCATED", "name");
    assert.is(
      await tampered((frame) => [{ ...frame, body: frame.body.slice(0, 33) }], from),
      "ERR_QZMQ_PROTOCOL",
      "empty",
    );
    assert.is(
      await tampered((frame) => [{ ...frame, body: frame.body.slice(0, 32) }], from),
      "ERR_QZMQ_TRUNCATED",
      "short",
    );
    assert.is(await tampered((frame) => [{ ...frame, flags: 0 }], from), "ERR_QZMQ_TRUNCATED", "no command");
    assert.is(await tampered((frame) => [{ ...frame, flags: 5 }], from), "ERR_QZMQ_TRUNCATED", "more");
    assert.is(
      await tampered((frame) => [{ flags: 0, body: Buffer.from("in clear") }, frame], from),
      "ERR_QZMQ_TRUNCATED",
      "injected",
    );
    const error = { flags: 4, body: Buffer.from("\x05ERROR\x04auth") };
    assert.is(await tampered(() => [error], from), "ERR_QZMQ_TRUNCATED", "ERROR after the handshake");
    const control = (frame: Frame) => {
      const body = frame.body.slice();
      body.set(Buffer.from("\x07CONTROL"));
      return [{ ...frame, body }];
    };
    assert.is(await tampered(control, from), "ERR_QZMQ_AUTH", "a MESSAGE shown as CONTROL");
  }
});

test("records: replayed, dropped, reordered, reflected", async () => {
  let armed = false;
  const replayed = await connected(
    {},
    { intercept: (from, frame) => (armed && from === "client" ? [frame, frame] : undefined) },
  );
  armed = true;
  replayed.send("client", message("x")).settle();
  assert.is(codeOf(replayed.server), "ERR_QZMQ_REPLAY");
  assert.is(replayed.server.text, "\0\x01x", "the first copy was good");
  let count = 0;
  const dropping = await connected(
    {},
    {
      intercept: (_, frame) => (nameOf(frame) === "MESSAGE" && count++ === 0 ? [] : undefined),
    },
  );
  dropping.send("client", message("a")).send("client", message("b")).settle();
  assert.is(codeOf(dropping.server), "ERR_QZMQ_PROTOCOL");
  assert.is(dropping.server.text, "");

  const reflected = await connected();
  reflected.send("client", message("mine")).settle();
  const own = reflected.frames.at(-1)!.frame;
  reflected.client.call(() => reflected.client.mechanism.receive(own.flags, own.body, 0));
  assert.is(codeOf(reflected.client), "ERR_QZMQ_AUTH");
});

test("records of one session are nothing in another", async () => {
  const one = await connected();
  one.send("client", message("secret")).settle();
  const { frame } = one.frames.at(-1)!;
  const { client, server } = await makeFactories();
  const other = new Pair(client, server, { client: { random: "another" } }).start();
  other.server.call(() => other.server.mechanism.receive(frame.flags, frame.body, 0));
  assert.is(codeOf(other.server), "ERR_QZMQ_AUTH");
});

test("a record beyond our limit is refused from its header, and before it is opened", async () => {
  const pair = await connected({ server: { recordLimit: 5000 } });
  assert.is(pair.server.mechanism.maxFrameSize, 5033);
  const body = Buffer.concat([Buffer.from("\x07MESSAGE\0"), new Uint8Array(8 + 5001 + 16)]);
  pair.server.call(() => pair.server.mechanism.receive(6, body, 0));
  assert.is(codeOf(pair.server), "ERR_QZMQ_PROTOCOL");
});

for (const side of ["client", "server"] as const) {
  test(`close by the ${side}`, async () => {
    const pair = await connected();
    const other = side === "client" ? "server" : "client";
    pair.send(other, message("last words"));
    assert.is(pair[side].mechanism.close(pair.now), true);
    assert.is(pair[side].mechanism.canSend, false);
    pair.settle();
    assert.is(pair[side].text, "\0\x0alast words");
    assert.is(pair.client.mechanism.ended, true);
    assert.is(pair.server.mechanism.ended, true);
    assert.is(pair[other].mechanism.canSend, false);
    assert.is(pair[other].mechanism.close(pair.now), false);
    pair.cut("client").cut("server");
    assert.is(pair.client.error, null);
    assert.is(pair.server.error, null);
    assert.throws(() => pair[side].mechanism.seal([message("x")], 3, pair.now));
  });
}

test("close: both at once, during a rotation, and without an answer", async () => {
  const both = await connected();
  both.client.mechanism.close(both.now);
  both.server.mechanism.close(both.now);
  both.settle().cut("client").cut("server");
  assert.is(both.client.error, null);
  assert.is(both.server.error, null);

  for (const starter of ["client", "server"] as const) {
    for (const closer of ["client", "server"] as const) {
      const pair = await connected();
      pair[starter].mechanism.rotate(pair.now);
      pair[closer].mechanism.close(pair.now);
      pair.settle().cut("client").cut("server");
      assert.is(pair.client.error, null, `${starter} rotates, ${closer} closes`);
      assert.is(pair.server.error, null, `${starter} rotates, ${closer} closes`);
      assert.is(pair.client.mechanism.ended && pair.server.mechanism.ended, true);
    }
  }

  const alone = await connected(
    {},
    { intercept: (from, frame) => (from === "server" && nameOf(frame) === "CONTROL" ? [] : undefined) },
  );
  alone.client.mechanism.close(alone.now);
  alone.settle();
  assert.is(alone.client.mechanism.ended, false);
  alone.pass(4999);
  assert.is(alone.client.mechanism.ended, false);
  alone.pass(1);
  assert.is(alone.client.mechanism.ended, true);
});

test("a cut without CLOSE is a truncation, on whichever side", async () => {
  const { client, server } = await makeFactories();
  const pair = new Pair(client, server).start();
  pair.cut("client").cut("server");
  assert.is(codeOf(pair.client), "ERR_QZMQ_TRUNCATED");
  assert.is(codeOf(pair.server), "ERR_QZMQ_TRUNCATED");
  assert.is(server.counters.truncations, 1);
  const during = new Pair(client, server);
  during.cut("client");
  assert.is(codeOf(during.client), null, "a handshake has nothing to truncate");
});

test("after a failure the peer gets a goodbye with code 2, and knows it", async () => {
  const pair = await connected(
    {},
    {
      intercept: (from, frame) =>
        from === "client" && nameOf(frame) === "MESSAGE" ? edited(-1)(frame) : undefined,
    },
  );
  pair.send("client", message("x")).settle();
  assert.is(codeOf(pair.server), "ERR_QZMQ_AUTH");
  assert.is(pair.client.error, null);
  assert.is(pair.client.mechanism.ended, true);
});

test("dispose at any time, more than once", async () => {
  const { client, server } = await makeFactories();
  const fresh = new Pair(client, server);
  fresh.dispose();
  const total = new Pair(client, server).start().frames.length;
  for (let stop = 0; stop <= total; stop++) {
    let seen = 0;
    const pair = new Pair(client, server, {
      intercept: (_, frame) => (seen++ < stop ? [frame] : []),
    }).start();
    pair.dispose();
    pair.dispose();
    assert.is(server.admission!.load.handshakes, 0);
    assert.is(server.admission!.load.bytes, 0);
  }
});

test.run();
