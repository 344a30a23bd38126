/** What a daemon says of itself while its links end, how many reloads it lets wait, and where it serves its status after them. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Parsed, parseConfiguration } from "../../src/config/parse.ts";
import { StatusServer } from "../../src/observe/status-server.ts";
import { Daemon } from "../../src/tunnel/daemon.ts";
import { ask, LIMIT, linkStatus } from "../observe/fixtures.ts";
import { freePort } from "../support/free-port.ts";
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

/** A daemon that serves its status on a free port; `move` reloads with other settings of that. */
async function onAFreePort(run: (it: Served) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-daemon-"));
  writeFileSync(join(folder, "pins"), `${"ab".repeat(32)}\n`);
  const lines: string[] = [];
  const daemon = new Daemon({
    ...{ file: "t.json", linger: 0, log: { sink: (line: string) => void lines.push(line) } },
    ask: () => Promise.reject(new Error("nobody is there")),
    makeLink: ({ name }) => ({
      start: () => Promise.resolve(),
      status: () => linkStatus({ name }),
      close: () => Promise.resolve(),
    }),
  });
  const links = { a: { side: "client", listen: "tcp://127.0.0.1:1", connect: "tcp://127.0.0.1:2" } };
  const parse = (status: object) =>
    parseConfiguration(JSON.stringify({ trust: { pins: "pins" }, status, links }), {
      file: "t.json",
      folder,
    });
  try {
    const port = await freePort();
    const { configuration } = await parse({ port });
    await within(LIMIT, daemon.start(configuration!), "start");
    const move = async (status: object): Promise<string[]> => {
      lines.length = 0;
      await within(
        LIMIT,
        daemon.reload(() => parse(status)),
        "reload",
      );
      return lines.filter((line) => line.includes("status.")).map((line) => JSON.parse(line).error ?? line);
    };
    await run({ daemon, port, move });
  } finally {
    await within(LIMIT, daemon.close("the test is over"), "close");
    rmSync(folder, { recursive: true });
  }
}

interface Served {
  readonly daemon: Daemon;
  readonly port: number;
  /** Returns what was logged of the status. */
  readonly move: (status: object) => Promise<string[]>;
}

/** An address that no machine has (RFC 5737). */
const NOWHERE = { address: "192.0.2.1", allow_remote: true };

const alive = async (url: string): Promise<boolean> => (await ask(url, "/healthz")).code === 200;
const refused = (url: string): Promise<boolean> =>
  alive(url).then(
    () => false,
    () => true,
  );

test("a reload moves the status to another port, and to nowhere", async () => {
  await onAFreePort(async ({ daemon, move }) => {
    const { url } = daemon;
    await move({ port: await freePort(), hosts: ["a.example"] });
    assert.is.not(daemon.url, url);
    assert.ok(await alive(daemon.url));
    assert.ok(await refused(url));
    const next = daemon.url;
    await move({ enabled: false });
    assert.is(daemon.url, "");
    assert.ok(await refused(next));
  });
});

test("a reload that cannot have a new port for the status leaves it where it was, and says so", async () => {
  const other = createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const taken = (other.address() as AddressInfo).port;
  try {
    await onAFreePort(async ({ daemon, move }) => {
      const { url } = daemon;
      const [error, ...more] = await move({ port: taken });
      assert.match(error!, new RegExp(`^status 127.0.0.1 port ${taken}: .*EADDRINUSE.*; ${url} serves on$`));
      assert.equal(more, []);
      assert.is(daemon.url, url);
      assert.ok(await alive(url));
    });
  } finally {
    other.close();
  }
});

test("nor does one that cannot have a new address with the same port", async () => {
  await onAFreePort(async ({ daemon, port, move }) => {
    const { url } = daemon;
    const said = await move({ ...NOWHERE, port });
    assert.match(said.at(-1)!, new RegExp(`^status 192.0.2.1 port ${port}: .*; ${url} serves on$`));
    assert.is(daemon.url, url);
    assert.ok(await alive(url));
  });
});

test("a status with other host names stays on its port", async () => {
  await onAFreePort(async ({ daemon, port, move }) => {
    const named = async () => (await ask(daemon.url, "/healthz", { headers: { host: "a.example" } })).code;
    assert.is.not(await named(), 200);
    await move({ port, hosts: ["a.example"] });
    assert.is(new URL(daemon.url).port, String(port));
    assert.is(await named(), 200);
  });
});

test("a status that cannot even be brought back is reported, and gone", async () => {
  await onAFreePort(async ({ daemon, port, move }) => {
    const { start } = StatusServer.prototype;
    StatusServer.prototype.start = () => Promise.reject(new Error("no such luck"));
    try {
      const said = await move({ ...NOWHERE, port });
      assert.equal(said, [
        `status 127.0.0.1 port ${port}: no such luck`,
        `status 192.0.2.1 port ${port}: no such luck`,
      ]);
    } finally {
      StatusServer.prototype.start = start;
    }
    assert.is(daemon.url, "");
    await move({ port: 0 });
    assert.ok(await alive(daemon.url));
  });
});

test.run();
