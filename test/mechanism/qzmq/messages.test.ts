/** Layouts: every message comes out as it went in; every truncation, every octet too many, every bad value is refused. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LayoutError } from "../../../src/bytes/reader.ts";
import { Writer } from "../../../src/bytes/writer.ts";
import { PeerError } from "../../../src/errors.ts";
import { type Control, decodeControl, encodeControl } from "../../../src/mechanism/qzmq/control.ts";
import {
  decodeClientExtensions,
  decodeServerExtensions,
  encodeClientExtensions,
} from "../../../src/mechanism/qzmq/extensions.ts";
import * as messages from "../../../src/mechanism/qzmq/messages.ts";

const octets = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Uint8Array.from(bytes));
/** Ordinary objects, as the decoders make them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });
const common = {
  recordLimit: fc.integer({ min: 4096, max: 262_144 }),
  pqOnly: fc.boolean(),
};
const clientHello: fc.Arbitrary<messages.ClientHello> = record({
  random: octets(32),
  cookie: octets(0, 255),
  sessionId: octets(0, 4000),
  suites: fc.uniqueArray(octets(4), { minLength: 1, maxLength: 16, selector: (suite) => suite.join() }),
  extensions: record({
    ...common,
    earlyData: fc.boolean(),
    serverName: fc.option(fc.stringMatching(/^[a-z0-9.é]{1,60}$/), { nil: null }),
  }),
}).filter((hello) => hello.sessionId.length > 0 || !hello.extensions.earlyData);
const serverHello: fc.Arbitrary<messages.ServerHello> = fc.boolean().chain((resumed) =>
  record({
    random: octets(32),
    suite: octets(4),
    resumed: fc.constant(resumed),
    kemPublic: octets(1, 100),
    certificates: resumed ? fc.constant([]) : fc.array(octets(1, 300), { minLength: 1, maxLength: 4 }),
    extensions: record({
      ...common,
      earlyData: resumed ? fc.boolean() : fc.constant(false),
      clientAuth: resumed
        ? fc.constant(null)
        : fc.oneof(
            fc.constant({ level: "none" as const, algorithms: new Uint8Array(0) }),
            record({
              level: fc.constantFrom("optional" as const, "required" as const),
              algorithms: fc
                .uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 4 })
                .map((list) => Uint8Array.from(list)),
            }),
          ),
    }),
  }),
);

/** Every proper prefix, and one octet more, must throw. */
function assertStrict(body: Uint8Array, decode: (body: Uint8Array) => unknown): void {
  for (let length = 0; length < body.length; length += length < 120 ? 1 : 13) {
    assert.throws(
      () => decode(body.slice(0, length)),
      (error: unknown) => error instanceof LayoutError,
      `prefix of ${length}`,
    );
  }
  assert.throws(
    () => decode(Uint8Array.from([...body, 0])),
    (error: unknown) => error instanceof LayoutError,
    "longer",
  );
}

test("CLIENTHELLO", () => {
  const decode = (body: Uint8Array) => messages.decodeClientHello(messages.decodeCommand(body).data);
  fc.assert(
    fc.property(clientHello, (hello) => {
      const body = messages.encodeClientHello(hello);
      assert.equal(decode(body), hello);
      assert.equal(messages.encodeClientHello(decode(body)), body);
      const { data } = messages.decodeCommand(body);
      const bare = messages.decodeCommand(
        messages.encodeClientHello({ ...hello, cookie: new Uint8Array(0) }),
      ).data;
      assert.equal(messages.withoutCookie(data), bare);
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(clientHello, (hello) => assertStrict(messages.encodeClientHello(hello), decode)),
    { numRuns: 5 },
  );
});

test("CLIENTHELLO: version, suites, early data", () => {
  const base: messages.ClientHello = {
    random: new Uint8Array(32),
    cookie: new Uint8Array(0),
    sessionId: new Uint8Array(0),
    suites: [Uint8Array.of(4, 2, 1, 1)],
    extensions: { serverName: null, recordLimit: 262_144, earlyData: false, pqOnly: false },
  };
  const decode = (hello: messages.ClientHello) =>
    messages.decodeClientHello(messages.decodeCommand(messages.encodeClientHello(hello)).data);
  const layout = (error: unknown) => error instanceof LayoutError;
  assert.throws(() => decode({ ...base, suites: [] }), layout);
  assert.throws(() => decode({ ...base, suites: [Uint8Array.of(4, 2, 1)] }), layout);
  assert.throws(() => decode({ ...base, suites: [base.suites[0]!, base.suites[0]!] }), layout);
  const many = Array.from({ length: 17 }, (_, i) => Uint8Array.of(9, 9, 9, i));
  assert.throws(() => decode({ ...base, suites: many }), layout);
  assert.is(decode({ ...base, suites: many.slice(1) }).suites.length, 16);
  assert.throws(() => decode({ ...base, extensions: { ...base.extensions, earlyData: true } }), layout);
  const { data } = messages.decodeCommand(messages.encodeClientHello(base));
  data[0] = 2;
  assert.throws(
    () => messages.decodeClientHello(data),
    (error: unknown) => error instanceof PeerError && error.code === "ERR_QZMQ_VERSION",
  );
});

test("SERVERHELLO", () => {
  const decode = (body: Uint8Array) => messages.decodeServerHello(messages.decodeCommand(body));
  const auth = Uint8Array.of(7, 7, 7);
  fc.assert(
    fc.property(serverHello, (hello) => {
      const before = messages.encodeServerHello(hello);
      const body = messages.appendAuth(before, auth);
      assert.equal(decode(body), { ...hello, beforeAuth: before, auth });
    }),
    { numRuns: 100 },
  );
  fc.assert(
    fc.property(serverHello, (hello) =>
      assertStrict(messages.appendAuth(messages.encodeServerHello(hello), auth), decode),
    ),
    { numRuns: 5 },
  );
});

test("SERVERHELLO: what goes with resumed", () => {
  const full: messages.ServerHello = {
    ...{ random: new Uint8Array(32), suite: new Uint8Array(4), resumed: false, kemPublic: Uint8Array.of(1) },
    extensions: {
      recordLimit: 262_144,
      earlyData: false,
      pqOnly: false,
      clientAuth: { level: "none", algorithms: new Uint8Array(0) },
    },
    certificates: [Uint8Array.of(1)],
  };
  const decode = (hello: messages.ServerHello) =>
    messages.decodeServerHello(
      messages.decodeCommand(messages.appendAuth(messages.encodeServerHello(hello), Uint8Array.of(1))),
    );
  const layout = (error: unknown) => error instanceof LayoutError;
  decode(full);
  assert.throws(() => decode({ ...full, certificates: [] }), layout);
  assert.throws(() => decode({ ...full, certificates: Array(5).fill(Uint8Array.of(1)) }), layout);
  assert.throws(() => decode({ ...full, resumed: true }), layout);
  assert.throws(() => decode({ ...full, resumed: true, certificates: [] }), layout);
  assert.throws(() => decode({ ...full, extensions: { ...full.extensions, clientAuth: null } }), layout);
  assert.throws(() => decode({ ...full, extensions: { ...full.extensions, earlyData: true } }), layout);
  const body = messages.appendAuth(messages.encodeServerHello(full), Uint8Array.of(1));
  body[12 + 1 + 32 + 4] = 2;
  assert.throws(() => messages.decodeServerHello(messages.decodeCommand(body)), layout);
});

test("CLIENTKEY, FINISHED, RETRY, ERROR", () => {
  const clientKey = messages.appendSealed(messages.encodeClientKey(Uint8Array.of(1, 2)), Uint8Array.of(3));
  const decodedKey = messages.decodeClientKey(messages.decodeCommand(clientKey));
  assert.equal(decodedKey.ciphertext, Uint8Array.of(1, 2));
  assert.equal(decodedKey.sealed, Uint8Array.of(3));
  assert.equal(decodedKey.throughCiphertext, messages.encodeClientKey(Uint8Array.of(1, 2)));
  assertStrict(clientKey, (body) => messages.decodeClientKey(messages.decodeCommand(body)));
  const finished = messages.appendSealed(messages.encodeFinished(), Uint8Array.of(3));
  assertStrict(finished, (body) => messages.decodeFinished(messages.decodeCommand(body).data));
  const retry = messages.encodeRetry(Uint8Array.of(5));
  assert.equal(messages.decodeRetry(messages.decodeCommand(retry).data), Uint8Array.of(5));
  assertStrict(retry, (body) => messages.decodeRetry(messages.decodeCommand(body).data));
  const error = messages.encodeError("auth");
  assert.is(messages.decodeError(messages.decodeCommand(error).data), "auth");
  assert.is(messages.decodeError(Buffer.from("\x03a\n\x80", "latin1")), "a??");
  assertStrict(error, (body) => messages.decodeError(messages.decodeCommand(body).data));
});

test("sealed plaintexts, and where the transcript stops in them", () => {
  const before = messages.encodeBeforeSignature(Uint8Array.of(1), 7, [Uint8Array.of(2)]);
  const signature = new Writer().v16(Uint8Array.of(3)).finish();
  const binder = new Writer().v8(Uint8Array.of(4)).finish();
  const plaintext = Buffer.concat([before, signature, binder, new Uint8Array(32).fill(5)]);
  const parts = messages.decodeClientKeyPlaintext(plaintext, 32);
  assert.equal(Buffer.from(parts.beforeSignature), Buffer.from(before));
  assert.equal(Buffer.from(parts.signatureField), Buffer.from(signature));
  assert.equal(Buffer.from(parts.binderField), Buffer.from(binder));
  assert.is(parts.earlyRecords, 7);
  assertStrict(plaintext, (body) => messages.decodeClientKeyPlaintext(body, 32));
  const odd = Buffer.concat([
    messages.encodeBeforeSignature(Uint8Array.of(1), 0, []),
    signature,
    binder,
    new Uint8Array(32),
  ]);
  assert.throws(() => messages.decodeClientKeyPlaintext(odd, 32), /certificate and signature/);
  const finished = new Writer().v32(Uint8Array.of(9)).bytes(new Uint8Array(48)).finish();
  assert.equal(messages.decodeFinishedPlaintext(finished, 48).metadataField, finished.subarray(0, 5));
  assertStrict(finished, (body) => messages.decodeFinishedPlaintext(body, 48));
});

function extension(type: number, data: Uint8Array): Uint8Array {
  return new Writer().u16(type).v16(data).finish();
}

test("extensions: any order, unknown ones, repetitions, bad values", () => {
  const u32 = (value: number) => new Writer().u32(value).finish();
  const none = new Uint8Array(0);
  const joined = (...list: Uint8Array[]) => Buffer.concat(list);
  const mixed = joined(
    extension(0xff01, none),
    extension(0x7777, Uint8Array.of(1)),
    extension(0x001c, u32(5000)),
  );
  assert.equal(decodeClientExtensions(mixed), {
    serverName: null,
    recordLimit: 5000,
    earlyData: false,
    pqOnly: true,
  });
  for (const [bad, decode] of [
    [joined(extension(1, none), extension(1, none)), decodeClientExtensions],
    [extension(0x001c, u32(4095)), decodeClientExtensions],
    [extension(0x001c, u32(262_145)), decodeClientExtensions],
    [extension(0x001c, none), decodeClientExtensions],
    [extension(0x001c, new Uint8Array(5)), decodeClientExtensions],
    [extension(0xff01, Uint8Array.of(0)), decodeClientExtensions],
    [extension(0x002a, Uint8Array.of(0)), decodeClientExtensions],
    [extension(0xff02, Uint8Array.of(0, 0)), decodeClientExtensions],
    [extension(0, none), decodeClientExtensions],
    [extension(0, Buffer.from("Upper")), decodeClientExtensions],
    [extension(0, Uint8Array.of(0xff)), decodeClientExtensions],
    [extension(0, new Uint8Array(256).fill(97)), decodeClientExtensions],
    [extension(0x7777, none), decodeServerExtensions],
    [extension(0x0033, none), decodeServerExtensions],
    [extension(0, Buffer.from("name")), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(3, 0)), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(0, 1, 2)), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(1, 0)), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(1, 2, 3, 3)), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(1, 1, 3, 9)), decodeServerExtensions],
    [extension(0xff02, Uint8Array.of(1, 5, 1, 2, 3, 4, 5)), decodeServerExtensions],
  ] as const) {
    assert.throws(
      () => decode(bad),
      (error: unknown) => error instanceof LayoutError,
      Buffer.from(bad).toString("hex"),
    );
  }
  const sent = encodeClientExtensions({ serverName: "a", recordLimit: 4096, earlyData: true, pqOnly: true });
  const types = [0, 5, 13, 17].map((at) => sent[at]! * 256 + sent[at + 1]!);
  assert.equal(types, [0x0000, 0x001c, 0x002a, 0xff01], "ascending");
});

const controls: readonly Control[] = [
  { type: "keyUpdate", time: 1_800_000_000_000, newKeyId: 1, kemPublic: new Uint8Array(1216).fill(1) },
  { type: "keyUpdateAck", newKeyId: 0xffffffff, ciphertext: new Uint8Array(1120).fill(2) },
  {
    type: "ticket",
    lifetime: 86_400,
    earlyLimit: 0,
    nonce: new Uint8Array(16).fill(3),
    ticket: new Uint8Array(4069).fill(4),
  },
  { type: "close", code: 4 },
  { type: "keyConfirm", newKeyId: 7 },
];

test("control messages", () => {
  for (const control of controls) {
    const plaintext = encodeControl(control);
    assert.equal(decodeControl(plaintext), control);
    assertStrict(plaintext, decodeControl);
  }
  assert.equal(decodeControl(encodeControl({ type: "pad", length: 9 })), { type: "pad", length: 9 });
  assert.throws(() => decodeControl(Uint8Array.of(6, 0, 1)), /PAD/);
  assert.throws(() => decodeControl(Uint8Array.of(0)), /control type/);
  assert.throws(() => decodeControl(Uint8Array.of(7)), /control type/);
  assert.throws(() => encodeControl({ type: "pad", length: 4096 }), /4096/);
  for (const lifetime of [0, 86_401]) {
    assert.throws(() => decodeControl(encodeControl({ ...controls[2]!, lifetime } as Control)), /lifetime/);
  }
});

test("garbage gives LayoutError or PeerError, and nothing else", () => {
  const decoders = [
    (bytes: Uint8Array) => messages.decodeClientHello(bytes),
    (bytes: Uint8Array) => messages.decodeServerHello(messages.decodeCommand(bytes)),
    (bytes: Uint8Array) => messages.decodeClientKeyPlaintext(bytes, 32),
    (bytes: Uint8Array) => messages.decodeClientKey(messages.decodeCommand(bytes)),
    decodeControl,
  ];
  fc.assert(
    fc.property(octets(0, 300), fc.nat(decoders.length - 1), (bytes, which) => {
      try {
        decoders[which]!(bytes);
      } catch (error) {
        assert.ok(error instanceof LayoutError || error instanceof PeerError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("a server_name is one string of octets: a byte order mark is part of it", () => {
  const data = Buffer.from("\ufeffserver.example");
  const bytes = new Writer().u16(0).v16(data).finish();
  assert.is(decodeClientExtensions(bytes).serverName, "\ufeffserver.example");
});

test.run();
