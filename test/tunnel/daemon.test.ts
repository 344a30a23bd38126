/** What a daemon says of itself while its links end, and how many reloads it lets wait. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Parsed, parseConfiguration } from "../../src/config/parse.ts";
import { Daemon } from "../../src/tunnel/daemon.ts";
import { ask, LIMIT, linkStatus } from "../observe/fixtures.ts";
import { within } from "../support/within.ts";

test("ready while it runs, not ready from the moment it was told to end, and alive until then", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-daemon-"));
  writeFileSync(join(folder, "pins"), `${"ab".repeat(32)}\n`);
  const text = JSON.stringify({
    ...{ trust: { pins: "pins" }, status: { port: 0 } },
    links: { a: { side: "client", listen: "tcp://127.0.0.1:1", connect: "tcp://127.0.0.1:2" } },
  });
  const { configuration } = await parseConfiguration(text, { file: "t.json", folder });
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const daemon = new Daemon({
    ...{ file: "t.json", linger: -1, log: { sink: () => {} } },
    ask: () => Promise.reject(new Error("nobody is there")),
    // The socket is closed at once in truth, but what waits in it is written for as long as it takes.
    makeLink: ({ name }) => ({
      start: () => Promise.resolve(),
      status: () => linkStatus({ name }),
      close: () => ended,
    }),
  });
  try {
    await within(LIMIT, daemon.start(configuration!), "start");
    const { url } = daemon;
    assert.is((await ask(url, "/readyz")).code, 200);
    const closing = daemon.close("told to");
    const { code, body } = await ask(url, "/readyz");
    assert.equal([code, body], [503, "closing\n"]);
    assert.is((await ask(url, "/healthz")).code, 200);
    end();
    await within(LIMIT, closing, "close");
    assert.is(daemon.url, "");
  } finally {
    end();
    await within(LIMIT, daemon.close("the test is over"), "close");
    rmSync(folder, { recursive: true });
  }
});

test("reloads asked for while one is under way are one, which reads what there is then", async () => {
  const daemon = new Daemon({
    ...{ file: "t.json", linger: 0, log: { sink: () => {} } },
    ask: () => Promise.reject(new Error("nobody is there")),
  });
  const { configuration } = await parseConfiguration("{}", { file: "t.json", folder: tmpdir() });
  let reads = 0;
  const goOn: (() => void)[] = [];
  const read = (): Promise<Parsed> => {
    reads++;
    return new Promise((resolve) => goOn.push(() => resolve({ configuration, problems: [] })));
  };
  const first = daemon.reload(read);
  await new Promise(setImmediate);
  assert.is(reads, 1);
  const others = Array.from({ length: 1000 }, () => daemon.reload(read));
  assert.is(new Set(others).size, 1);
  goOn[0]!();
  await within(LIMIT, first, "the first reload");
  await new Promise(setImmediate);
  assert.is(reads, 2);
  goOn[1]!();
  await within(LIMIT, Promise.all(others), "the others");
  assert.is(reads, 2);
  await within(LIMIT, daemon.close("the test is over"), "close");
});

test.run();
