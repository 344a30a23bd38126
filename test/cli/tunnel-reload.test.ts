/** `qzmq tunnel` takes over a new configuration: what goes on under traffic, what is refused, and what new files of trust change. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Pull, Push } from "../../src/index.ts";
import { within } from "../support/within.ts";
import {
  type Context,
  inTunnelFolders,
  LIMIT,
  pairOfLinks,
  pushThrough,
  reload,
  run,
  shared,
  start,
  statusOf,
  write,
} from "./tunnel-process.ts";

const test = suite<Context>("a tunnel that reloads");
inTunnelFolders(test);

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

test("a reload ends connections of a peer that was revoked meanwhile, and no others", async ({
  folder,
  children,
  sockets,
}) => {
  const links = await pairOfLinks(folder);
  const list = `${folder}/ca.crl`;
  await run(`cert revoke --ca @ca --list ${list}`);
  const second = { key: `${folder}/k.key`, certificates: `${folder}/k.crt` };
  await run(`keygen --out ${folder}/k`);
  await run(`cert issue --ca @ca --pub ${folder}/k.pub --name dropped --role client`);
  const dropped = { ...links["in"], listen: `ipc://${join(folder, "in2")}`, identity: second };
  const rest = { trust: { authorities: `${shared}/ca.crt`, revocation_lists: list } };
  const { child, url } = await start(children, write(folder, { ...links, dropped }, rest));
  const pull = new Pull();
  sockets.push(pull);
  await pull.bind(`ipc://${join(folder, "program")}`);
  for (const [listen, peer] of [
    ["in", "client"],
    ["in2", "dropped"],
  ]) {
    const push = new Push();
    sockets.push(push);
    push.connect(`ipc://${join(folder, listen!)}`);
    const ready = new RegExp(`"connection\\.ready","link":"out".*"peer":"${peer}"`);
    await within(LIMIT, child.printed(ready), `the connection of ${peer}`);
  }
  await run(`cert revoke --ca @ca --list ${list} ${folder}/k.crt`);
  assert.match(await reload(child, "loaded"), /"kept":4/);
  await within(LIMIT, child.printed(/"connection\.lost","link":"out"/), "the end of the revoked one");
  const { links: now_ } = await within(LIMIT, statusOf(url), "status");
  const peers = now_.find(({ name }) => name === "out")!.connections.map(({ peer }) => peer);
  assert.ok(peers.includes("client"));
  assert.not.ok(peers.includes("dropped"));
});

test.run();
