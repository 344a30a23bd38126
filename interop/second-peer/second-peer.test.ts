/** This library and a peer in Python that was written from spec/ alone: both roles, every suite's parts, all features. */
import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SignatureName } from "../../src/crypto/provider.ts";
import { Dealer, qzmq, Reply, Request, Router, type Socket } from "../../src/index.ts";
import { saveCertificates, savePrivateKey } from "../../src/net/identity-files.ts";
import { PROVIDER } from "../../src/security.ts";
import {
  file,
  freshPath,
  MessageHash,
  type PeerOptions,
  PythonPeer,
  pythonIdentities,
  type Report,
  whyNot,
} from "./python-peer.ts";

const excuse = whyNot();
const secondPeer = suite("second peer");
if (excuse !== null) console.log(`skipped: the tests against the second peer, since ${excuse}`);
const test = excuse === null ? secondPeer : secondPeer.skip;

const LIMITS = { linger: 5000, sendTimeout: 20_000, receiveTimeout: 20_000 };
const SUITE = "04020101";

/** A key that exists on both sides' disks: the file for Python, the identity for us, its pin for either. */
interface Party {
  readonly key: string;
  readonly identity: qzmq.Identity;
  readonly pin: string;
}

const parties = new Map<string, Promise<Party>>();

/** The party of that name, made when it is first asked for. */
function party(name: string, algorithm: SignatureName = "ML-DSA-44"): Promise<Party> {
  let made = parties.get(name + algorithm);
  if (made === undefined) {
    made = makeParty(algorithm);
    parties.set(name + algorithm, made);
  }
  return made;
}

async function makeParty(algorithm: SignatureName): Promise<Party> {
  const key = freshPath();
  savePrivateKey(PROVIDER, key, { algorithm, seed: randomBytes(32) }, null);
  const identity = await qzmq.loadIdentity({ key });
  return { key, identity, pin: qzmq.pinOf(identity) };
}

/** The suite's four octets in hex, as `qzmq.suiteByName` reads it. */
function slashes(octets: string): string {
  return [...Buffer.from(octets, "hex")].join("/");
}

const SIGNATURES: readonly SignatureName[] = ["Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
function signatureOf(octets: string): SignatureName {
  return SIGNATURES[Number.parseInt(octets.slice(2, 4), 16) - 1]!;
}

/** Runs `act` beside a Python peer that connects to the socket we bind, and returns what Python reported. */
async function pythonConnects<S extends Socket>(
  socket: S,
  options: PeerOptions,
  act: (socket: S) => Promise<void> = async () => {},
): Promise<Report[]> {
  try {
    await socket.bind("tcp://127.0.0.1:*");
    const peer = new PythonPeer({ ...options, port: Number(socket.lastEndpoint!.split(":").at(-1)) });
    return await both(peer, act(socket));
  } finally {
    socket.close();
  }
}

/** Runs `act` beside a Python peer that listens and to which our socket connects. */
async function pythonListens<S extends Socket>(
  socket: S,
  options: PeerOptions,
  act: (socket: S) => Promise<void> = async () => {},
): Promise<Report[]> {
  const peer = new PythonPeer({ ...options, listen: true });
  try {
    socket.connect(await peer.endpoint());
    return await both(peer, act(socket));
  } finally {
    socket.close();
  }
}

async function both(peer: PythonPeer, ours: Promise<void>): Promise<Report[]> {
  // Whichever fails first says why; the other would only time out.
  const [reports] = await Promise.all([peer.reports(), ours]);
  return reports;
}

/** Sends and receives so many messages at once, and returns the hash of each direction. */
async function exchange(socket: Dealer, send: number, receive: number, sizes = [32]): Promise<Hashes> {
  const sent = new MessageHash();
  const received = new MessageHash();
  const sending = (async () => {
    for (let i = 0; i < send; i++) {
      const message = [randomBytes(sizes[i % sizes.length]!), randomBytes(i % 300)];
      sent.add(message);
      await socket.send(message);
    }
  })();
  for (let i = 0; i < receive; i++) received.add(await socket.receive());
  await sending;
  return { sent: sent.hex(), received: received.hex() };
}

interface Hashes {
  readonly sent: string;
  readonly received: string;
}

/** The one report of that kind. */
function only(reports: readonly Report[], event: string): Report {
  const found = reports.filter((report) => report.event === event);
  assert.is(found.length, 1, `one ${event} in ${JSON.stringify(reports)}`);
  return found[0]!;
}

function sameMessages(report: Report, ours: Hashes): void {
  assert.is(report["received"], ours.sent, "what we sent is what Python received");
  assert.is(report["sent"], ours.received, "what Python sent is what we received");
}

/** Our server and Python's client trust each other's pins. */
async function ourServer(options: Partial<qzmq.ServerSecurityOptions> = {}, name = "server"): Promise<Ours> {
  const [us, them] = await Promise.all([party(name, "ML-DSA-44"), party("client")]);
  const security = qzmq.server({
    identity: us.identity,
    trust: { pins: [`${them.pin}, alice`] },
    ...options,
  });
  return { security, theirs: { role: "client", key: them.key, pins: file(`${us.pin}\n`), suites: [SUITE] } };
}

/** Python's server and our client trust each other's pins. */
async function ourClient(options: Partial<qzmq.ClientSecurityOptions> = {}): Promise<Ours> {
  const [us, them] = await Promise.all([party("client"), party("server")]);
  const security = qzmq.client({ identity: us.identity, trust: { pins: [them.pin] }, ...options });
  const pins = file(`${us.pin}, alice\n`);
  return { security, theirs: { role: "server", key: them.key, pins, suites: [SUITE], clientAuth: 2 } };
}

interface Ours {
  readonly security: qzmq.Security;
  readonly theirs: Omit<PeerOptions, "steps"> & { readonly role: "client" | "server" };
}

/** Both pairings of a test: our server with Python's client, and our client with Python's server. */
const PAIRINGS = [
  { title: "Python is the client", ours: ourServer, run: pythonConnects },
  { title: "Python is the server", ours: ourClient, run: pythonListens },
] as const;

const SUITES = [
  "04020101",
  "05030202",
  "02040201",
  "03040102",
  "04030102",
  "02020202",
  "01010101",
  "01010202",
];
for (const octets of SUITES) {
  const mode = octets.startsWith("01") ? "classical" : "hybrid";
  const steps = [
    { do: "open" },
    { do: "exchange", send: 10, receive: 10, sizes: [300, 0] },
    { do: "rotate" },
    { do: "exchange", send: 5, receive: 5 },
    { do: "export", label: "a label", context: "and a context", length: 50 },
    { do: "close" },
  ];
  const act = async (socket: Dealer, security: qzmq.Security, hashes: Hashes[], exported: string[]) => {
    hashes.push(await exchange(socket, 10, 10), await exchange(socket, 5, 5));
    const [connection] = security.connections;
    const octets = connection?.exportKeyingMaterial("a label", Buffer.from("and a context"), 50);
    exported.push(Buffer.from(octets!).toString("hex"));
  };
  const check = (reports: Report[], hashes: Hashes[], exported: string[]) => {
    assert.is(only(reports, "established")["suite"], octets);
    const exchanged = reports.filter(({ event }) => event === "exchanged");
    for (const [i, report] of exchanged.entries()) sameMessages(report, hashes[i]!);
    assert.equal(
      exchanged.map(({ epoch }) => epoch),
      [0, 1],
    );
    assert.is(only(reports, "exported")["octets"], exported[0]);
    assert.is(only(reports, "closed")["code"], 0);
  };

  test(`suite ${octets}: our server, anonymous Python client`, async () => {
    const us = await party("server", signatureOf(octets));
    const security = qzmq.server({ identity: us.identity, mode, suites: [slashes(octets)] });
    const hashes: Hashes[] = [];
    const exported: string[] = [];
    const reports = await pythonConnects(
      new Dealer({ security, ...LIMITS }),
      { role: "client", mode, suites: [octets], pins: file(us.pin), cut: 100, steps },
      (socket) => act(socket, security, hashes, exported),
    );
    check(reports, hashes, exported);
    assert.is(only(reports, "established")["peer"], us.pin);
  });

  test(`suite ${octets}: Python server, our anonymous client`, async () => {
    const them = await party("server", signatureOf(octets));
    const security = qzmq.client({ trust: { pins: [them.pin] }, mode, suites: [slashes(octets)] });
    const hashes: Hashes[] = [];
    const exported: string[] = [];
    const reports = await pythonListens(
      new Dealer({ security, ...LIMITS }),
      { role: "server", mode, suites: [octets], key: them.key, steps },
      (socket) => act(socket, security, hashes, exported),
    );
    check(reports, hashes, exported);
    assert.is(only(reports, "established")["peer"], null);
  });
}

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
];

for (const { title, ours, run } of PAIRINGS) {
  test(`1000 messages both ways, rotations on the way: ${title}`, async () => {
    const { security, theirs } = await ours({ maxMessages: 150, recordLimit: 4096 });
    let hashes: Hashes | undefined;
    const sizes = [0, 1, 254, 255, 256, 4095, 4096, 20_000];
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      {
        ...theirs,
        recordLimit: 10_000,
        steps: [
          { do: "open" },
          { do: "exchange", send: 1000, receive: 1000, sizes, frames: 3 },
          { do: "close" },
        ],
      },
      async (socket) => {
        hashes = await exchange(socket, 1000, 1000, sizes);
      },
    );
    const report = only(reports, "exchanged");
    sameMessages(report, hashes!);
    assert.ok((report["epoch"] as number) > 0, "keys were rotated");
    assert.is(only(reports, "closed")["code"], 0);
  });

  test(`rotation started by us, and by both at once: ${title}`, async () => {
    const { security, theirs } = await ours();
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      {
        ...theirs,
        steps: [
          { do: "open" },
          { do: "send", count: 1 },
          { do: "epoch", at: 1 },
          { do: "exchange", send: 2, receive: 2 },
          { do: "cross" },
          { do: "exchange", send: 2, receive: 2 },
          { do: "close" },
        ],
      },
      async (socket) => {
        await socket.receive();
        assert.is(security.rotate(), 1);
        await exchange(socket, 2, 2);
        assert.is(security.rotate(), 1);
        await exchange(socket, 2, 2);
      },
    );
    const [ours1, crossed] = reports.filter(({ event }) => event === "rotated");
    assert.is(ours1!["epoch"], 1);
    assert.is(crossed!["epoch"], 2);
    assert.is(crossed!["crossings"], 1, "both KEYUPDATE were on their way");
    assert.is(reports.at(-1)!["code"], 0);
  });

  test(`our CLOSE is answered; PING, padding: ${title}`, async () => {
    const { security, theirs } = await ours();
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      { ...theirs, steps: [{ do: "open" }, { do: "ping" }, { do: "send" }, { do: "awaitClose" }] },
      async (socket) => {
        await socket.receive();
        socket.close();
      },
    );
    only(reports, "pong");
    assert.ok([0, 1].includes(only(reports, "closed")["code"] as number));
  });

  for (const what of FAULTS) {
    if (what === "TICKET to a server" && ours === ourClient) continue;
    test(`a fault is answered by CLOSE 2 (${what}): ${title}`, async () => {
      const { security, theirs } = await ours({ recordLimit: 10_000 });
      const reports = await run(new Dealer({ security, ...LIMITS }), {
        ...theirs,
        seconds: 10,
        steps: [{ do: "open" }, { do: "inject", what }],
      });
      assert.equal(only(reports, "closed"), { event: "closed", by: "peer", code: 2 });
    });
  }
}

test("certificates that we issued: mutual authentication, our server", async () => {
  const { root, server, client, serverFiles, clientFiles } = await chains();
  const security = qzmq.server({ identity: server, trust: { authorities: [root.certificate] } });
  const options = { ...clientFiles, authorities: serverFiles.authorities };
  const peers: unknown[] = [];
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    {
      role: "client",
      ...options,
      serverName: "server.example",
      steps: [{ do: "open" }, { do: "send" }, { do: "close" }],
    },
    async (socket) => {
      const message = await socket.receive();
      peers.push(message.length);
    },
  );
  assert.is(only(reports, "established")["peer"], "server.example");
  assert.equal(peers, [1]);
  assert.is(client.chain.length, 1);
});

test("certificates that we issued: mutual authentication, our client", async () => {
  const { root, client, serverFiles } = await chains();
  const security = qzmq.client({
    identity: client,
    trust: { authorities: [root.certificate] },
    serverName: "server.example",
  });
  const reports = await pythonListens(
    new Dealer({ security, ...LIMITS }),
    {
      role: "server",
      ...serverFiles,
      clientAuth: 2,
      steps: [{ do: "open" }, { do: "receive" }, { do: "awaitClose" }],
    },
    async (socket) => {
      await socket.send("hello");
      socket.close();
    },
  );
  assert.is(only(reports, "established")["peer"], "alice");
});

/** An authority of ours, and a server and a client that it certified, as files too. */
async function chains() {
  const root = await qzmq.generateAuthority("root");
  const [s, c] = await Promise.all([party("server"), party("client")]);
  const server = await qzmq.certify(root, s.identity, { name: "server.example", roles: ["server"] });
  const client = await qzmq.certify(root, c.identity, { name: "alice", roles: ["client"] });
  const [authorities, serverChain, clientChain] = [freshPath(), freshPath(), freshPath()];
  saveCertificates(authorities, [root.certificate]);
  saveCertificates(serverChain, server.chain);
  saveCertificates(clientChain, client.chain);
  return {
    root,
    server,
    client,
    serverFiles: { key: s.key, chain: serverChain, authorities },
    clientFiles: { key: c.key, chain: clientChain },
  };
}

test("certificates that Python issued under two authorities, and a key with a passphrase: our server", async () => {
  const { path } = pythonIdentities();
  const identity = await qzmq.loadIdentity({ key: path("server.key"), certificates: path("server.crt") });
  const security = qzmq.server({ identity, trust: { files: { authorities: [path("root.crt")] } } });
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    {
      role: "client",
      key: path("client.key"),
      passphrase: "passphra\u0308se",
      chain: path("client.crt"),
      authorities: path("root.crt"),
      steps: [{ do: "open" }, { do: "send" }, { do: "close" }],
    },
    async (socket) => {
      await socket.receive();
    },
  );
  assert.is(only(reports, "established")["peer"], "a/server");
});

test("certificates that Python issued under two authorities, and a key with a passphrase: our client", async () => {
  const { path, passphrase } = pythonIdentities();
  const files = { key: path("client.key"), certificates: path("client.crt"), passphrase };
  const identity = await qzmq.loadIdentity(files);
  const security = qzmq.client({ identity, trust: { files: { authorities: [path("root.crt")] } } });
  const reports = await pythonListens(
    new Dealer({ security, ...LIMITS }),
    {
      role: "server",
      key: path("server.key"),
      chain: path("server.crt"),
      authorities: path("root.crt"),
      clientAuth: 1,
      steps: [{ do: "open" }, { do: "receive" }, { do: "close" }],
    },
    (socket) => socket.send("hello"),
  );
  assert.is(only(reports, "established")["peer"], "alice@example");
});

test("a pin file that Python wrote: both identities by name and by pin", async () => {
  const { path } = pythonIdentities();
  const identity = await qzmq.loadIdentity({ key: path("server.key") });
  const security = qzmq.server({ identity, trust: { files: { pins: [path("pins.txt")] } } });
  const steps = [{ do: "open" }, { do: "close" }];
  const client = { role: "client", key: path("client.key"), passphrase: "passphräse" } as const;
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...client,
    pins: path("pins.txt"),
    serverName: "a-server",
    steps,
  });
  assert.is(only(reports, "established")["peer"], "a-server");
});

test("a Python client resumes; a used ticket leads to a full handshake; tickets after a rotation are good", async () => {
  const { security, theirs } = await ourServer({ tickets: { count: 2 } });
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    {
      ...theirs,
      steps: [
        { do: "open" },
        { do: "send" },
        { do: "ticket", count: 2 },
        { do: "rotate" },
        { do: "ticket", count: 1 },
        { do: "close" },
        { do: "open", ticket: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true, keep: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true, keep: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true },
        { do: "open", ticket: true },
        { do: "send" },
        { do: "close" },
      ],
    },
    async (socket) => {
      for (let i = 0; i < 5; i++) await socket.receive();
    },
  );
  const established = reports.filter(({ event }) => event === "established");
  assert.equal(
    established.map(({ resumed }) => resumed),
    [false, true, true, false, false, true],
  );
  assert.is(security.counters.handshakesResumed, 3);
  assert.ok(established.every(({ peer }) => peer === established[0]!["peer"]));
});

test("a wrong PSK MAC of the client is refused", async () => {
  const { security, theirs } = await ourServer({ tickets: { count: 1 } });
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    spoil: ["binder"],
    steps: [{ do: "open" }, { do: "ticket" }, { do: "close" }, { do: "open", ticket: true }],
  });
  assert.equal(only(reports, "refused"), { event: "refused", by: "peer", reason: "auth" });
});

test("RETRY: a Python client brings the cookie; a changed one is refused", async () => {
  const { security, theirs } = await ourServer({ limits: { cookies: "always" } });
  const steps = [{ do: "open" }, { do: "close" }];
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), { ...theirs, steps });
  assert.is(only(reports, "established")["retried"], true);
  const again = await ourServer({ limits: { cookies: "always" } });
  const refused = await pythonConnects(new Dealer({ security: again.security, ...LIMITS }), {
    ...again.theirs,
    spoil: ["cookie"],
    steps: [{ do: "open" }],
  });
  assert.equal(only(refused, "refused"), { event: "refused", by: "peer", reason: "protocol" });
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

test("mode pq-only on both sides", async () => {
  const { security, theirs } = await ourServer({ mode: "pq-only" });
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    mode: "pq-only",
    suites: ["02020101"],
    steps: [{ do: "open" }, { do: "close" }],
  });
  assert.is(only(reports, "established")["suite"], "02020101");
});

test("the server connects and the client binds", async () => {
  const { security, theirs } = await ourClient();
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    { ...theirs, steps: [{ do: "open" }, { do: "receive" }, { do: "close" }] },
    (socket) => socket.send("hello"),
  );
  assert.is(only(reports, "established")["peer"], "alice");
  only(reports, "exchanged");
});

test("Identity travels sealed: our ROUTER, and REQ with REP", async () => {
  const { security, theirs } = await ourServer();
  const router = new Router({ security, ...LIMITS });
  const identity = Buffer.from("python").toString("hex");
  const options = { ...theirs, identity, steps: [{ do: "open" }, { do: "exchange", send: 1, receive: 1 }] };
  const routed = await pythonConnects(router, options, async (socket) => {
    const [id, body] = await socket.receive();
    assert.is(String(id), "python");
    await socket.send([id!, body!]);
  });
  const { sent, received } = only(routed, "exchanged");
  assert.is(sent, received);
  const rep = await ourServer();
  const asked = await pythonConnects(
    new Reply({ security: rep.security, ...LIMITS }),
    {
      ...rep.theirs,
      socketType: "REQ",
      steps: [{ do: "open" }, { do: "exchange", send: 1, receive: 1 }, { do: "close" }],
    },
    async (socket) => socket.send(await socket.receive()),
  );
  assert.is(only(asked, "exchanged")["sent"], only(asked, "exchanged")["received"]);
  const req = await ourClient();
  await pythonListens(
    new Request({ security: req.security, ...LIMITS }),
    { ...req.theirs, socketType: "REP", steps: [{ do: "open" }, { do: "echo", count: 1 }, { do: "close" }] },
    async (socket) => {
      await socket.send("question");
      assert.is(String((await socket.receive())[0]), "question");
    },
  );
});

test("a transport that ends without CLOSE counts as truncated", async () => {
  const { security, theirs } = await ourServer();
  const socket = new Dealer({ security, ...LIMITS });
  const gone = new Promise((resolve) => socket.events.on("disconnect", resolve));
  await pythonConnects(socket, { ...theirs, steps: [{ do: "open" }, { do: "abort" }] }, async () => {
    await gone;
  });
  assert.is(security.counters.truncations, 1);
});

secondPeer.run();
