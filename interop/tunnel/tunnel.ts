/**
 * The links of one side of a tunnel, in a process that a test may kill.
 *
 *     node tunnel.js client|server LISTEN CONNECT [LISTEN CONNECT ...]
 *
 * Prints "ready" when all links listen; with DEBUG set, what happens on them to standard error.
 */
import { bareIdentity } from "../../src/mechanism/qzmq/identity.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";
import { Environment } from "../../src/net/environment.ts";
import { pinOf } from "../../src/qzmq.ts";
import { client, PROVIDER, server } from "../../src/security.ts";
import { Link } from "../../src/tunnel/link.ts";

const [side, ...endpoints] = process.argv.slice(2) as ["client" | "server", ...string[]];

/** An identity that both processes can work out, and a process that is started again. */
const identity = (octet: number) =>
  bareIdentity(PROVIDER, localSigner(PROVIDER, "ML-DSA-44", new Uint8Array(32).fill(octet), PROVIDER.random));
const ours = await identity(side === "client" ? 1 : 2);
const theirs = await identity(side === "client" ? 2 : 1);
const trust = { pins: [pinOf(theirs)] };
const security = side === "client" ? client({ identity: ours, trust }) : server({ identity: ours, trust });

const environment = new Environment();
for (let i = 0; i < endpoints.length; i += 2) {
  const link = new Link(
    {
      ...{ name: `link ${i / 2}`, side, listen: endpoints[i]!, connect: endpoints[i + 1]! },
      ...{ security, phase: 1, old: null },
      limits: {
        maxConnections: 100,
        highWaterMark: 1000,
        maxQueuedBytes: 16 * 1024 * 1024,
        maxMessageSize: -1,
        handshakeInterval: 30_000,
        heartbeatInterval: 1000,
        heartbeatTimeout: 30_000,
      },
    },
    environment,
    (event) => {
      if (process.env["DEBUG"]) console.error(side, endpoints[i], event);
    },
  );
  await link.start();
}
console.log("ready");
