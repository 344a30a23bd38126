/** Who does not come through a tunnel: wrong keys, ends that cannot talk, nobody at the far end, one too many. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { qzmq } from "../../src/index.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { encodeGreeting } from "../../src/wire/greeting.ts";
import { encodeMetadata } from "../../src/wire/metadata.ts";
import { bare, codeOf, frame, handshakeOf, RawPeer, RawServer, scenario, until } from "../net/harness.ts";
import { freeTcp } from "../support/free-port.ts";
import { alice, mallory, type Observed, pinned, startLink, tunnelTo } from "./tunnel-pair.ts";

/** Nothing but our greeting reached this program: it has no reason to stay away for good. */
async function closedPlainly(peer: RawPeer): Promise<void> {
  await peer.gone();
  assert.equal(peer.frames, [], "neither READY nor ERROR");
  peer.socket.destroy();
}

async function knock(endpoint: string, octets: Uint8Array): Promise<RawPeer> {
  const peer = await RawPeer.connect(endpoint);
  peer.socket.write(octets);
  return peer;
}

/** An honest program still comes through. */
async function comesThrough(client: Observed, raw: RawServer, connections: number): Promise<void> {
  const near = await knock(client.endpoint, handshakeOf("PUSH"));
  const far = await raw.join("PULL", connections);
  near.socket.write(frame(0, "honest"));
  await until(() => far.messages.length === 1, "the honest message");
  near.socket.destroy();
  far.socket.destroy();
}

for (const [who, changes] of [
  [
    "the client's key is not trusted",
    { client: { security: qzmq.client({ identity: mallory, trust: pinned(alice, "bob") }) } },
  ],
  [
    "the server's key is not trusted",
    { client: { security: qzmq.client({ identity: alice, trust: pinned(mallory, "bob") }) } },
  ],
  ["the client shows no key", { client: { security: qzmq.client({ trust: pinned(alice, "bob") }) } }],
] as const) {
  test(
    `${who}: the program is closed on plainly, the far one hears nothing`,
    scenario(async (cleanup) => {
      const raw = await RawServer.listen(cleanup);
      const { client } = await tunnelTo(raw.endpoint, cleanup, changes);
      await closedPlainly(await knock(client.endpoint, handshakeOf("PUSH")));
      const { leg, error } = await client.saw("failed");
      assert.is(leg, "secured");
      assert.match((error as { code?: unknown }).code as string, /^ERR_(QZMQ_AUTH|ZMTP_PEER_ERROR)$/);
      assert.is(raw.peers.length, 0);
      const status = client.link.status();
      assert.equal([status.opened, status.failed, status.connections.length], [0, 1, 0]);
      assert.match(status.lastError, /^secured leg: /);
    }),
  );
}

test(
  "socket types that cannot talk: neither program is told that the other is there",
  scenario(async (cleanup) => {
    const pub = bare("PUB", cleanup);
    await pub.hub.bind("tcp://127.0.0.1:*");
    const { client, server } = await tunnelTo(pub.hub.lastEndpoint!, cleanup);
    await closedPlainly(await knock(client.endpoint, handshakeOf("PUSH")));
    await client.saw("failed");
    await server.saw("failed");
    assert.not(pub.types().includes("handshake"));
  }),
);

for (const [what, octets] of [
  ["a socket type that nobody carries", handshakeOf("RADIO")],
  ["no socket type", Buffer.concat([encodeGreeting("NULL", false), encodeCommand("READY")])],
  ["an identity of 256 octets", handshakeOf("DEALER", "i".repeat(256))],
  [
    "more properties than a secured leg carries",
    Buffer.concat([
      encodeGreeting("NULL", false),
      encodeCommand(
        "READY",
        encodeMetadata([
          ["Socket-Type", Buffer.from("PUSH")],
          ["X-Large", Buffer.alloc(17_000)],
        ]),
      ),
    ]),
  ],
  ["another mechanism", encodeGreeting("PLAIN", false)],
  ["no greeting", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a message before READY", Buffer.concat([encodeGreeting("NULL", false), frame(0, "too early")])],
  ["reserved flags", Buffer.concat([encodeGreeting("NULL", false), Buffer.from([0xf8, 0])])],
  [
    "a READY without end",
    Buffer.concat([encodeGreeting("NULL", false), Buffer.from("0600000000ffffffff", "hex")]),
  ],
] as const) {
  test(
    `a plain peer with ${what}: only its connection ends, and nobody is dialled`,
    scenario(async (cleanup) => {
      const raw = await RawServer.listen(cleanup);
      const { client, server } = await tunnelTo(raw.endpoint, cleanup);
      const hostile = await knock(client.endpoint, octets);
      await hostile.gone();
      hostile.socket.destroy();
      assert.is((await client.saw("failed")).leg, "plain");
      assert.equal([raw.peers.length, server.events.length], [0, 0]);
      await comesThrough(client, raw, 0);
    }),
  );
}

for (const [what, octets] of [
  ["no greeting", Buffer.alloc(100, "x")],
  ["NULL", handshakeOf("PUSH")],
  [
    "QZMQ's greeting and a CLIENTHELLO of nonsense",
    Buffer.concat([encodeGreeting("QZMQ", false), encodeCommand("CLIENTHELLO", Buffer.alloc(300))]),
  ],
] as const) {
  test(
    `a peer of the secured side with ${what}: only its connection ends, and nobody is dialled`,
    scenario(async (cleanup) => {
      const raw = await RawServer.listen(cleanup);
      const { client, server } = await tunnelTo(raw.endpoint, cleanup);
      const hostile = await knock(server.endpoint, octets);
      await hostile.gone();
      hostile.socket.destroy();
      assert.is((await server.saw("failed")).leg, "secured");
      assert.is(raw.peers.length, 0);
      await comesThrough(client, raw, 0);
    }),
  );
}

test(
  "a plain peer that breaks the protocol later: the far program gets what was whole, and loses the connection",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { client } = await tunnelTo(raw.endpoint, cleanup, {
      client: { limits: { maxMessageSize: 1000 } },
    });
    const near = await knock(client.endpoint, handshakeOf("PUSH"));
    const far = await raw.join("PULL");
    near.socket.write(Buffer.concat([frame(0, "whole"), frame(0, Buffer.alloc(1001))]));
    await far.gone();
    assert.equal(far.messages, [["whole"]]);
    far.socket.destroy();
    await near.gone();
    near.socket.destroy();
    const { leg, error } = await client.saw("closed");
    assert.equal([leg, (error as { code?: unknown }).code], ["plain", "ERR_ZMTP_MESSAGE_TOO_LARGE"]);
    await comesThrough(client, raw, 1);
  }),
);

test(
  "nobody listens at the far end: the program comes back until somebody does",
  scenario(async (cleanup) => {
    const endpoint = await freeTcp();
    const { client, server } = await tunnelTo(endpoint, cleanup);
    const push = bare("PUSH", cleanup);
    push.hub.connect(client.endpoint);
    await push.send("patience");
    assert.is((await server.saw("failed")).leg, "plain");
    assert.is((await client.saw("failed")).leg, "secured");
    const pull = bare("PULL", cleanup);
    await pull.hub.bind(endpoint);
    assert.equal((await pull.receive()).map(String), ["patience"]);
  }),
);

test(
  "no server link: the program comes back until there is one",
  scenario(async (cleanup) => {
    const pull = bare("PULL", cleanup);
    await pull.hub.bind("tcp://127.0.0.1:*");
    const endpoint = await freeTcp();
    const client = await startLink("client", endpoint, cleanup);
    const push = bare("PUSH", cleanup);
    push.hub.connect(client.endpoint);
    await push.send("patience");
    const { error } = await client.saw("failed");
    assert.is((error as { code?: unknown }).code, "ECONNREFUSED");
    await startLink("server", pull.hub.lastEndpoint!, cleanup, { listen: endpoint });
    assert.equal((await pull.receive()).map(String), ["patience"]);
  }),
);

test(
  "one more than maxConnections is closed at once; a silent one makes room",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { client } = await tunnelTo(raw.endpoint, cleanup, { client: { limits: { maxConnections: 2 } } });
    const silent = await RawPeer.connect(client.endpoint);
    await until(() => client.link.status().connections.length === 1, "the silent one");
    const near = [];
    for (let i = 0; i < 2; i++) {
      near.push(await knock(client.endpoint, handshakeOf("PUSH")));
      await raw.join("PULL", i);
      await client.saw("opened", i + 1);
    }
    await silent.gone();
    silent.socket.destroy();
    const third = await knock(client.endpoint, handshakeOf("PUSH"));
    await third.gone();
    assert.is(third.octets, 0);
    third.socket.destroy();
    assert.is((await client.saw("refused")).times, 1);
    assert.is(client.link.status().refused, 1);
    for (const { socket } of near) socket.destroy();
    await client.saw("closed", 2);
    await comesThrough(client, raw, 2);
  }),
);

test(
  "who says nothing is closed on when its time is up, on either side",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const limits = { handshakeInterval: 50 };
    const { client, server } = await tunnelTo(raw.endpoint, cleanup, {
      client: { limits },
      server: { limits },
    });
    for (const link of [client, server]) {
      const silent = await RawPeer.connect(link.endpoint);
      await silent.gone();
      silent.socket.destroy();
      assert.is(((await link.saw("failed")).error as { code?: unknown }).code, "ERR_ZMTP_HANDSHAKE_TIMEOUT");
    }
  }),
);

test(
  "a far program that never answers: the near one is closed on when its time is up",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { client } = await tunnelTo(raw.endpoint, cleanup, {
      client: { limits: { handshakeInterval: 3000 } },
      server: { limits: { handshakeInterval: 3000 } },
    });
    const near = await knock(client.endpoint, handshakeOf("PUSH"));
    await raw.accept();
    await near.gone();
    assert.equal(near.frames, []);
    near.socket.destroy();
  }),
);

test(
  "an endpoint in use, or that is none",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    assert.is(
      await codeOf(startLink("client", raw.endpoint, cleanup, { listen: raw.endpoint })),
      "EADDRINUSE",
    );
    assert.is(await codeOf(startLink("client", "inproc://far", cleanup)), "EPROTONOSUPPORT");
    assert.is(
      await codeOf(startLink("client", raw.endpoint, cleanup, { listen: "tcp://nowhere" })),
      "EINVAL",
    );
    const old = { listen: raw.endpoint, connect: raw.endpoint };
    const half = startLink("server", raw.endpoint, cleanup, { old });
    assert.is(await codeOf(half), "EADDRINUSE");
  }),
);

test.run();
