/** The naive peers behave: they and ours read the specification alike, in every suite, at every step. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { suiteByName } from "../../src/mechanism/qzmq/suite.ts";
import { extension } from "../support/naive-client.ts";
import { bytes, frame, metadata, naiveSuite, u8, u32, v8, v16, v32 } from "../support/naive-codec.ts";
import type { NaiveHandshake } from "../support/naive-handshake.ts";
import { control } from "../support/naive-traffic.ts";
import { beforeClient, beforeServer, bob, ground, type Scene } from "./scene.ts";

/** Data both ways, an export, a rotation by each side, a goodbye. */
function converse(scene: Scene<NaiveHandshake>): void {
  const { victim, peer } = scene;
  const talk = (text: string) => {
    scene.say(peer.traffic.record("MESSAGE", bytes(u8(0), u8(text.length), text)));
    assert.equal(victim.delivered.splice(0), [`["${text}"]`]);
    victim.items.splice(0);
    victim.send(text);
    assert.is(scene.listen().nextRecord("MESSAGE").toString("latin1").slice(2), text);
  };
  assert.is(victim.error, null);
  assert.ok(victim.ready);
  talk("first");
  const exported = victim.mechanism.exportKeyingMaterial("label", bytes("context"), 70);
  assert.is(peer.export("label", "context", 70).compare(exported), 0);

  const offer = peer.traffic.offer();
  scene.say(peer.traffic.record("CONTROL", offer.update));
  const ack = scene.nextRecord("CONTROL");
  peer.traffic.accept(offer, ack);
  peer.traffic.turn("reading");
  peer.traffic.turn("sending");
  scene.say(peer.traffic.record("CONTROL", control.confirm(1)));
  talk("second");

  victim.mechanism.rotate(victim.now);
  victim.engine.advance(victim.now);
  const update = scene.listen().nextRecord("CONTROL");
  scene.say(peer.traffic.record("CONTROL", peer.traffic.answer(update)));
  peer.traffic.turn("sending");
  peer.traffic.turn("reading");
  assert.equal(scene.nextRecord("CONTROL"), control.confirm(2));
  talk("third");

  scene.say(
    peer.traffic.record("CONTROL", control.pad(100)),
    peer.traffic.record("CONTROL", control.close(0)),
  );
  assert.equal(scene.rest(), ["CLOSE 0"]);
  victim.cut();
  assert.is(victim.error, null);
}

const SUITES: readonly (readonly [number, number, number, number])[] = [
  [4, 2, 1, 1],
  [2, 2, 2, 1],
  [4, 2, 1, 2],
];
for (const octets of SUITES) {
  const suite = naiveSuite(...octets);
  const suites = [suiteByName(octets.join())];

  test(`suite ${octets.join()}: our server, a naive client`, async () => {
    const scene = beforeServer(await ground({ server: { suites }, client: { suites } }), "established", {
      suite,
    });
    assert.is(scene.victim.mechanism.facts?.["peer"], "alice");
    assert.ok(scene.peer.serverMetadata.includes("ROUTER"));
    converse(scene);
  });

  test(`suite ${octets.join()}: our client, a naive server`, async () => {
    const scene = beforeClient(await ground({ server: { suites }, client: { suites } }), "established", {
      suite,
    });
    assert.is(scene.victim.mechanism.facts?.["peer"], "bob");
    assert.ok(scene.peer.clientMetadata.includes("DEALER"));
    converse(scene);
  });
}

test("what a server must put up with", async () => {
  const on = await ground({ server: { tickets: {} } });
  const harmless: ((scene: ReturnType<typeof beforeServer>) => Buffer)[] = [
    ({ peer }) => peer.hello({ suites: bytes("\x08\x09\x09\x09\x09\x04\x02\x01\x01") }),
    ({ peer }) => peer.hello({ extensions: v16(bytes(extension(0x7777, "?"), extension(0x1c, u32(4096)))) }),
    ({ peer }) =>
      peer.hello({ extensions: v16(bytes(extension(0x33, "?"), extension(0x29), extension(0x2c))) }),
    ({ peer }) => peer.hello({ extensions: v16(extension(0, "no.such.name")) }),
    ({ peer }) => peer.hello({ sessionId: v16("no ticket of ours") }),
  ];
  for (const hello of harmless) {
    const scene = beforeServer(on, "met");
    scene.say(hello(scene));
    scene.peer.serverHello(scene.next("SERVERHELLO"), bob.signer.publicKey);
    scene.say(scene.peer.clientKey());
    scene.peer.finished(scene.next("FINISHED"));
    assert.equal(scene.rest(), ["TICKET"]);
    assert.ok(scene.victim.ready);
  }
});

test("the long form of a frame is as good as the short one", async () => {
  const scene = beforeServer(await ground(), "established");
  const record = scene.peer.traffic.record("MESSAGE", "\0\x02hi");
  scene.raw(bytes(u8(6), u32(0), u32(record.length), record));
  assert.equal(scene.victim.delivered, ['["hi"]']);
});

test("a peer cannot name its own User-Id", async () => {
  const scene = beforeServer(await ground(), "greeted");
  scene.say(
    scene.peer.clientKey({ metadata: v32(metadata(["Socket-Type", "DEALER"], ["user-id", "root"])) }),
  );
  assert.is(Buffer.from(scene.victim.ready!.metadata.get("User-Id")!).toString(), "alice");
  assert.equal([...scene.victim.ready!.metadata.keys()].sort(), ["Socket-Type", "User-Id"]);
});

test("nor can a server name one for its client", async () => {
  const scene = beforeClient(await ground(), "keyed");
  scene.say(scene.peer.finished({ metadata: v32(metadata(["Socket-Type", "ROUTER"], ["USER-ID", "root"])) }));
  assert.equal([...scene.victim.ready!.metadata.keys()], ["Socket-Type"]);
});

test("verify_data is checked before any certificate is looked at", async () => {
  let looked = 0;
  const on = await ground({
    server: {
      trust: () => {
        looked++;
        throw new Error("not to be reached");
      },
    },
  });
  const before = looked;
  const scene = beforeServer(on, "greeted");
  scene.say(scene.peer.clientKey({ verifyData: Buffer.alloc(32) }));
  assert.is(scene.victim.error?.code, "ERR_QZMQ_AUTH");
  assert.is(looked, before);
});

test("what a peer calls things is not repeated", async () => {
  const on = await ground();
  const secret = "Password1";
  const octets = [
    frame(bytes(v8(secret), "data")),
    frame(bytes(v8("CLIENTKEY"), secret)),
    frame(bytes(v8(`${secret}\n`), "data")),
  ];
  for (const point of ["met", "greeted"] as const) {
    for (const said of octets) {
      const { victim } = beforeServer(on, point).raw(said);
      assert.is(victim.error?.code, "ERR_QZMQ_PROTOCOL");
      assert.not.match(victim.error!.message, secret);
    }
  }
});

test("records before FINISHED was read wait for it, and count", async () => {
  const scene = beforeServer(await ground(), "greeted");
  const key = scene.peer.clientKey();
  scene.say(key, scene.peer.traffic.record("MESSAGE", "\0\x05early"));
  scene.peer.finished(scene.next("FINISHED"));
  scene.say(scene.peer.traffic.record("MESSAGE", "\0\x04late"));
  assert.equal(scene.victim.delivered, ['["early"]', '["late"]']);
});

test("unknown codes of CLOSE are as good as 0", async () => {
  const scene = beforeServer(await ground(), "established");
  scene.say(scene.peer.traffic.record("CONTROL", bytes(u8(4), u8(250))));
  assert.equal(scene.rest(), ["CLOSE 0"]);
});

test.run();
