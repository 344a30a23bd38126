/** Certificates, keys and pins that either side made, in files, believed by the other. */
import * as assert from "uvu/assert";
import { Dealer, qzmq } from "../../src/index.ts";
import { saveCertificates } from "../../src/net/identity-files.ts";
import { freshPath, pythonIdentities } from "./python-peer.ts";
import { LIMITS, only, party, pythonConnects, pythonListens, secondPeer } from "./setup.ts";

const { test, run: runTests } = secondPeer("second peer: identities");

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

runTests();
