/** Messages of several frames: whole or not at all (RFC 37, "Framing"). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MORE } from "../../src/wire/frame.ts";
import { MultipartAssembler } from "../../src/wire/multipart.ts";
import { octets } from "../support/recorded.ts";
import { code } from "../support/wire.ts";

const TOO_LARGE = "ERR_ZMTP_MESSAGE_TOO_LARGE";

test("a message is given out with its last frame, and no earlier", () => {
  const parts = new MultipartAssembler(10, 100);
  assert.is(parts.add(MORE, octets('"a"')), null);
  assert.is(parts.add(MORE, octets("")), null);
  assert.equal(parts.add(0, octets('"b"')), [octets('"a"'), octets(""), octets('"b"')]);
  assert.equal(parts.add(0, octets('"c"')), [octets('"c"')]);
});

test("frames are bounded: exactly as many as allowed, for each message anew", () => {
  const parts = new MultipartAssembler(3, 100);
  for (let i = 0; i < 2; i++) {
    assert.is(parts.add(MORE, octets("")), null);
    assert.is(parts.add(MORE, octets("")), null);
    assert.is(parts.add(0, octets(""))?.length, 3);
  }
  for (let i = 0; i < 3; i++) parts.add(MORE, octets(""));
  assert.is(
    code(() => parts.add(0, octets(""))),
    TOO_LARGE,
  );
});

test("octets are bounded over all frames, for each message anew", () => {
  const parts = new MultipartAssembler(100, 4);
  for (let i = 0; i < 2; i++) {
    assert.is(parts.add(MORE, octets('"ab"')), null);
    assert.is(parts.add(0, octets('"cd"'))?.length, 2);
  }
  parts.add(MORE, octets('"ab"'));
  assert.is(
    code(() => parts.add(MORE, octets('"cde"'))),
    TOO_LARGE,
  );
});

test.run();
