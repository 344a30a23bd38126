/** `qzmq tunnel` as a process: traffic through a reload, reloads that are refused, renewed certificates, starts that fail, ends in order. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import { Pull, Push, type Socket } from "../../src/index.ts";
import type { ServiceStatus } from "../../src/observe/status.ts";
import { within } from "../support/within.ts";
import { type Child, Children } from "./child.ts";
import { call } from "./run.ts";

const LIMIT = 25_000;
const shared = mkdtempSync(join(tmpdir(), "qzmq-tunnel-"));
const now = Math.floor(Date.now() / 1000);

interface Context {
  folder: string;
  children: Children;
  sockets: Socket[];
  servers: Server[];
}
const test = suite<Context>("the tunnel as a process");

/** Runs a command line; `@` begins files of the shared folder. */
async function run(line: string): Promise<void> {
  const argv = line.split(" ").map((word) => word.replace(/^@/, `${shared}/`));
  const { code, err } = await call(argv, { now });
  assert.is(code, 0, err);
}

test.before(async () => {
  await run("cert ca --out @ca --name root");
  for (const name of ["server", "client"]) {
    await run(`keygen --out @${name}`);
    await run(`cert issue --ca @ca --pub @${name}.pub --name ${name} --role ${name}`);
  }
});
test.after(() => rmSync(shared, { recursive: true }));
test.before.each((context) => {
  context.folder = mkdtempSync(join(shared, "t-"));
  context.children = new Children();
  context.sockets = [];
  context.servers = [];
});
test.after.each(async ({ children, sockets, servers }) => {
  for (const socket of sockets) abandon(socket);
  await children.end();
  for (const server of servers) server.close();
});

/** A port that nobody listens on, or that `servers` does. */
async function port(servers: Server[] | null = null): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: chosen } = server.address() as { port: number };
  if (servers === null) await new Promise((resolve) => server.close(resolve));
  else servers.push(server);
  return chosen;
}

const identity = (name: string) => ({ key: `${shared}/${name}.key`, certificates: `${shared}/${name}.crt` });

/** Programs at the two ends of {@link pairOfLinks}. */
async function pushThrough(folder: string, sockets: Socket[]): Promise<{ push: Push; pull: Pull }> {
  const [push, pull] = [new Push(), new Pull()];
  sockets.push(push, pull);
  await pull.bind(`ipc://${join(folder, "program")}`);
  push.connect(`ipc://${join(folder, "in")}`);
  return { push, pull };
}

interface Links {
  [name: string]: Record<string, unknown>;
}

/** A link in and a link out that belong together, and one beside them. */
async function pairOfLinks(folder: string): Promise<Links> {
  const secured = `tcp://127.0.0.1:${await port()}`;
  const at = (name: string) => `ipc://${join(folder, name)}`;
  return {
    in: {
      side: "client",
      listen: at("in"),
      connect: secured,
      server_name: "server",
      identity: identity("client"),
    },
    out: { side: "server", listen: secured, connect: at("program"), identity: identity("server") },
    spare: { side: "server", listen: at("spare"), connect: at("program"), identity: identity("server") },
  };
}

function write(folder: string, links: Links, rest: object = {}): string {
  const path = join(folder, "t.json");
  const whole = {
    trust: { authorities: `${shared}/ca.crt` },
    status: { port: 0 },
    log: { level: "debug" },
    ...rest,
    links,
  };
  writeFileSync(path, JSON.stringify(whole, null, 1));
  return path;
}

/** Starts a tunnel and waits until it serves its status, whose address is given back. */
async function start(children: Children, path: string): Promise<{ child: Child; url: string }> {
  const child = children.start(["tunnel", "--config", path]);
  const [, url] = await within(
    LIMIT,
    child.printed(/"status\.listening","url":"([^"]*)"/),
    "the status server",
  );
  return { child, url: url! };
}

async function statusOf(url: string): Promise<ServiceStatus> {
  return (await (await fetch(`${url}/qzmq/status`)).json()) as ServiceStatus;
}

/** Whether nobody serves status there. */
function refuses(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    () => false,
    () => true,
  );
}

/** Sends SIGHUP and waits for the line that says what came of it. */
async function reload(child: Child, event: "loaded" | "refused"): Promise<string> {
  const count = () => child.err.match(/"configuration\.(loaded|refused)"/g)?.length ?? 0;
  const before = count();
  child.process.kill("SIGHUP");
  await within(
    LIMIT,
    child.printed(new RegExp(`(?:"configuration\\.(?:loaded|refused)"[^\\n]*\\n[\\s\\S]*?){${before + 1}}`)),
    "the reload",
  );
  const lines = child.err.split("\n").filter((line) => /"configuration\.(loaded|refused)"/.test(line));
  const line = lines[before]!;
  assert.ok(line.includes(`configuration.${event}`), line);
  return line;
}

test("a reload under traffic: links that did not change keep their connections, and every message arrives once, in order", async ({
  folder,
  children,
  sockets,
}) => {
  const links = await pairOfLinks(folder);
  const { child, url } = await start(children, write(folder, links));
  const { push, pull } = await pushThrough(folder, sockets);
  let cut = 0;
  push.events.on("disconnect", () => cut++);
  pull.events.on("disconnect", () => cut++);
  let sent = 0;
  let going = true;
  const sending = (async () => {
    for (; going; sent++) {
      await push.send(String(sent));
      if (sent % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await push.send("end");
  })();
  let received = 0;
  const ordered = (async () => {
    for (;;) {
      const [message] = await pull.receive();
      if (String(message) === "end") return;
      assert.is(String(message), String(received++));
    }
  })();
  // Whatever fails first is told; these two then end with their sockets.
  sending.catch(() => {});
  ordered.catch(() => {});
  await within(LIMIT, child.printed(/"connection\.ready","link":"in"/), "the first connection");
  const connections = async () =>
    (await statusOf(url)).links
      .filter(({ name }) => name !== "spare")
      .map(({ connections: [one] }) => [one!.id, one!.since]);
  const before = await connections();

  write(folder, { ...links, spare: { ...links["spare"], phase: 2 } });
  assert.match(await reload(child, "loaded"), /"added":0,"changed":1,"removed":0,"kept":2/);
  write(folder, { in: links["in"]!, out: links["out"]! });
  assert.match(await reload(child, "loaded"), /"added":0,"changed":0,"removed":1,"kept":2/);
  const middle = received;
  while (received < middle + 500) await new Promise((resolve) => setTimeout(resolve, 5));
  write(folder, links);
  assert.match(await reload(child, "loaded"), /"added":1,"changed":0,"removed":0,"kept":2/);

  assert.equal(await connections(), before);
  going = false;
  await within(LIMIT, Promise.all([sending, ordered]), "the last message");
  assert.is(received, sent);
  assert.is(cut, 0);
  assert.ok(!child.err.includes("connection.lost"));

  // And a change of the link itself does cut it, and it comes back.
  write(folder, { ...links, in: { ...links["in"], phase: 2 } });
  assert.match(await reload(child, "loaded"), /"changed":1/);
  await push.send("again");
  assert.is(String((await within(LIMIT, pull.receive(), "a message after the restart"))[0]), "again");
});

test("a configuration that cannot be used leaves all as it was, and says so in the log and in the status", async ({
  folder,
  children,
  sockets,
}) => {
  const links = await pairOfLinks(folder);
  const path = write(folder, links);
  const { child, url } = await start(children, path);
  const { push, pull } = await pushThrough(folder, sockets);
  const passes = async (text: string) => {
    await push.send(text);
    assert.is(String((await within(LIMIT, pull.receive(), text))[0]), text);
  };
  await passes("before");
  const { configuration: first } = await statusOf(url);
  assert.is(first.error, "");
  for (const [breakIt, says] of [
    [() => writeFileSync(path, '{"links": '), /t\.json:1:11: the text ends where a value is expected/],
    [() => write(folder, { in: { ...links["in"], phase: 7 } }), /links\.in\.phase: 7 where 1, 2, 3 or 4/],
    [
      () => write(folder, { in: { ...links["in"], identity: { key: "gone.key" } } }),
      /links\.in\.identity\.key: .*gone\.key: no such file/,
    ],
    [() => rmSync(path), /t\.json: no such file/],
  ] as const) {
    breakIt();
    assert.match(await reload(child, "refused"), says);
    const { configuration, links: still } = await statusOf(url);
    assert.match(configuration.error, says);
    assert.is(configuration.loaded, first.loaded);
    assert.equal(
      still.map(({ name, state }) => [name, state]),
      [
        ["in", "listening"],
        ["out", "listening"],
        ["spare", "listening"],
      ],
    );
    await passes("between");
  }
  write(folder, links);
  await reload(child, "loaded");
  assert.is((await statusOf(url)).configuration.error, "");
  await passes("after");
  assert.is((child.err.match(/"connection\.ready","link":"in"/g) ?? []).length, 1);
});

test("a renewed certificate is shown to new peers, while old connections go on", async ({
  folder,
  children,
  sockets,
}) => {
  const links = await pairOfLinks(folder);
  const own = { key: `${folder}/k.key`, certificates: `${folder}/k.crt` };
  await run(`keygen --out ${folder}/k`);
  await run(`cert issue --ca @ca --pub ${folder}/k.pub --name former --role client`);
  const { child } = await start(children, write(folder, { ...links, in: { ...links["in"], identity: own } }));
  const pull = new Pull();
  sockets.push(pull);
  await pull.bind(`ipc://${join(folder, "program")}`);
  const sender = (): Push => {
    const push = new Push();
    sockets.push(push);
    push.connect(`ipc://${join(folder, "in")}`);
    return push;
  };
  const old = sender();
  await old.send("1");
  await within(LIMIT, child.printed(/"connection\.ready","link":"out".*"peer":"former"/), "the former name");
  await run(
    `cert issue --ca @ca --pub ${folder}/k.pub --name renewed --role client --out ${folder}/k.crt --force`,
  );
  assert.match(await reload(child, "loaded"), /"kept":3/);
  await sender().send("2");
  await within(LIMIT, child.printed(/"connection\.ready","link":"out".*"peer":"renewed"/), "the new name");
  await old.send("3");
  const got = new Set<string>();
  while (got.size < 3) got.add(String((await within(LIMIT, pull.receive(), "a message"))[0]));
  assert.not.match(child.err, /connection\.(closed|lost)/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends it in good order: exit code 0, no socket left, what was under way delivered`, async ({
    folder,
    children,
    sockets,
  }) => {
    const links = await pairOfLinks(folder);
    const { child, url } = await start(children, write(folder, links));
    const { push, pull } = await pushThrough(folder, sockets);
    await push.send("x");
    assert.is(String((await within(LIMIT, pull.receive(), "a message"))[0]), "x");
    child.process.kill(signal);
    assert.is(await within(LIMIT, child.end, "the end"), 0);
    assert.match(child.err, /"service\.stopping"[\s\S]*"service\.stopped"/);
    assert.equal(readdirSync(folder).sort(), ["program", "t.json"]);
    assert.ok(await refuses(url));
  });
}

test("a link that cannot listen at the start is named, and nothing runs", async ({
  folder,
  children,
  servers,
}) => {
  const links = await pairOfLinks(folder);
  const taken = `tcp://127.0.0.1:${await port(servers)}`;
  const child = children.start([
    "tunnel",
    "--config",
    write(folder, { ...links, out: { ...links["out"], listen: taken } }),
  ]);
  assert.is(await within(LIMIT, child.end, "the end"), 1);
  assert.match(
    child.err,
    new RegExp(
      `t\\.json: link out on ${taken}: Address already in use\\n {2}fix: another program listens there`,
    ),
  );
  assert.equal(readdirSync(folder), ["t.json"]);
});

test("the old link's listener is named as well as the other", async ({ folder, children, servers }) => {
  const links = await pairOfLinks(folder);
  const taken = `tcp://127.0.0.1:${await port(servers)}`;
  const old = { listen: taken, connect: "ipc:///nowhere" };
  const child = children.start([
    "tunnel",
    "--config",
    write(folder, { ...links, out: { ...links["out"], old } }),
  ]);
  assert.is(await within(LIMIT, child.end, "the end"), 1);
  assert.ok(child.err.includes(`link out on ${taken}: `), child.err);
});

test("status that cannot be served ends the start, and only fails at a reload", async ({
  folder,
  children,
  servers,
}) => {
  const links = await pairOfLinks(folder);
  const taken = await port(servers);
  const child = children.start(["tunnel", "--config", write(folder, links, { status: { port: taken } })]);
  assert.is(await within(LIMIT, child.end, "the end"), 1);
  assert.match(
    child.err,
    /t\.json:\d+: status on 127\.0\.0\.1 port \d+: [\s\S]*fix: another program listens there.*enabled: false/,
  );

  const { child: running, url } = await start(children, write(folder, links));
  write(folder, links, { status: { port: taken } });
  await reload(running, "loaded");
  await within(LIMIT, running.printed(/"status\.failed"/), "the failure");
  assert.is((await statusOf(url)).links.length, 3);

  const free = await port();
  write(folder, links, { status: { port: free } });
  await reload(running, "loaded");
  await within(
    LIMIT,
    running.printed(new RegExp(`"status\\.listening","url":"http://127\\.0\\.0\\.1:${free}"`)),
    "the move",
  );
  assert.is((await statusOf(`http://127.0.0.1:${free}`)).links.length, 3);

  write(folder, links, { status: { enabled: false } });
  await reload(running, "loaded");
  while (!(await refuses(`http://127.0.0.1:${free}`))) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("metrics of links and a link that is not ready", async ({ folder, children, servers }) => {
  const links = await pairOfLinks(folder);
  const { child, url } = await start(children, write(folder, links));
  const metrics = await (await fetch(`${url}/qzmq/metrics`)).text();
  for (const name of ["in", "out", "spare"])
    assert.ok(metrics.includes(`qzmq_handshakes_total{link="${name}"`), name);
  assert.is((await fetch(`${url}/readyz`)).status, 200);
  const taken = `tcp://127.0.0.1:${await port(servers)}`;
  write(folder, { ...links, more: { ...links["spare"], listen: taken } });
  assert.match(await reload(child, "loaded"), /"added":1,"changed":0,"removed":0,"kept":3/);
  assert.match(child.err, /"link\.failed","link":"more","error":"link more: .*Address already in use"/);
  assert.is((await fetch(`${url}/readyz`)).status, 503);
  assert.is((await statusOf(url)).links.find(({ name }) => name === "more")!.state, "not listening");
});

test("without the package yaml: YAML is refused with what to install, JSON works", async ({ folder }) => {
  const root = join(import.meta.dirname, "../../..");
  const away = join(folder, "away");
  mkdirSync(join(away, "node_modules"), { recursive: true });
  cpSync(join(root, "dist/src"), join(away, "src"), { recursive: true });
  cpSync(join(root, "package.json"), join(away, "package.json"));
  symlinkSync(join(root, "node_modules/@noble"), join(away, "node_modules/@noble"));
  const json = write(folder, await pairOfLinks(folder));
  const yaml = join(folder, "t.yaml");
  writeFileSync(yaml, "links: {}\n");
  const check = (path: string) =>
    spawnSync(
      process.execPath,
      ["--preserve-symlinks", join(away, "src/cli/main.js"), "config", "check", path],
      { encoding: "utf8" },
    );
  assert.is(check(json).status, 0, check(json).stderr);
  const { status, stderr } = check(yaml);
  assert.is(status, 1);
  assert.match(
    stderr,
    /t\.yaml:1:1: YAML is read by the package yaml, which is not installed\n {2}fix: npm install yaml; or write the file as JSON/,
  );
});

test.run();
