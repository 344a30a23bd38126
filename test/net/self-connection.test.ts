/** A TCP connection with itself is no peer: for sockets, for both legs of a tunnel and for the old link beside it. */
import { existsSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectOptions } from "../../src/net/endpoint.ts";
import { Environment } from "../../src/net/environment.ts";
import { ReadBuffer } from "../../src/net/read-buffer.ts";
import { cutSelfConnection } from "../../src/net/self-connection.ts";
import { freePort, freeTcp } from "../support/free-port.ts";
import { startLink, tunnelTo } from "../tunnel/tunnel-pair.ts";
import { bare, folder, handshakeOf, pause, RawPeer, RawServer, scenario, until } from "./harness.ts";

/** An endpoint on which nobody listens, and to which one connects from that very address and port. */
async function oneself(): Promise<string> {
  const place = `127.0.0.1:${await freePort()}`;
  return `tcp://${place};${place}`;
}

/** TIME_WAIT in /proc/net/tcp. */
const TIME_WAIT = "06";

/** States of the system's TCP sockets on a port of 127.0.0.1; null where the system does not tell. */
function statesOf(port: number): string[] | null {
  const table = "/proc/net/tcp";
  if (!existsSync(table)) return null;
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(table, "utf8").split("\n").slice(1, -1);
  return rows.map((row) => row.trim().split(/\s+/)).flatMap((row) => (row[1] === local ? [row[3]!] : []));
}

for (const type of ["PAIR", "DEALER", "REQ", "PUSH"] as const) {
  test(
    `${type}: a connection with itself is a refused one, after which others are tried`,
    scenario(async (cleanup) => {
      const socket = bare(type, cleanup, { settings: { reconnectInterval: 4 } });
      socket.hub.connect(await oneself());
      await socket.saw("connect:retry", 5);
      const attempt = ["connect:delay", "close", "connect:retry"];
      assert.equal(socket.types().slice(0, 15), Array.from({ length: 5 }, () => attempt).flat());
      const intervals = socket.events.flatMap((it) => (it.type === "connect:retry" ? [it.interval] : []));
      // As after any attempt that found nobody, and not as after a peer that was of no use.
      assert.ok(
        intervals.every((ms) => ms >= 4 && ms <= 8),
        String(intervals),
      );
    }),
  );
}

test(
  "the port is free at once for whoever should listen there, and what was sent meanwhile reaches them",
  scenario(async (cleanup) => {
    const port = await freePort();
    const endpoint = `tcp://127.0.0.1:${port}`;
    const environment = new Environment();
    const connect = environment.readBuffer.connect.bind(environment.readBuffer);
    let alone = true;
    // The system chooses the same port by chance alone.
    environment.readBuffer.connect = (options) =>
      connect(alone ? { ...options, localAddress: "127.0.0.1", localPort: port } : options);
    const pair = bare("PAIR", cleanup, { environment, settings: { reconnectInterval: 1 } });
    pair.hub.connect(endpoint);
    await pair.send("for the other");
    await pair.saw("connect:retry", 3);
    alone = false;
    await pair.saw("connect:retry", 5);
    assert.not((statesOf(port) ?? []).includes(TIME_WAIT), "the port is taken for a minute");
    const other = bare("PAIR", cleanup);
    await other.hub.bind(endpoint);
    assert.is(String(await other.receive()), "for the other");
    assert.not(pair.pattern.readable);
  }),
);

for (const leg of ["plain", "secured"] as const) {
  test(
    `a tunnel whose ${leg} leg is connected to itself has found nobody`,
    scenario(async (cleanup) => {
      const nobody = await oneself();
      const { client, server } =
        leg === "plain"
          ? await tunnelTo(nobody, cleanup)
          : { client: await startLink("client", nobody, cleanup), server: null };
      const near = await RawPeer.connect(client.endpoint);
      near.socket.write(handshakeOf("DEALER"));
      await near.gone();
      near.socket.destroy();
      const failed = await (server ?? client).saw("failed");
      assert.equal([failed.leg, (failed.error as { code?: unknown }).code], [leg, "ECONNREFUSED"]);
    }),
  );
}

test(
  "the old link sends nobody their own octets",
  scenario(async (cleanup) => {
    const old = { listen: "tcp://127.0.0.1:0", connect: await oneself() };
    const link = await startLink("server", await freeTcp(), cleanup, { old, phase: 2 });
    for (let i = 1; i <= 3; i++) {
      const near = await RawPeer.connect(link.link.status().oldListen!);
      near.socket.write(handshakeOf("PAIR"));
      await near.gone();
      assert.is(near.octets, 0);
      near.socket.destroy();
      const { error } = await link.saw("old:closed", i);
      assert.is((error as { code?: unknown }).code, "ECONNREFUSED");
    }
  }),
);

test(
  "connections with others are let be: from another port, from another address, and over ipc",
  scenario(async (cleanup) => {
    const server = await RawServer.listen(cleanup);
    const { port } = new URL(server.endpoint);
    const path = `${folder(cleanup)}/x`;
    const pull = bare("PULL", cleanup);
    await pull.hub.bind(`ipc://${path}`);
    for (const options of [
      connectOptions({ transport: "ipc", address: "", path }, false),
      { host: "127.0.0.1", port: Number(port) },
      // All of 127/8 is this machine on Linux, and only there.
      ...(process.platform === "linux"
        ? [{ host: "127.0.0.1", port: Number(port), localAddress: "127.0.0.2", localPort: Number(port) }]
        : []),
    ]) {
      const { socket } = new ReadBuffer().connect(options);
      cleanup(() => socket.destroy());
      let cut: Error | null | undefined;
      socket.once("connect", () => {
        cut = cutSelfConnection(socket);
      });
      await until(() => cut !== undefined, "the connection");
      await pause(10);
      assert.is(cut, null);
      assert.not(socket.destroyed);
    }
  }),
);

test.run();
