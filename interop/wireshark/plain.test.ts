/** ZMTP 3.1 without QZMQ: what libzmq says under NULL, PLAIN and CURVE, from recordings and from the interface itself. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { settled } from "../../test/secure/sockets.ts";
import { publishUntil, theirs } from "../libzmq/setup.ts";
import { noComplaint, PORT } from "./expectations.ts";
import { capture } from "./pcap.ts";
import { curve, plain, pubSub } from "./traffic.ts";
import { dissect, folder, type Row, SOURCES, scriptArgs, tshark, valuesOf, whyNot } from "./tshark.ts";

const excuse = whyNot();
if (excuse !== null) console.log(`skipped: the dissector under libzmq, since ${excuse}`);
const check = excuse === null ? test : test.skip;

const FIELDS = [
  ...["greeting.mechanism", "greeting.major", "greeting.as_server", "command.name", "metadata.name"],
  ...[
    "metadata.text",
    "message.text",
    "flags.more",
    "ping.ttl",
    "plain.username",
    "plain.password",
    "subscription",
  ],
].map((name) => `zmtp31.${name}`);
const all = (rows: readonly Row[], name: string) => valuesOf(rows, `zmtp31.${name}`);

check("NULL: greetings, metadata, subscriptions, messages in parts, heartbeats", async () => {
  const { recordings } = await pubSub();
  const rows = await dissect({ capture: capture(recordings, "as recorded", PORT) }, FIELDS);
  assert.equal(all(rows, "greeting.mechanism"), ["NULL", "NULL"]);
  assert.equal(all(rows, "greeting.major"), ["3", "3"]);
  const names = all(rows, "command.name");
  for (const name of ["READY", "SUBSCRIBE", "CANCEL", "PING", "PONG"]) assert.ok(names.includes(name), name);
  const texts = all(rows, "metadata.text");
  for (const type of ["PUB", "SUB"]) assert.ok(texts.includes(type), type);
  const subscriptions = all(rows, "subscription").map((hex) => Buffer.from(hex, "hex").toString());
  assert.equal(subscriptions, ["weather", "news", "news"]);
  const message = rows.find((row) => row["zmtp31.message.text"]!.includes("sunny"))!;
  assert.equal(message["zmtp31.message.text"], ["weather", "sunny"]);
  assert.equal(message["zmtp31.flags.more"]!.map(Number), [1, 0]);
  assert.ok(all(rows, "ping.ttl").includes("50"), "5000 ms in tenths of a second");
  noComplaint(rows);
});

check("PLAIN: what its name says", async () => {
  const { recordings } = await plain();
  const rows = await dissect({ capture: capture(recordings, "as recorded", PORT) }, FIELDS);
  assert.equal(all(rows, "greeting.mechanism"), ["PLAIN", "PLAIN"]);
  // libzmq leaves it zero on both sides under PLAIN.
  assert.equal(all(rows, "greeting.as_server"), ["0", "0"]);
  assert.equal(all(rows, "command.name"), ["HELLO", "WELCOME", "INITIATE", "READY"]);
  assert.equal(all(rows, "plain.username"), ["admin"]);
  assert.equal(all(rows, "plain.password"), ["s3cret"]);
  assert.ok(all(rows, "message.text").includes("hello"));
  noComplaint(rows);
});

check("CURVE: its commands by name, and nothing more", async () => {
  const { recordings } = await curve();
  const rows = await dissect({ capture: capture(recordings, "as recorded", PORT) }, FIELDS);
  assert.equal(all(rows, "greeting.mechanism"), ["CURVE", "CURVE"]);
  assert.equal(all(rows, "command.name").slice(0, 4), ["HELLO", "WELCOME", "INITIATE", "READY"]);
  assert.not(all(rows, "message.text").includes("hidden"));
  noComplaint(rows);
});

check("captured live from the loopback interface", async () => {
  const publisher = new theirs.Publisher({ linger: 0 });
  const subscriber = new theirs.Subscriber();
  const file = join(folder, "live.pcapng");
  try {
    await publisher.bind("tcp://127.0.0.1:*");
    const port = publisher.lastEndpoint!.split(":").at(-1)!;
    // It may run as another user, who can write nowhere: its output is ours.
    const watcher = spawn("tshark", ["-i", "lo", "-f", `tcp port ${port}`, "-w", file, "-q"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: folder },
    });
    const ended = once(watcher, "close");
    let said = "";
    const began = new Promise<boolean>((resolve) => {
      watcher.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.includes("Capturing on")) resolve(true);
      });
      watcher.on("close", () => resolve(false));
    });
    if (!(await settled(began, "tshark at work"))) {
      return console.log(`skipped: live capture, since tshark says ${said.trim().split("\n").at(-1)}`);
    }
    // "Capturing on" comes a moment before the capture begins: what is sent is sent until it is seen.
    subscriber.subscribe("weather");
    subscriber.connect(publisher.lastEndpoint!);
    await settled(publishUntil(publisher, ["weather", "sunny"], subscriber.receive()), "a publication");
    for (let tries = 0; tries < 50; tries++) {
      const { out } = await tshark([
        ...scriptArgs({ capture: file, ports: port }),
        ...["-Y", "zmtp31.message.text", "-T", "fields", "-e", "zmtp31.message.text"],
      ]).catch(() => ({ out: "" }));
      if (out.includes("sunny")) break;
      await publisher.send(["weather", "sunny"]);
    }
    watcher.kill("SIGINT");
    await settled(ended, "the end of tshark");
    const rows = await dissect({ capture: file, ports: port }, FIELDS);
    assert.ok(all(rows, "message.text").includes("sunny"));
  } finally {
    publisher.close();
    subscriber.close();
  }
});

check("installed as a plugin, it is found by itself", async () => {
  const { recordings } = await pubSub();
  const home = join(folder, "home");
  const plugins = join(home, ".local/lib/wireshark/plugins");
  mkdirSync(plugins, { recursive: true });
  cpSync(join(SOURCES, "qzmq.lua"), join(plugins, "qzmq.lua"));
  cpSync(join(SOURCES, "qzmq"), join(plugins, "qzmq"), { recursive: true });
  const { out } = await tshark(
    [
      "-r",
      capture(recordings, "as recorded", PORT),
      "-Y",
      "zmtp31",
      "-T",
      "fields",
      "-e",
      "zmtp31.command.name",
    ],
    home,
  );
  assert.match(out, /SUBSCRIBE/);
});

test.run();
