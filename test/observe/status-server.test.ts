/** The status server: what each path says, to whom, and what it refuses. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ENDPOINTS, hostOf, prefersHtml } from "../../src/observe/answers.ts";
import type { ServiceStatus } from "../../src/observe/status.ts";
import { StatusServer } from "../../src/observe/status-server.ts";
import { within } from "../support/within.ts";
import {
  ask,
  closeServers,
  connectionStatus,
  holds,
  LIMIT,
  linkStatus,
  raw,
  serviceStatus,
  serving,
} from "./fixtures.ts";

test.after.each(closeServers);

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

test("status as JSON, as it is at that time", async () => {
  let links = [linkStatus()];
  const { url } = await serving({ status: () => serviceStatus(links) });
  const first = await ask(url, "/qzmq/status");
  assert.equal([first.code, first.headers["content-type"]], [200, "application/json; charset=utf-8"]);
  assert.is((JSON.parse(first.body) as ServiceStatus).totals.connections, 0);
  links = [
    linkStatus({ connections: [connectionStatus(), connectionStatus({ id: 2, queued: 3 })], opened: 9 }),
  ];
  const {
    totals,
    links: shown,
    version,
  } = JSON.parse((await ask(url, "/qzmq/status?x=1")).body) as ServiceStatus;
  assert.equal(totals, {
    ...{ links: 1, listening: 1, connections: 2, opened: 9, failed: 0, refused: 0, queued: 3 },
    ...{ oldOpen: 0, oldAccepted: 0, oldRefused: 0 },
  });
  assert.equal(JSON.parse(JSON.stringify(links)), shown);
  assert.is(version, "0.1.0");
});

test("a browser gets the page, and what is on it may load nothing from elsewhere", async () => {
  const { url } = await serving();
  const { code, headers, body } = await ask(url, "/qzmq/status", { headers: { accept: BROWSER } });
  assert.equal([code, headers["content-type"]], [200, "text/html; charset=utf-8"]);
  assert.match(body, /^<!doctype html>/);
  const policy = String(headers["content-security-policy"]);
  assert.match(
    policy,
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}=';/,
  );
  assert.not.match(policy, "unsafe");
  assert.not.match(body.replace("http://www.w3.org/2000/svg", ""), /https?:/);
  assert.match(String(headers["vary"]), "Accept");
});

test("metrics, health, readiness", async () => {
  let links = [linkStatus()];
  const { url } = await serving({ status: () => serviceStatus(links), metrics: () => `a ${links.length}\n` });
  const metrics = await ask(url, "/qzmq/metrics");
  assert.equal([metrics.code, metrics.body], [200, "a 1\n"]);
  assert.is(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const ready = await ask(url, "/readyz");
  assert.equal([ready.code, ready.body], [200, "ready\n"]);
  links = [linkStatus(), linkStatus({ name: "quotes", state: "address in use" })];
  const unready = await ask(url, "/readyz");
  assert.equal([unready.code, unready.body], [503, "quotes: address in use\n"]);
  const alive = await ask(url, "/healthz");
  assert.equal([alive.code, alive.body], [200, "ok\n"]);
});

test("nothing is kept, sniffed, framed or shared, whatever the answer", async () => {
  const { url } = await serving();
  for (const path of [...Object.keys(ENDPOINTS), "/", "/qzmq/status/", "/qzmq"]) {
    const { code, headers } = await ask(url, path);
    assert.is(code, path in ENDPOINTS ? 200 : 404, path);
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'/);
    assert.is(headers["x-content-type-options"], "nosniff");
    assert.is(headers["cache-control"], "no-store");
    assert.is(headers["cross-origin-resource-policy"], "same-origin");
    assert.is(headers["access-control-allow-origin"], undefined);
  }
});

test("GET and HEAD, and nothing else", async () => {
  const { url } = await serving();
  const got = await ask(url, "/qzmq/metrics");
  const head = await ask(url, "/qzmq/metrics", { method: "HEAD" });
  assert.equal([head.code, head.body], [200, ""]);
  assert.is(head.headers["content-length"], got.headers["content-length"]);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]) {
    const { code, headers } = await ask(url, "/healthz", { method });
    assert.equal([code, headers["allow"]], [405, "GET, HEAD"], method);
  }
  const body = await ask(url, "/healthz", { headers: { "content-length": "3" }, body: "abc" });
  assert.equal([body.code, body.headers["connection"]], [400, "close"]);
  const endless = await ask(url, "/healthz", {
    method: "POST",
    headers: { "transfer-encoding": "chunked" },
    body: "abc",
  });
  assert.equal([endless.code, endless.headers["connection"]], [405, "close"]);
});

test("another site's name for this address is refused (DNS rebinding)", async () => {
  const { url } = await serving({ hosts: ["Gauge.Example"] });
  const { port } = new URL(url);
  for (const host of [
    "localhost",
    "LOCALHOST",
    "127.0.0.1",
    `127.0.0.1:${port}`,
    "[::1]:8080",
    "gauge.example:80",
  ]) {
    assert.is((await ask(url, "/qzmq/status", { headers: { host } })).code, 200, host);
  }
  for (const host of [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "[::1]x",
    "a:b",
  ]) {
    for (const path of Object.keys(ENDPOINTS)) {
      const { code, body } = await ask(url, path, { headers: { host } });
      assert.is(code, 421, `${host} ${path}`);
      assert.not.match(body, "evil");
    }
  }
  const empty = await raw(url, "GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n");
  assert.is(empty.split(" ")[1], "421", "an empty one");
  assert.is((await raw(url, "GET /healthz HTTP/1.1\r\n\r\n")).split(" ")[1], "400", "no Host at all");
  assert.is((await raw(url, "GET /healthz HTTP/1.0\r\n\r\n")).split(" ")[1], "421", "nor in HTTP/1.0");
});

test("an address that is not the loopback's is answered under its own name", async () => {
  const { url } = await serving({ address: "0.0.0.0" });
  const { port } = new URL(url);
  for (const own of ["127.0.0.1", "127.0.0.2"]) {
    assert.is((await ask(`http://${own}:${port}`, "/healthz")).code, 200, own);
  }
  const headers = { host: "127.0.0.3" };
  assert.is((await ask(`http://127.0.0.2:${port}`, "/healthz", { headers })).code, 421);
});

test("nothing of a request comes back", async () => {
  const { url } = await serving();
  const mark = "x-mark-7f3a";
  const all = [
    await raw(url, `GET /${mark} HTTP/1.1\r\nHost: localhost\r\nX-A: ${mark}\r\nConnection: close\r\n\r\n`),
    await raw(url, `${mark.toUpperCase()} / HTTP/1.1\r\nHost: localhost\r\n\r\n`),
    await raw(url, `GET /healthz HTTP/1.1\r\nHost: ${mark}\r\nConnection: close\r\n\r\n`),
    await raw(url, `GET http://${mark}/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    await raw(url, `GET /healthz?${mark}<script> HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
  ];
  assert.equal(
    all.map((text) => text.split(" ")[1]),
    ["404", "400", "421", "404", "200"],
  );
  for (const text of all) assert.not.match(text.toLowerCase(), mark);
});

test("headers and addresses have limits; malformed requests end their connection only", async () => {
  const { url } = await serving();
  const long = await raw(url, `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  assert.is(long.split(" ")[1], "431");
  const many = await raw(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(9000)}\r\n\r\n`);
  assert.is(many.split(" ")[1], "431");
  for (const octets of ["\x16\x03\x01\x00\x05hello", "GET\r\n\r\n", "\0\0\0\0\r\n\r\n"]) {
    assert.is((await raw(url, octets)).split(" ")[1], "400");
  }
  const smuggled =
    "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  assert.is((await raw(url, smuggled)).split(" ")[1], "400");
  assert.is((await ask(url, "/healthz")).code, 200);
});

test("what throws while it is told is a 500, reported here and not there", async () => {
  const reported: unknown[] = [];
  const fault = new Error("the cupboard is empty");
  const { url } = await serving({
    status: () => {
      throw fault;
    },
    metrics: () => {
      throw fault;
    },
    ready: () => {
      throw fault;
    },
    onError: (error) => reported.push(error),
  });
  for (const path of ["/qzmq/status", "/qzmq/metrics", "/readyz"]) {
    const { code, body } = await ask(url, path);
    assert.is(code, 500, path);
    assert.not.match(body, "cupboard");
  }
  assert.equal(reported, [fault, fault, fault]);
  assert.is((await ask(url, "/healthz")).code, 200);
});

test("an address in use is told; the port is free after close, whoever is connected", async () => {
  const first = await serving();
  const port = Number(new URL(first.url).port);
  const second = new StatusServer({
    port,
    status: () => serviceStatus([]),
    metrics: () => "",
    ready: () => [],
  });
  const error = await second.start().then(
    () => assert.unreachable("two servers on one port"),
    (reason: NodeJS.ErrnoException) => reason,
  );
  assert.is(error?.code, "EADDRINUSE");
  assert.is(second.url, "");
  await within(LIMIT, second.close(), "close of one that never listened");

  const idle = connect(port, "127.0.0.1");
  idle.on("error", () => {});
  await within(LIMIT, once(idle, "connect"), "connect");
  const gone = once(idle, "close");
  await within(LIMIT, first.close(), "close");
  await within(LIMIT, gone, "the end of an idle connection");
  await serving({ port });
});

test("idle connections cannot lock anybody out: the one silent for longest makes room", async () => {
  const { url } = await serving();
  const { port } = new URL(url);
  const sockets: Socket[] = [];
  const open = async () => {
    const socket = connect(Number(port), "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    await within(LIMIT, once(socket, "connect"), "connect");
    return socket;
  };
  const answered = async (socket: Socket) => {
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const [chunk] = (await within(LIMIT, once(socket, "data"), "an answer")) as [Buffer];
    assert.match(chunk.toString(), /^HTTP\/1.1 200/);
  };
  try {
    const asking = await open();
    await answered(asking);
    for (let i = 0; i < 63; i++) (await open()).write("GET /healthz HTTP/1.1\r\nX");
    await answered(asking);
    for (let i = 0; i < 63; i++) {
      await open();
      if (i === 31) await answered(asking);
    }
    await within(
      LIMIT,
      holds(() => sockets.filter(({ closed }) => closed).length === 63),
      "room",
    );
    assert.equal(
      sockets.map(({ closed }) => closed),
      [false, ...new Array(63).fill(true), ...new Array(63).fill(false)],
    );
    await answered(sockets.at(-1)!);
    await answered(asking);
    assert.is((await ask(url, "/healthz")).code, 200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("requests that come at once cost one making of the status, and of the metrics", async () => {
  let made = 0;
  const body = "x".repeat(100_000);
  const { url } = await serving({
    status: () => {
      made++;
      return serviceStatus([linkStatus({ lastError: body })]);
    },
    metrics: () => {
      made++;
      return body;
    },
  });
  for (const path of ["/qzmq/status", "/qzmq/metrics"]) {
    made = 0;
    const requests = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(200);
    const text = await raw(url, requests.replace(/\r\n\r\n$/, "\r\nConnection: close\r\n\r\n"));
    assert.is(text.split("HTTP/1.1 200").length - 1, 200, path);
    // The system may hand them over in a few pieces.
    assert.ok(made < 50, `${made} made`);
  }
});

test("mistakes are told at once", () => {
  const callbacks = { status: () => serviceStatus([]), metrics: () => "", ready: () => [] };
  for (const port of [-1, 1.5, 65_536, Number.NaN]) {
    assert.throws(() => new StatusServer({ port, ...callbacks }), /^port: a whole number/);
  }
});

test("the host of a Host header", () => {
  for (const [header, host] of [
    ["localhost", "localhost"],
    ["LocalHost:80", "localhost"],
    ["[::1]:8080", "::1"],
    ["[::1]", "::1"],
    ["127.0.0.1:", "127.0.0.1"],
    ["a:b", ""],
    ["[::1]x", ""],
    ["::1", ""],
    ["", ""],
  ] as const) {
    assert.is(hostOf(header), host, header);
  }
});

test("who prefers HTML", () => {
  for (const accept of [
    BROWSER,
    "text/html",
    "text/*",
    "application/json;q=0.5, text/html",
    "TEXT/HTML;Q=0.9",
  ]) {
    assert.is(prefersHtml(accept), true, accept);
  }
  for (const accept of [
    "",
    "*/*",
    "application/json",
    "text/html;q=0.5, application/json",
    "text/html;q=0",
    "nonsense;q=x",
  ]) {
    assert.is(prefersHtml(accept), false, accept);
  }
});

test.run();
