/** The benchmarks: what they measure, and how they tell of it. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { within } from "../support/within.ts";
import { Call, call } from "./run.ts";

const test = suite("benchmarks at the command line");
const LIMIT = 20_000;

for (const endpoint of ["tcp://127.0.0.1:*", "ipc://*", "inproc://bench"]) {
  test(`bench measures over ${endpoint}`, async () => {
    for (const [measure, keys] of [
      ["throughput", ["seconds", "messagesPerSecond", "megabytesPerSecond"]],
      ["latency", ["mean", "median", "p99", "max"]],
    ] as const) {
      const argv = ["bench", measure, "--count", "500", "--size", "20", "--endpoint", endpoint, "--json"];
      const { code, out, err } = await within(LIMIT, call(argv), measure);
      assert.is(code, 0, err);
      const { measure: name, transport, suite: none, size, count, ...numbers } = JSON.parse(out);
      assert.equal([name, transport, none, size, count], [measure, endpoint.split(":")[0], null, 20, 500]);
      assert.equal(Object.keys(numbers), keys);
      for (const number of Object.values(numbers)) assert.ok((number as number) > 0, out);
    }
  });
}

for (const [options, expected] of [
  ["--suite mlkem1024", "mlkem1024/mldsa65/aes256gcm/sha384"],
  ["--suite hybrid768 --aead chacha20poly1305", "x25519+mlkem768/mldsa44/chacha20poly1305/sha256"],
  ["--pq-only", "mlkem768/mldsa44/aes256gcm/sha256"],
  ["--suite x25519 --mode classical", "x25519/ed25519/aes256gcm/sha256"],
  ["--suite 4,3,1,1", "x25519+mlkem768/mldsa65/aes256gcm/sha256"],
] as const) {
  test(`bench --qzmq ${options} measures that suite`, async () => {
    const argv = ["bench", "latency", "--count", "20", "--json", "--qzmq", ...options.split(" ")];
    const { code, out, err } = await within(LIMIT, call(argv), "bench");
    assert.is(code, 0, err);
    assert.is(JSON.parse(out).suite, expected);
  });
}

test("bench shows how far it is, at a terminal only", async () => {
  const argv = ["bench", "throughput", "--count", "1000"];
  const { out, err } = await within(LIMIT, call(argv, { showsProgress: true }), "bench");
  assert.match(err, /\rthroughput: 50%/);
  assert.match(out, /^\d+ messages a second of 100 octets, [\d.]+ MB\/s \(1000 in [\d.]+ s\)\n$/);
  assert.is((await within(LIMIT, call(argv), "bench")).err, "");
});

test("bench can be interrupted", async () => {
  const running = new Call(["bench", "throughput", "--count", "1000000000"], { showsProgress: true });
  await within(LIMIT, running.printed(/0%/), "the begin");
  running.interrupt();
  assert.is(await within(LIMIT, running.code, "the end"), 1);
  assert.match(running.err, /interrupted: nothing was measured/);
});

test.run();
