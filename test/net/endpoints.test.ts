/** Endpoints: what is accepted, what is refused and how, and what binding and connecting to them does. */

import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseEndpoint } from "../../src/net/endpoint.ts";
import { freeTcp } from "../support/free-port.ts";
import { type Bare, bare, type Cleanup, codeOf, codeThrown, folder, RawPeer, scenario } from "./harness.ts";

// Parsing.

const REFUSED: readonly [string, "bind" | "connect", string][] = [
  ["", "bind", "EINVAL"],
  ["tcp", "bind", "EINVAL"],
  ["tcp://", "bind", "EINVAL"],
  ["foo-bar", "connect", "EINVAL"],
  ["foo://bar", "connect", "EPROTONOSUPPORT"],
  ["udp://127.0.0.1:1", "bind", "EPROTONOSUPPORT"],
  ["pgm://x", "bind", "EPROTONOSUPPORT"],
  ["tcp://127.0.0.1", "connect", "EINVAL"],
  ["tcp://127.0.0.1:", "connect", "EINVAL"],
  ["tcp://:5555", "connect", "EINVAL"],
  ["tcp://127.0.0.1:0", "connect", "EINVAL"],
  ["tcp://127.0.0.1:*", "connect", "EINVAL"],
  ["tcp://*:5555", "connect", "EINVAL"],
  ["tcp://127.0.0.1:65536", "connect", "EINVAL"],
  ["tcp://127.0.0.1:-1", "connect", "EINVAL"],
  ["tcp://127.0.0.1:1e3", "connect", "EINVAL"],
  ["tcp://127.0.0.1:5555x", "connect", "EINVAL"],
  ["tcp://::1:5555", "connect", "EINVAL"],
  ["tcp://[::1:5555", "connect", "EINVAL"],
  ["tcp://[127.0.0.1]:5555", "connect", "EINVAL"],
  ["tcp://a b:5555", "connect", "EINVAL"],
  ["tcp://a/b:5555", "connect", "EINVAL"],
  ["tcp://1.1.1.1:1;2.2.2.2:2;3.3.3.3:3", "connect", "EINVAL"],
  ["tcp://1.1.1.1:1;2.2.2.2:2", "bind", "EINVAL"],
  ["ipc://", "bind", "EINVAL"],
  ["ipc://*", "connect", "EINVAL"],
  [`ipc:///tmp/${"x".repeat(103)}`, "bind", "ENAMETOOLONG"],
  [`ipc://${"\u00e9".repeat(54)}`, "bind", "ENAMETOOLONG"],
  ["inproc://", "bind", "EINVAL"],
  [`inproc://${"x".repeat(256)}`, "bind", "ENAMETOOLONG"],
];

for (const [address, use, code] of REFUSED) {
  test(`${use} "${address.slice(0, 60)}" is refused: ${code}`, () => {
    assert.is(
      codeThrown(() => parseEndpoint(address, use)),
      code,
    );
  });
}

test("host, port and source are found", () => {
  const at = (address: string, use: "bind" | "connect" = "connect") => {
    const endpoint = parseEndpoint(address, use);
    if (endpoint.transport !== "tcp") throw new Error("not tcp");
    return [endpoint.target, endpoint.source];
  };
  assert.equal(at("tcp://127.0.0.1:5555"), [{ host: "127.0.0.1", port: 5555 }, null]);
  assert.equal(at("tcp://[::1]:65535"), [{ host: "::1", port: 65_535 }, null]);
  assert.equal(at("tcp://[fe80::1%eth0]:1"), [{ host: "fe80::1%eth0", port: 1 }, null]);
  assert.equal(at("tcp://example.org:1"), [{ host: "example.org", port: 1 }, null]);
  assert.equal(at("tcp://*:*", "bind"), [{ host: "*", port: 0 }, null]);
  assert.equal(at("tcp://127.0.0.1:0", "bind"), [{ host: "127.0.0.1", port: 0 }, null]);
  assert.equal(at("tcp://127.0.0.1:0;127.0.0.2:5555"), [
    { host: "127.0.0.2", port: 5555 },
    { host: "127.0.0.1", port: 0 },
  ]);
  assert.equal(at("tcp://[::1]:7;[::1]:5555"), [
    { host: "::1", port: 5555 },
    { host: "::1", port: 7 },
  ]);
});

test("107 octets of path are accepted", () => {
  const path = `/${"x".repeat(106)}`;
  assert.equal(parseEndpoint(`ipc://${path}`, "bind"), { transport: "ipc", address: `ipc://${path}`, path });
});

// Binding and connecting.

/** Sends one message over what `endpoint` names. */
async function carries(cleanup: Cleanup, pull: Bare<"PULL">, endpoint: string, ipv6 = false): Promise<void> {
  const push = bare("PUSH", cleanup, { settings: { ipv6 } });
  push.hub.connect(endpoint);
  await push.send(endpoint);
  assert.is(String(await pull.receive()), endpoint);
  await push.hub.close();
}

const [loopback] = Object.entries(networkInterfaces()).find(([, all]) => all!.some((one) => one.internal))!;

for (const [written, bound] of [
  ["tcp://127.0.0.1:*", /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ["tcp://127.0.0.1:0", /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ["tcp://*:*", /^tcp:\/\/0\.0\.0\.0:\d+$/],
  ["tcp://localhost:*", /^tcp:\/\/127\.0\.0\.1:\d+$/],
  [`tcp://${loopback}:*`, /^tcp:\/\/127\.0\.0\.1:\d+$/],
] as const) {
  for (const how of ["bind", "bindSync"] as const) {
    test(
      `${how} ${written}: lastEndpoint tells the address, by which and by name it is reached`,
      scenario(async (cleanup) => {
        const pull = bare("PULL", cleanup);
        await pull.hub[how](written);
        const endpoint = pull.hub.lastEndpoint!;
        assert.match(endpoint, bound);
        const port = /\d+$/.exec(endpoint)![0];
        await carries(cleanup, pull, `tcp://127.0.0.1:${port}`);
        await carries(cleanup, pull, `tcp://localhost:${port}`);
      }),
    );
  }
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all!.some((one) => one.address === "::1"));

(hasIpv6 ? test : test.skip)(
  "IPv6: bound by address and by wildcard, reached over both families",
  scenario(async (cleanup) => {
    const one = bare("PULL", cleanup, { settings: { ipv6: true } });
    await one.hub.bind("tcp://[::1]:*");
    assert.match(one.hub.lastEndpoint!, /^tcp:\/\/\[::1\]:\d+$/);
    await carries(cleanup, one, one.hub.lastEndpoint!, true);
    const all = bare("PULL", cleanup, { settings: { ipv6: true } });
    await all.hub.bind("tcp://*:*");
    assert.match(all.hub.lastEndpoint!, /^tcp:\/\/\[::\]:\d+$/);
    const port = /\d+$/.exec(all.hub.lastEndpoint!)![0];
    await carries(cleanup, all, `tcp://[::1]:${port}`, true);
    await carries(cleanup, all, `tcp://127.0.0.1:${port}`);
  }),
);

test(
  "tcp://source;destination connects from that address",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    const target = pull.hub.lastEndpoint!.slice("tcp://".length);
    let from: string | undefined;
    const spy = net.createServer((socket) => {
      from = socket.remoteAddress;
      socket.destroy();
    });
    await new Promise<void>((resolve) => spy.listen(0, "127.0.0.1", resolve));
    cleanup(() => spy.close());
    const push = bare("PUSH", cleanup);
    push.hub.connect(`tcp://127.0.0.9:0;127.0.0.1:${(spy.address() as net.AddressInfo).port}`);
    await push.saw("disconnect");
    assert.is(from, "127.0.0.9");
    await carries(cleanup, pull, `tcp://127.0.0.9:0;${target}`);
  }),
);

test(
  "a name that does not resolve is tried again and throws nothing; binding to it is ENODEV",
  scenario(async (cleanup) => {
    const push = bare("PUSH", cleanup);
    push.hub.connect("tcp://no-such-host.invalid:5555");
    await push.saw("connect:retry", 2);
    const pull = bare("PULL", cleanup);
    assert.is(await codeOf(pull.hub.bind("tcp://no-such-host.invalid:5555")), "ENODEV");
    const failure = await pull.saw("bind:error");
    assert.is((failure as { address: string }).address, "no-such-host.invalid:5555");
  }),
);

test(
  "a bound port is EADDRINUSE, and an address of another machine EADDRNOTAVAIL",
  scenario(async (cleanup) => {
    const first = bare("PULL", cleanup);
    await first.hub.bind("tcp://127.0.0.1:*");
    for (const how of ["bind", "bindSync"] as const) {
      const second = bare("PULL", cleanup);
      const attempt = async (address: string) => second.hub[how](address);
      assert.is(await codeOf(attempt(first.hub.lastEndpoint!)), "EADDRINUSE");
      assert.is(await codeOf(attempt("tcp://192.0.2.1:5555")), "EADDRNOTAVAIL");
      assert.is(second.hub.lastEndpoint, null);
      assert.not(second.hub.attached);
    }
  }),
);

// ipc.

for (const how of ["bind", "bindSync"] as const) {
  test(
    `${how} ipc path: carries messages, and is gone after close`,
    scenario(async (cleanup) => {
      const path = join(folder(cleanup), "socket");
      const pull = bare("PULL", cleanup);
      await pull.hub[how](`ipc://${path}`);
      assert.is(pull.hub.lastEndpoint, `ipc://${path}`);
      await carries(cleanup, pull, `ipc://${path}`);
      await pull.hub.close();
      assert.not(existsSync(path));
    }),
  );

  test(
    `${how} ipc://*: a path in the temporary folder, which is removed`,
    scenario(async (cleanup) => {
      const before = new Set(readdirSync(tmpdir()));
      const pull = bare("PULL", cleanup);
      await pull.hub[how]("ipc://*");
      const endpoint = pull.hub.lastEndpoint!;
      assert.ok(endpoint.startsWith(`ipc://${tmpdir()}/`));
      await carries(cleanup, pull, endpoint);
      assert.is(await codeOf(pull.hub.unbind("ipc://*")), "ENOENT");
      await pull.hub.unbind(endpoint);
      const left = readdirSync(tmpdir()).filter((name) => name.startsWith("qzmq-") && !before.has(name));
      assert.not(left.some((name) => endpoint.includes(name)));
    }),
  );

  test(
    `${how} replaces a socket file that a dead process left`,
    scenario(async (cleanup) => {
      const path = join(folder(cleanup), "stale");
      const listen = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      spawnSync(process.execPath, ["-e", listen, path]);
      assert.ok(lstatSync(path).isSocket());
      const pull = bare("PULL", cleanup);
      await pull.hub[how](`ipc://${path}`);
      await carries(cleanup, pull, `ipc://${path}`);
    }),
  );

  test(
    `${how} leaves a file alone that is no socket`,
    scenario(async (cleanup) => {
      const path = join(folder(cleanup), "precious");
      writeFileSync(path, "data");
      const pull = bare("PULL", cleanup);
      assert.is(await codeOf((async () => pull.hub[how](`ipc://${path}`))()), "EADDRINUSE");
      assert.ok(lstatSync(path).isFile());
    }),
  );
}

test(
  "a path that somebody listens on is EADDRINUSE and goes on working",
  scenario(async (cleanup) => {
    const path = join(folder(cleanup), "taken");
    const first = bare("PULL", cleanup);
    await first.hub.bind(`ipc://${path}`);
    const second = bare("PULL", cleanup);
    assert.is(await codeOf(second.hub.bind(`ipc://${path}`)), "EADDRINUSE");
    await carries(cleanup, first, `ipc://${path}`);
  }),
);

test(
  "a path in a folder that is not there is refused",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    const code = await codeOf(pull.hub.bind(`ipc://${folder(cleanup)}/no/such`));
    assert.ok(code === "EACCES" || code === "ENOENT", String(code));
  }),
);

(process.platform === "linux" ? test : test.skip)(
  "ipc://@name lives in the abstract namespace, without a file",
  scenario(async (cleanup) => {
    const name = `@qzmq-test-${process.pid}`;
    writeFileSync(join(folder(cleanup), "witness"), "");
    for (const how of ["bind", "bindSync"] as const) {
      const pull = bare("PULL", cleanup);
      await pull.hub[how](`ipc://${name}`);
      assert.not(existsSync(name));
      await carries(cleanup, pull, `ipc://${name}`);
      const second = bare("PULL", cleanup);
      assert.is(await codeOf((async () => second.hub[how](`ipc://${name}`))()), "EADDRINUSE");
      await pull.hub.close();
    }
  }),
);

test(
  "bound again after unbind, many times, also with connections open",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    const endpoint = await freeTcp();
    await pull.hub.bind(endpoint);
    for (let i = 0; i < 10; i++) {
      const peer = await RawPeer.join(endpoint, "PUSH");
      await pull.hub.unbind(endpoint);
      await peer.gone();
      peer.socket.destroy();
      await pull.hub.bind(endpoint);
    }
    await carries(cleanup, pull, endpoint);
  }),
);

test.run();
