/** What either side refuses, and with which word: broken handshakes, wrong keys, broken records. */
import * as assert from "uvu/assert";
import { Dealer } from "../../src/index.ts";
import { file } from "./python-peer.ts";
import {
  LIMITS,
  only,
  ourClient,
  ourServer,
  PAIRINGS,
  party,
  pythonConnects,
  pythonListens,
  SUITE,
  secondPeer,
  slashes,
} from "./setup.ts";

const { test, run: runTests } = secondPeer("second peer: refusals");

/** Faults after the handshake, as faults.py makes them. */
const FAULTS = [
  "replay",
  "skip",
  "flip",
  "renamed",
  "next key",
  "empty",
  "unknown control",
  "long control",
  "padding of ones",
  "long CLOSE",
  "TICKET to a server",
  "KEYUPDATE of another epoch",
  "short KEYUPDATE",
  "KEYUPDATEACK",
  "KEYCONFIRM",
  "two KEYUPDATE",
  "unreduced key",
  "small-order key",
  "no KEYCONFIRM",
  "record over record_limit",
  "reserved bits",
  "a command with MORE",
  "READY",
  "ERROR",
  "CLIENTHELLO",
  "MESSAGE",
];

for (const { title, ours, run } of PAIRINGS) {
  test(`each fault is answered by CLOSE 2: ${title}`, async () => {
    const { security, theirs } = await ours({ recordLimit: 10_000 });
    const faults = FAULTS.filter((what) => ours === ourServer || what !== "TICKET to a server");
    const reports = await run(new Dealer({ security, reconnectInterval: 10, ...LIMITS }), {
      ...theirs,
      seconds: 15,
      steps: faults.flatMap((what) => [{ do: "open" }, { do: "inject", what }]),
    });
    assert.is(reports.filter(({ event }) => event === "established").length, faults.length);
    assert.equal(
      reports.filter(({ event }) => event !== "established").map(({ event, by, code }) => [event, by, code]),
      faults.map(() => ["closed", "peer", 2]),
      faults.join(", "),
    );
  });
}

test("a wrong PSK MAC of the client is refused", async () => {
  const { security, theirs } = await ourServer({ tickets: { count: 1 } });
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    spoil: ["binder"],
    steps: [{ do: "open" }, { do: "ticket" }, { do: "close" }, { do: "open", ticket: true }],
  });
  assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason: "auth" });
});

for (const [spoil, reason] of [
  ["ciphertext", "auth"],
  ["clientSignature", "auth"],
  ["verifyData", "auth"],
  ["version", "version"],
] as const) {
  test(`our server refuses a Python client with a wrong ${spoil}`, async () => {
    const { security, theirs } = await ourServer();
    const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
      ...theirs,
      spoil: [spoil],
      steps: [{ do: "open" }],
    });
    assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason });
  });
}

for (const [spoil, reason] of [
  ["auth", "auth"],
  ["suite", "suite"],
  ["version", "version"],
] as const) {
  test(`our client refuses a Python server with a wrong ${spoil}`, async () => {
    const { security, theirs } = await ourClient();
    const reports = await pythonListens(new Dealer({ security, ...LIMITS }), {
      ...theirs,
      spoil: [spoil],
      steps: [{ do: "open" }],
    });
    assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason });
  });
}

test("our client leaves a Python server whose FINISHED is wrong, without a message", async () => {
  const { security, theirs } = await ourClient();
  const reports = await pythonListens(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    spoil: ["finished"],
    steps: [{ do: "open" }, { do: "receive" }],
  });
  assert.is(only(reports, "ended")["peerClose"], null);
});

test("a key that is not pinned is refused with auth: each of the four", async () => {
  const stranger = await party("stranger");
  const steps = [{ do: "open" }];
  {
    const { security, theirs } = await ourServer();
    const peer = { ...theirs, key: stranger.key, steps };
    const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), peer);
    assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason: "auth" });
  }
  {
    const { security, theirs } = await ourClient();
    const peer = { ...theirs, key: stranger.key, steps };
    const reports = await pythonListens(new Dealer({ security, ...LIMITS }), peer);
    assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason: "auth" });
  }
  for (const [ours, run, code] of [
    [ourServer, pythonConnects, "auth"],
    [ourClient, pythonListens, "auth"],
  ] as const) {
    const { security, theirs } = await ours();
    const peer = { ...theirs, pins: file(`${stranger.pin}\n`), steps };
    const socket = new Dealer({ security, ...LIMITS });
    const failure = new Promise<Error>((resolve) => {
      socket.events.on("handshake:error:protocol", ({ error }) => resolve(error));
      socket.events.on("handshake:error:auth", ({ error }) => resolve(error));
    });
    const reports = await run(socket, peer, async () => {
      assert.match(JSON.stringify(describe(await failure)), code);
    });
    const refused = only(reports, "refused");
    assert.equal([refused["by"], refused["reason"]], ["self", "auth"]);
  }
});

/** An error with its causes, as plain data. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...error, message: error.message, cause: describe(error.cause) };
}

test("no common suite is refused with suite; a socket type that cannot talk with protocol", async () => {
  const { security, theirs } = await ourServer();
  const steps = [{ do: "open" }];
  const suites = ["02020202"];
  const only4211 = await ourServer({ suites: [slashes(SUITE)] });
  const other = await pythonConnects(new Dealer({ security: only4211.security, ...LIMITS }), {
    ...only4211.theirs,
    suites,
    steps,
  });
  assert.equal(only(other, "refused"), { event: "refused", by: "peer", reason: "suite" });
  const type = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    socketType: "PUSH",
    steps,
  });
  assert.equal(only(type, "refused"), { event: "refused", by: "peer", reason: "protocol" });
});

test("unknown suites and extensions in CLIENTHELLO do not matter; a suite twice does", async () => {
  const { security, theirs } = await ourServer();
  const steps = [{ do: "open" }, { do: "close" }];
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    suites: ["f0f0f0f0", "06020101", "03020101", SUITE],
    extensions: { [0xfe00]: "01", [0x29]: "02", [0x7777]: "" },
    steps,
  });
  assert.is(only(reports, "established")["suite"], SUITE);
  const again = await ourServer();
  const twice = await pythonConnects(new Dealer({ security: again.security, ...LIMITS }), {
    ...again.theirs,
    suites: [SUITE, SUITE],
    steps: [{ do: "open" }],
  });
  assert.equal(only(twice, "refused"), { event: "refused", by: "peer", reason: "protocol" });
});

test("an unknown extension in SERVERHELLO is refused", async () => {
  const { security, theirs } = await ourClient();
  const options = { ...theirs, extensions: { [0xfe00]: "01" }, steps: [{ do: "open" }] };
  const reports = await pythonListens(new Dealer({ security, ...LIMITS }), options);
  assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason: "protocol" });
});

runTests();
