/** The three brokers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import { Pull, Push, Reply, Request, type Socket, Subscriber, XPublisher } from "../../src/index.ts";
import { within } from "../support/within.ts";
import { Call } from "./run.ts";

interface Context {
  folder: string;
  at: (name: string) => string;
  sockets: Socket[];
}
const test = suite<Context>("brokers at the command line");
test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
  context.folder = folder;
  context.at = (name) => `ipc://${join(folder, name)}`;
  context.sockets = [];
});
test.after.each(({ folder, sockets }) => {
  for (const socket of sockets) abandon(socket);
  rmSync(folder, { recursive: true });
});

const LIMIT = 20_000;

/** Starts a proxy, and waits until it is up. */
async function startProxy({ at }: Context, kind: string): Promise<Call> {
  const proxy = new Call(["proxy", kind, "--frontend", at("front"), "--backend", at("back")]);
  await within(LIMIT, proxy.printed(/frontend ipc:.*backend ipc:/), "the proxy");
  return proxy;
}

async function endProxy(proxy: Call): Promise<void> {
  proxy.interrupt();
  assert.is(await within(LIMIT, proxy.code, "the proxy's end"), 0, proxy.err);
  assert.match(proxy.err, /: ended\n$/);
}

test("proxy queue passes requests and replies", async (context) => {
  const proxy = await startProxy(context, "queue");
  const [request, reply] = [new Request(), new Reply()];
  context.sockets.push(request, reply);
  request.connect(context.at("front"));
  reply.connect(context.at("back"));
  await request.send("ask");
  assert.is(String(await reply.receive()), "ask");
  await reply.send("answer");
  assert.is(String(await request.receive()), "answer");
  await endProxy(proxy);
});

test("proxy forwarder passes subscriptions one way and messages the other", async (context) => {
  const proxy = await startProxy(context, "forwarder");
  const [publisher, subscriber] = [new XPublisher(), new Subscriber()];
  context.sockets.push(publisher, subscriber);
  publisher.connect(context.at("front"));
  subscriber.connect(context.at("back"));
  subscriber.subscribe("a");
  assert.equal([...(await publisher.receive())[0]!], [1, 0x61]);
  await publisher.send("b");
  await publisher.send("a");
  assert.is(String(await subscriber.receive()), "a");
  await endProxy(proxy);
});

test("proxy streamer passes what is pushed, and what it holds at its end", async (context) => {
  const proxy = await startProxy(context, "streamer");
  const [push, pull] = [new Push(), new Pull()];
  context.sockets.push(push, pull);
  push.connect(context.at("front"));
  pull.connect(context.at("back"));
  for (let i = 0; i < 100; i++) await push.send(String(i));
  assert.is(String(await pull.receive()), "0");
  // The last has come in when it can be received, so the proxy holds none that it could lose.
  for (let i = 1; i < 100; i++) assert.is(String(await pull.receive()), String(i));
  await endProxy(proxy);
});

test("proxy counts its peers in a line at a terminal", async (context) => {
  const argv = ["proxy", "streamer", "--frontend", context.at("f"), "--backend", context.at("b")];
  const proxy = new Call(argv, { showsProgress: true });
  await within(LIMIT, proxy.printed(/0 peers in front, 0 behind/), "the status");
  const push = new Push();
  push.connect(context.at("f"));
  await within(LIMIT, proxy.printed(/\r1 peers in front, 0 behind/), "the peer");
  const stranger = new Subscriber();
  stranger.connect(context.at("b"));
  await within(LIMIT, proxy.printed(/handshake failed/), "the stranger");
  stranger.close();
  push.close();
  await within(LIMIT, proxy.printed(/1 peers.*\r0 peers in front, 0 behind/s), "the peer's end");
  await endProxy(proxy);
  assert.not.match(proxy.err, /-\d+ (peers|behind)/);
});

test.run();
