/** The unprotected link beside a secured one, in the phases of its replacement. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Phase } from "../../src/observe/status.ts";
import {
  bare,
  type Cleanup,
  frame,
  handshakeOf,
  pause,
  RawPeer,
  RawServer,
  scenario,
  until,
} from "../net/harness.ts";
import { freeTcp } from "../support/free-port.ts";
import { type Observed, startLink } from "./tunnel-pair.ts";

function withOld(target: string, phase: Phase, cleanup: Cleanup, maxConnections = 100): Promise<Observed> {
  const old = { listen: "tcp://127.0.0.1:0", connect: target };
  return startLink("server", target, cleanup, { old, phase, limits: { maxConnections } });
}

for (const phase of [1, 2, 3] as const) {
  test(
    `phase ${phase}: the old link is open`,
    scenario(async (cleanup) => {
      const rep = bare("REP", cleanup);
      await rep.hub.bind("tcp://127.0.0.1:*");
      const link = await withOld(rep.hub.lastEndpoint!, phase, cleanup);
      const req = bare("REQ", cleanup);
      req.hub.connect(link.link.status().oldListen!);
      await req.send("question");
      assert.equal((await rep.receive()).map(String), ["question"]);
      await rep.send("answer");
      assert.equal((await req.receive()).map(String), ["answer"]);
      const { oldAccepted, oldOpen, oldRefused, opened, accepts } = link.link.status();
      assert.equal([oldAccepted, oldOpen, oldRefused, opened], [1, 1, 0, 0]);
      assert.match(accepts, phase === 1 ? /old link$/ : /old link, each use of which is reported$/);
      req.hub.disconnect(link.link.status().oldListen!);
      await until(() => link.link.status().oldOpen === 0, "the old connection to end");
      assert.equal(
        link.events.map(({ type }) => type),
        phase === 1 ? [] : ["old:opened", "old:closed"],
      );
    }),
  );
}

test(
  "phase 4: the old link is refused, each attempt counted, and the program may come back",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { link, events } = await withOld(raw.endpoint, 4, cleanup);
    for (let i = 0; i < 5; i++) {
      const peer = await RawPeer.connect(link.status().oldListen!);
      peer.socket.write(handshakeOf("PUSH"));
      await peer.gone();
      assert.is(peer.octets, 0);
      peer.socket.destroy();
    }
    await until(() => link.status().oldRefused === 5, "five refusals");
    assert.equal([link.status().oldAccepted, raw.peers.length], [0, 0]);
    assert.match(link.status().accepts, /the old link is refused$/);
    const [first] = events;
    assert.is(first!.type, "old:refused");
    assert.ok(events.length < 5, "not a line for each");
  }),
);

test(
  "octets pass as they are, both ways, and a side that has closed its half is still answered",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { link } = await withOld(raw.endpoint, 1, cleanup);
    const near = await RawPeer.connect(link.status().oldListen!);
    const sent = Buffer.concat([handshakeOf("PUSH"), frame(0, Buffer.alloc(1_000_000, "octets"))]);
    near.socket.end(sent);
    const far = await raw.accept();
    await until(() => far.ended, "the half-close to come through");
    assert.is(far.octets, sent.length);
    assert.not(near.ended);
    far.socket.end(handshakeOf("PULL"));
    await until(() => near.ended, "the answer's end");
    assert.is(near.octets, handshakeOf("PULL").length);
    await until(() => link.status().oldOpen === 0, "the connection to end");
  }),
);

test(
  "a side that does not read stops the other",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { link } = await withOld(raw.endpoint, 1, cleanup);
    const near = await RawPeer.connect(link.status().oldListen!);
    const far = await raw.accept();
    far.socket.pause();
    const message = frame(0, Buffer.alloc(1_000_000));
    near.socket.write(handshakeOf("PUSH"));
    let written = handshakeOf("PUSH").length;
    for (let quiet = 0; quiet < 40; quiet++) {
      while (!near.socket.writableNeedDrain) {
        near.socket.write(message);
        written += message.length;
        quiet = 0;
      }
      await pause(5);
    }
    assert.ok(written < 100_000_000, `${written} octets under way`);
    far.socket.resume();
    await until(() => far.octets === written, "all octets");
    near.socket.destroy();
    await far.gone();
  }),
);

test(
  "the old link keeps to maxConnections, and keeps no secured peer out",
  scenario(async (cleanup) => {
    const raw = await RawServer.listen(cleanup);
    const { link } = await withOld(raw.endpoint, 2, cleanup, 1);
    const first = await RawPeer.connect(link.status().oldListen!);
    await raw.accept();
    const second = await RawPeer.connect(link.status().oldListen!);
    await second.gone();
    const secured = await RawPeer.connect(link.status().listen);
    await until(() => secured.octets > 0, "a greeting");
    assert.equal([link.status().oldOpen, link.status().oldRefused, link.status().refused], [1, 1, 0]);
    for (const peer of [first, second, secured]) peer.socket.destroy();
  }),
);

test(
  "nobody at the far end of the old link: the connection is closed",
  scenario(async (cleanup) => {
    const link = await withOld(await freeTcp(), 2, cleanup);
    const near = await RawPeer.connect(link.link.status().oldListen!);
    await near.gone();
    near.socket.destroy();
    const { error } = await link.saw("old:closed");
    assert.is((error as { code?: unknown }).code, "ECONNREFUSED");
  }),
);

test.run();
