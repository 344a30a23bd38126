/** Every pattern through a tunnel, and what a program sees of its true peer. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeCommand } from "../../src/wire/command.ts";
import { decodeMetadata, property } from "../../src/wire/metadata.ts";
import { bare, folder, RawServer, scenario } from "../net/harness.ts";
import { tunnelTo } from "./tunnel-pair.ts";

const strings = (message: readonly Buffer[]): string[] => message.map(String);

test(
  "PUSH to PULL: all messages, in order, whole",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    const { client, server } = await tunnelTo(pull.hub.lastEndpoint!, cleanup);
    const push = bare("PUSH", cleanup);
    push.hub.connect(client.endpoint);
    const sending = (async () => {
      for (let i = 0; i < 5000; i++) await push.send(`${i}`, Buffer.alloc(i % 300, i));
    })();
    for (let i = 0; i < 5000; i++) {
      const [number, body] = await pull.receive();
      assert.is(String(number), `${i}`);
      assert.equal(body, Buffer.alloc(i % 300, i));
    }
    await sending;
    const [out] = client.link.status().connections;
    assert.is(out!.messagesOut, 5000);
    assert.is(out!.messagesIn, 0);
    assert.is(out!.socketType, "PUSH");
    assert.is(out!.peer, "bob");
    const [back] = server.link.status().connections;
    assert.is(back!.messagesIn, 5000);
    assert.is(back!.bytesIn, out!.bytesOut);
    assert.is(back!.socketType, "PULL");
    assert.is(back!.peer, "alice");
    assert.match(back!.suite, /mlkem/);
  }),
);

test(
  "REQ and REP, over ipc on both plain legs",
  scenario(async (cleanup) => {
    const path = folder(cleanup);
    const rep = bare("REP", cleanup);
    await rep.hub.bind(`ipc://${path}/rep`);
    const { client } = await tunnelTo(`ipc://${path}/rep`, cleanup, {
      client: { listen: `ipc://${path}/tunnel` },
    });
    const req = bare("REQ", cleanup);
    req.hub.connect(client.endpoint);
    for (let i = 0; i < 20; i++) {
      await req.send(`question ${i}`);
      assert.equal(strings(await rep.receive()), [`question ${i}`]);
      await rep.send(`answer ${i}`, "more");
      assert.equal(strings(await req.receive()), [`answer ${i}`, "more"]);
    }
  }),
);

test(
  "ROUTER hears each DEALER by its own routing id, and they hear it",
  scenario(async (cleanup) => {
    const router = bare("ROUTER", cleanup);
    await router.hub.bind("tcp://127.0.0.1:*");
    const { client, server } = await tunnelTo(router.hub.lastEndpoint!, cleanup);
    const names = ["one", "two", "three"];
    const dealers = names.map((name) => {
      const dealer = bare("DEALER", cleanup, { pattern: { routingId: Buffer.from(name) } });
      dealer.hub.connect(client.endpoint);
      return dealer;
    });
    for (const [i, dealer] of dealers.entries()) {
      await dealer.send("from", names[i]!);
      assert.equal(strings(await router.receive()), [names[i]!, "from", names[i]!]);
      await router.send(names[i]!, "to", names[i]!);
      assert.equal(strings(await dealer.receive()), ["to", names[i]!]);
    }
    assert.is(client.link.status().connections.length, 3);
    assert.is(server.link.status().opened, 3);
  }),
);

test(
  "a ROUTER that connects is heard by its routing id too: properties cross both ways",
  scenario(async (cleanup) => {
    const near = bare("ROUTER", cleanup, { pattern: { routingId: Buffer.from("near") } });
    const far = bare("ROUTER", cleanup, { pattern: { routingId: Buffer.from("far") } });
    await far.hub.bind("tcp://127.0.0.1:*");
    const { client } = await tunnelTo(far.hub.lastEndpoint!, cleanup);
    near.hub.connect(client.endpoint);
    await near.saw("handshake");
    await far.saw("handshake");
    await near.send("far", "hello");
    assert.equal(strings(await far.receive()), ["near", "hello"]);
    await far.send("near", "hello back");
    assert.equal(strings(await near.receive()), ["far", "hello back"]);
  }),
);

test(
  "XPUB sees subscriptions made and withdrawn; SUB gets what it asked for",
  scenario(async (cleanup) => {
    const xpub = bare("XPUB", cleanup);
    await xpub.hub.bind("tcp://127.0.0.1:*");
    const { client } = await tunnelTo(xpub.hub.lastEndpoint!, cleanup);
    const sub = bare("SUB", cleanup);
    sub.hub.connect(client.endpoint);
    sub.pattern.subscribe(Buffer.from("weather"));
    assert.equal(strings(await xpub.receive()), ["\x01weather"]);
    await xpub.send("weather", "rain");
    await xpub.send("sports", "1:0");
    await xpub.send("weather.local", "sun");
    assert.equal(strings(await sub.receive()), ["weather", "rain"]);
    assert.equal(strings(await sub.receive()), ["weather.local", "sun"]);
    sub.pattern.unsubscribe(Buffer.from("weather"));
    assert.equal(strings(await xpub.receive()), ["\x00weather"]);
    sub.pattern.subscribe(Buffer.from("sports"));
    assert.equal(strings(await xpub.receive()), ["\x01sports"]);
    await xpub.send("weather", "snow");
    await xpub.send("sports", "2:0");
    assert.equal(strings(await sub.receive()), ["sports", "2:0"]);
  }),
);

test(
  "PUB that connects, XSUB that is bound",
  scenario(async (cleanup) => {
    const xsub = bare("XSUB", cleanup);
    await xsub.hub.bind("tcp://127.0.0.1:*");
    const { client } = await tunnelTo(xsub.hub.lastEndpoint!, cleanup);
    const xpub = bare("XPUB", cleanup);
    xpub.hub.connect(client.endpoint);
    await xsub.send(Buffer.from("\x01a"));
    assert.equal(strings(await xpub.receive()), ["\x01a"]);
    await xpub.send("b", "unwanted");
    await xpub.send("a", "wanted");
    assert.equal(strings(await xsub.receive()), ["a", "wanted"]);
  }),
);

test(
  "PAIR, both ways",
  scenario(async (cleanup) => {
    const bound = bare("PAIR", cleanup);
    await bound.hub.bind("tcp://127.0.0.1:*");
    const { client } = await tunnelTo(bound.hub.lastEndpoint!, cleanup);
    const connected = bare("PAIR", cleanup);
    connected.hub.connect(client.endpoint);
    await connected.send("to");
    assert.equal(strings(await bound.receive()), ["to"]);
    await bound.send("and", "fro");
    assert.equal(strings(await connected.receive()), ["and", "fro"]);
  }),
);

test(
  "large, empty and many-framed messages arrive as they were sent",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    const { client } = await tunnelTo(pull.hub.lastEndpoint!, cleanup);
    const push = bare("PUSH", cleanup);
    push.hub.connect(client.endpoint);
    const messages = [
      [Buffer.alloc(0)],
      [Buffer.alloc(20_000_000, "large")],
      Array.from({ length: 2000 }, (_, i) => Buffer.alloc(i % 5, i)),
      [Buffer.alloc(0), Buffer.alloc(255, 1), Buffer.alloc(256, 2), Buffer.alloc(65_536, 3), Buffer.alloc(0)],
      [Buffer.from("last")],
    ];
    for (const message of messages) await push.send(...message);
    for (const message of messages)
      assert.ok(Buffer.concat(await pull.receive()).equals(Buffer.concat(message)));
  }),
);

test(
  "a program hears its peer's properties, and by User-Id who it is; what a program says of itself there is dropped",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { client } = await tunnelTo(raw.endpoint, cleanup);
    const dealer = bare("DEALER", cleanup, { pattern: { routingId: Buffer.from("me") } });
    dealer.hub.connect(client.endpoint);
    const peer = await raw.join("ROUTER");
    const metadata = decodeMetadata(decodeCommand(peer.frames[0]!.body).data);
    const text = (name: string): string => Buffer.from(property(metadata, name) ?? []).toString();
    assert.is(text("Socket-Type"), "DEALER");
    assert.is(text("Identity"), "me");
    assert.is(text("User-Id"), "alice");
    assert.is(property(metadata, "X-Pad"), undefined);
    await dealer.saw("handshake");
  }),
);

test.run();
