/** Metadata, clause by clause of RFC 37, "metadata" and "Connection Metadata". */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeMetadata, encodeMetadata, property } from "../../src/wire/metadata.ts";
import { octets } from "../support/recorded.ts";
import { code } from "../support/wire.ts";

const MALFORMED = "ERR_ZMTP_INVALID_METADATA";

function refused(text: string): void {
  assert.is(
    code(() => decodeMetadata(octets(text))),
    MALFORMED,
    text,
  );
}

test("RFC 37 property: name-length, name, four octets of value-length, value", () => {
  assert.equal(
    Buffer.from(
      encodeMetadata([
        ["Socket-Type", Buffer.from("REQ")],
        ["Identity", Buffer.alloc(0)],
      ]),
    ),
    octets('0b "Socket-Type" 00000003 "REQ" 08 "Identity" 00000000'),
  );
  assert.is(encodeMetadata([]).length, 0);
});

test("RFC 37 value: empty ones are legal, and so is no property at all", () => {
  const metadata = decodeMetadata(octets('08 "Identity" 00000000'));
  assert.is(property(metadata, "Identity")?.length, 0);
  assert.is(decodeMetadata(octets("")).size, 0);
});

test("RFC 37 name: 1 to 255 of letters, digits, - _ . +", () => {
  refused("00 00000000");
  refused('02 "a " 00000000');
  refused("01 00 00000000");
  refused("01 e9 00000000");
  assert.is(decodeMetadata(octets('09 "aZ09-_.+x" 00000000')).size, 1);
  const longest = Buffer.concat([Buffer.of(255), Buffer.alloc(255, "n"), octets("00000001 61")]);
  assert.is(decodeMetadata(longest).size, 1);
});

test("RFC 37 name: case is ignored; the same name twice is refused", () => {
  const metadata = decodeMetadata(octets('0b "SOCKET-type" 00000003 "REQ"'));
  assert.equal(Buffer.from(property(metadata, "Socket-Type")!), octets('"REQ"'));
  assert.is(property(metadata, "Socket"), undefined);
  refused('01 "a" 00000000 01 "A" 00000000');
});

test("RFC 37 value: at most 2^31-1 octets, all of them there", () => {
  refused('01 "a" 80000000');
  refused('01 "a" ffffffff');
  refused('01 "a" 7fffffff');
  refused('01 "a" 00000002 "x"');
  refused('01 "a" 000000');
  refused('01 "a"');
  refused("05 61");
  refused('01 "a" 00000000 00');
});

test("properties are counted", () => {
  const list = (count: number): Uint8Array =>
    encodeMetadata(Array.from({ length: count }, (_, i) => [`X-${i}`, Buffer.alloc(0)] as const));
  assert.is(decodeMetadata(list(64)).size, 64);
  assert.is(
    code(() => decodeMetadata(list(65))),
    MALFORMED,
  );
});

test("values are copies", () => {
  const bytes = octets('01 "a" 00000001 "x"');
  const metadata = decodeMetadata(bytes);
  bytes.fill(0);
  assert.equal(Buffer.from(property(metadata, "a")!), octets('"x"'));
});

test("a name that cannot be sent is our own mistake", () => {
  for (const name of ["", "a b", "n".repeat(256)]) {
    assert.throws(
      () => encodeMetadata([[name, Buffer.alloc(0)]]),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

const name = fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(..."abcXYZ019-_.+") });

test("any properties come back", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 300 })), {
        selector: ([key]) => key.toLowerCase(),
        maxLength: 64,
      }),
      (list) => {
        const decoded = decodeMetadata(encodeMetadata(list));
        assert.equal(
          [...decoded].map(([key, value]) => [key, [...value]]),
          list.map(([key, value]) => [key, [...value]]),
        );
      },
    ),
  );
});

test("any octets decode to metadata or to a PeerError", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(octets('0b "Socket-Type" 00000003 "REQ"'), octets('01 "a" 00000001 "x"')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const refusal = code(() => decodeMetadata(Buffer.concat(pieces)));
      assert.ok(refusal === null || refusal === MALFORMED);
    }),
    { numRuns: 2000 },
  );
});

test.run();
