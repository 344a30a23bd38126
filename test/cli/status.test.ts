/** `qzmq status`: what it shows, and what it makes of servers that are no tunnel. */
import { createServer, type RequestListener, type Server } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { closeServers, connectionStatus, linkStatus, serviceStatus, serving } from "../observe/fixtures.ts";
import { within } from "../support/within.ts";
import { call } from "./run.ts";

const LIMIT = 20_000;
const others: Server[] = [];
const test = suite("qzmq status");
test.after.each(async () => {
  for (const server of others.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await closeServers();
});

const now = Math.floor(Date.now() / 1000);
const ask = (...argv: string[]) => within(LIMIT, call(["status", ...argv], { now }), "qzmq status");

async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  others.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test("the links, their connections and a refused reload, for people and as JSON", async () => {
  const link = linkStatus({
    ...{ connections: [connectionStatus({ peer: "a\u001b[2Jb\nc\u202e", queued: 7 })], messagesOut: 3 },
    ...{ oldListen: "tcp://127.0.0.1:9", oldRefused: 4, lastError: "gone" },
  });
  const told = { ...serviceStatus([link], "t.yaml:1: no\nt.yaml:2: nor that"), keyLog: true };
  const { url } = await serving({ status: () => told });
  const { code, out, err } = await ask("--url", url);
  assert.is(code, 0, err);
  assert.match(out, /^qzmq tunnel 0\.1\.0, process \d+, up 1 min, configuration \/etc\/qzmq\/tunnel\.yaml\n/);
  assert.match(
    out,
    /\nrefused at the last reload: t.yaml:1: no\nrefused at the last reload: t.yaml:2: nor that\n/,
  );
  assert.match(out, /\n1 of 1 links listen; connections 1, 0 so far/);
  assert.match(out, /\norders: listening, server, phase 2, .*\n {2}messages 3 out, 0 in;/);
  assert.match(
    out,
    /\n {2}old link tcp:\/\/127.0.0.1:9: 0 open, 0 so far, 4 refused\n {2}last failure: gone\n/,
  );
  assert.match(
    out,
    /\n {2}connection 1: DEALER, a\\u001b\[2Jb\\u000ac\\u202e, x25519.*, epoch 0, 7 queued\n$/,
  );
  assert.match(out, /\nKEY LOG: /);
  const json = await ask("--url", `${url}/`, "--json");
  assert.is(json.code, 0, json.err);
  assert.not.match(json.out.slice(0, -1), /[\p{Cc}\p{Cf}]/u);
  assert.equal(JSON.parse(json.out), JSON.parse(JSON.stringify(told)));
});

test("a link that does not listen is shown, and fails", async () => {
  const told = serviceStatus([linkStatus(), linkStatus({ name: "b", state: "not listening" })]);
  const { url } = await serving({ status: () => told });
  const { code, out, err } = await ask("--url", url);
  assert.is(code, 1);
  assert.match(out, /\nb: not listening/);
  assert.match(err, /not listening: b\n {2}fix: /);
});

test("servers that are no tunnel, and none at all", async () => {
  const endless: RequestListener = (_, response) => {
    const more = () => {
      while (response.write(Buffer.alloc(2 ** 20, 0x20))) {}
    };
    response.on("drain", more);
    more();
  };
  const cases: [string, RegExp][] = [
    [await answering((_, response) => response.writeHead(302, { location: "/" }).end()), /answers 302\n/],
    [await answering((_, response) => response.end("hello")), /not as a tunnel/],
    [await answering((_, response) => response.end("null")), /not as a tunnel/],
    [await answering((_, response) => response.end('{"name":"qzmq tunnel"}')), /not as a tunnel/],
    [await answering(endless), /answers more than \d+ octets/],
    [await answering((request) => request.socket.destroy()), /ECONNRESET/],
    ["http://127.0.0.1:1", /ECONNREFUSED\n/],
  ];
  for (const [url, expected] of cases) {
    const { code, out, err } = await ask("--url", url);
    assert.is(code, 1, err);
    assert.is(out, "");
    assert.match(err, expected);
    assert.match(err, /\n {2}fix: /);
  }
});

test("an answer cut short is told so", async () => {
  const url = await answering((_, response) => {
    response.writeHead(200, { "content-length": 100 });
    response.write("{", () => response.socket?.destroy());
  });
  const { code, err } = await ask("--url", url);
  assert.is(code, 1);
  assert.match(err, /no whole answer|ECONNRESET/);
});

test("addresses that are none; what may be a password is not repeated", async () => {
  for (const url of ["x", "https://127.0.0.1", "file:///etc/passwd", "http://me:hush@127.0.0.1"]) {
    const { code, err } = await ask("--url", url);
    assert.is(code, 2);
    assert.match(err, /--url: no address/);
    assert.not.match(err, /hush/);
  }
});

test.run();
