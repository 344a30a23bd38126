/** Messages on standard input and output: every format comes back as it was, in whatever pieces it arrives. */
import { Readable, Writable } from "node:stream";
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "../../src/cli/fault.ts";
import { type Format, formatMessage, readMessages } from "../../src/cli/format.ts";
import { Output, ReaderGone } from "../../src/cli/output.ts";
import { within } from "../support/within.ts";

const test = suite("formats of messages");

async function read(format: Format, ...chunks: (string | Buffer)[]): Promise<Buffer[][]> {
  const messages: Buffer[][] = [];
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  for await (const message of readMessages(input, format)) messages.push(message);
  return messages;
}

const texts = async (format: Format, ...chunks: (string | Buffer)[]) =>
  (await read(format, ...chunks)).map((frames) => frames.map(String));

const frame = fc.uint8Array({ maxLength: 12 }).map((octets) => Buffer.from(octets));
const messages = fc.array(fc.array(frame, { minLength: 1, maxLength: 4 }), { maxLength: 6 });

/** Cuts octets into chunks at some places. */
function pieces(octets: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (octets.length + 1)), octets.length])].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, i) => octets.subarray(places[i], end));
}

for (const format of ["json", "hex"] as const) {
  test(`${format} comes back as it was, in whatever pieces`, async () => {
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.nat(1000)), async (sent, cuts) => {
        const text = Buffer.concat(sent.map((message) => Buffer.from(formatMessage(message, format))));
        assert.equal(await read(format, ...pieces(text, cuts)), sent);
      }),
    );
  });
}

test("lines are messages of one frame, octet for octet", async () => {
  assert.equal(await texts("lines", "a\n\nb\tc \r\n", "d", "e\nf"), [
    ["a"],
    [""],
    ["b\tc \r"],
    ["de"],
    ["f"],
  ]);
  assert.equal(await read("lines", Buffer.of(0, 0xff, 0x0a, 0x80)), [
    [Buffer.of(0, 0xff)],
    [Buffer.of(0x80)],
  ]);
  assert.equal(await read("lines"), []);
  assert.equal(await texts("lines", "\n"), [[""]]);
});

test("a frame of a line is memory of its own", async () => {
  const chunk = Buffer.from("abc\ndef\n");
  const [first] = await read("lines", chunk);
  first![0]!.fill(0x78);
  assert.is(chunk.toString(), "abc\ndef\n");
});

test("binary is one message, and none for no octets", async () => {
  assert.equal(await texts("binary", "a\nb", "\nc"), [["a\nb\nc"]]);
  assert.equal(await read("binary"), []);
});

test("frames are printed as documented", () => {
  const message = [Buffer.from("é"), Buffer.alloc(0), Buffer.of(0xff, 0x0a)];
  assert.equal(
    formatMessage(message, "lines"),
    Buffer.concat([Buffer.from("é\t\t"), Buffer.of(0xff, 0x0a, 0x0a)]),
  );
  assert.is(formatMessage(message, "json"), '["é","",{"base64":"/wo="}]\n');
  assert.is(formatMessage(message, "hex"), "c3a9 - ff0a\n");
  assert.equal(formatMessage(message, "binary"), Buffer.concat(message));
  assert.is(formatMessage([Buffer.from("\ufeffx")], "json"), '["\\ufeffx"]\n');
});

test("JSON takes base64 with and without padding", async () => {
  assert.equal(await read("json", '[{"base64":"/w=="}, {"base64":"/w"}]\n'), [
    [Buffer.of(255), Buffer.of(255)],
  ]);
});

for (const [format, line, place] of [
  ["json", "hello", /no JSON/],
  ["json", '"hello"', /not an array/],
  ["json", "[]", /not an array/],
  ["json", '{"base64":"AA=="}', /not an array/],
  ["json", '["a", 1]', /element 2/],
  ["json", '["a", null]', /element 2/],
  ["json", '["a", ["b"]]', /element 2/],
  ["json", '["a", {"base64": 1}]', /element 2/],
  ["json", '["a", {"base64": "!"}]', /element 2/],
  ["json", '["a", {"base64": "AA==", "x": 1}]', /element 2/],
  ["json", '["a', /no JSON/],
  ["hex", "0a 0", /word 2/],
  ["hex", "0a zz", /word 2/],
  ["hex", "0a --", /word 2/],
  ["hex", "", /word 1/],
] as const) {
  test(`${format} ${JSON.stringify(line)} is refused by the number of its line`, async () => {
    const good = format === "json" ? '["good"]' : "00";
    const seen: Buffer[][] = [];
    const input = Readable.from([Buffer.from(`${good}\n${line}\n${good}\n`)]);
    try {
      for await (const message of readMessages(input, format)) seen.push(message);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, Fault);
      assert.match((error as Fault).message, /^standard input, line 2: /);
      assert.match((error as Fault).message, place);
      assert.is((error as Fault).exit, 1);
    }
    assert.is(seen.length, 1, "what came before it was given out");
  });
}

test("input is read no faster than messages are taken", async () => {
  let chunks = 0;
  const endless = new Readable({
    read() {
      chunks++;
      this.push(Buffer.from("line\n".repeat(1000)));
    },
  });
  let taken = 0;
  for await (const _ of readMessages(endless, "lines")) if (++taken === 1000) break;
  // The stream reads ahead up to its own mark of 64 KiB and no further.
  assert.ok(chunks < 30, String(chunks));
  assert.ok(endless.destroyed);
});

/** A stream that takes nothing before it is told to. */
class Slow extends Writable {
  readonly #held: (() => void)[] = [];
  octets = 0;

  constructor() {
    super({ highWaterMark: 10 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#held.push(() => {
      this.octets += chunk.length;
      done();
    });
  }

  take(): void {
    this.#held.shift()?.();
  }
}

test("output waits for its reader", async () => {
  const slow = new Slow();
  const out = new Output(slow);
  await out.write("1234");
  let done = false;
  const waiting = out.write("567890").then(() => {
    done = true;
  });
  await new Promise(setImmediate);
  assert.not.ok(done);
  slow.take();
  await new Promise(setImmediate);
  slow.take();
  await within(10_000, waiting, "the write");
  assert.is(slow.octets, 10);
});

for (const [code, expected] of [
  ["EPIPE", ReaderGone],
  ["ENOSPC", Fault],
] as const) {
  test(`output that ends with ${code} ends those who write and wait`, async () => {
    const slow = new Slow();
    const out = new Output(slow);
    const waiting = out.write("0123456789ab").then(
      () => null,
      (error: unknown) => error,
    );
    slow.destroy(Object.assign(new Error(`write ${code}`), { code }));
    assert.instance(await within(10_000, waiting, "the write"), expected);
    assert.instance(out.gone.reason, expected);
    for (const late of [out.write("x"), out.flush()]) {
      assert.instance(
        await late.then(
          () => null,
          (error: unknown) => error,
        ),
        expected,
      );
    }
  });
}

test.run();
