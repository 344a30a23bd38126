/** `qzmq tunnel` as a process: starts that fail, ends in order, what it serves and what it needs. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "../support/free-port.ts";
import { within } from "../support/within.ts";
import {
  type Context,
  inTunnelFolders,
  LIMIT,
  pairOfLinks,
  pushThrough,
  refuses,
  reload,
  start,
  statusOf,
  takenPort,
  write,
} from "./tunnel-process.ts";

const test = suite<Context>("the tunnel as a process");
inTunnelFolders(test);

test("--keylog needs the variable too, and then is told by log and status", async ({ folder, children }) => {
  const path = write(folder, await pairOfLinks(folder));
  const file = join(folder, "secrets");
  const argv = ["tunnel", "--config", path, "--keylog"];
  const refused = children.start(argv);
  assert.is(await within(LIMIT, refused.end, "the refusal"), 1);
  assert.match(refused.err, /: --keylog: set the environment variable QZMQKEYLOGFILE.*\n {2}fix: /);
  process.env["QZMQKEYLOGFILE"] = file;
  try {
    const child = children.start(argv);
    const [, url] = await within(LIMIT, child.printed(/"status\.listening","url":"([^"]*)"/), "status");
    assert.match(child.err, /"keylog\.open","link":"in","file":"[^"]*secrets"/);
    assert.match(child.err, /QZMQ_KEY_LOG/);
    assert.is((await statusOf(url!)).keyLog, true);
  } finally {
    delete process.env["QZMQKEYLOGFILE"];
  }
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
  const taken = `tcp://127.0.0.1:${await takenPort(servers)}`;
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
  const taken = `tcp://127.0.0.1:${await takenPort(servers)}`;
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
  const taken = await takenPort(servers);
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

  const free = await freePort();
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
  const taken = `tcp://127.0.0.1:${await takenPort(servers)}`;
  write(folder, { ...links, more: { ...links["spare"], listen: taken } });
  assert.match(await reload(child, "loaded"), /"added":1,"changed":0,"removed":0,"kept":3/);
  assert.match(child.err, /"link\.failed","link":"more","error":"link more: .*Address already in use"/);
  assert.is((await fetch(`${url}/readyz`)).status, 503);
  const after = await (await fetch(`${url}/qzmq/metrics`)).text();
  assert.ok(after.includes('qzmq_link_up{link="more"} 0'), after);
  assert.ok(after.includes('qzmq_link_up{link="spare"} 1'), after);
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
