/** Socket options for the two ends of a benchmarked connection. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as qzmq from "../../../src/qzmq.ts";
import type { Library } from "./role.ts";

/** Fixed keys, which both processes know: a benchmark keeps nothing secret. Those of CURVE are also in libzmq-peer.c. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

const QZMQ = {
  server: `-----BEGIN QZMQ PRIVATE KEY-----
AQJPHdOF7O1hp0o+HSlgiJxvxPIzqSgwCMN7doQn8XRawgDR1ieuaMAMpP1KmzLE
qDWKAf5PYuclkvkOzoNyWKKUSw==
-----END QZMQ PRIVATE KEY-----
`,
  client: `-----BEGIN QZMQ PRIVATE KEY-----
AQJCQHZmMkdFusyu2cwcqHGyzhG8kul8XpU4YwcyFNfFzQDIfNDVRuYzhP19RlZP
VZboNxtffLE5cwMwLHLe8+EaHw==
-----END QZMQ PRIVATE KEY-----
`,
};

/** The identity of a side; `worker` as in `qzmq.loadIdentity`. */
async function identity(
  { loadIdentity }: typeof qzmq,
  side: "server" | "client",
  worker?: boolean,
): Promise<qzmq.Identity> {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-bench-"));
  const key = join(folder, "key");
  try {
    writeFileSync(key, QZMQ[side], { mode: 0o600 });
    return await loadIdentity({ key }, worker === undefined ? {} : { worker });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Beyond what all clients of a benchmark, with one address, need at the same time. */
const LIMITS = { maxHandshakesPerAddress: 20_000, maxHandshakes: 20_000, maxHandshakeBytes: 2 ** 30 };

/** Options of `side` for a mechanism: `null`, `qzmq` (this library only) or `curve` (npm zeromq only). */
export async function securityOf(
  zmq: Library,
  library: string,
  mechanism: string,
  side: "server" | "client",
  variant: string,
): Promise<object> {
  if (mechanism === "null") return {};
  if (mechanism === "curve" && library === "zeromq") return curve(side);
  if (mechanism === "qzmq" && library === "qzmq")
    return { security: await secured(zmq.qzmq, side, variant.split(" ")) };
  throw new Error(`${library} has no mechanism ${mechanism}`);
}

function curve(side: "server" | "client"): object {
  if (side === "server") return { curveServer: true, curveSecretKey: CURVE_SERVER_SECRET };
  const native = createRequire(import.meta.url)("zeromq") as {
    curveKeyPair(): { publicKey: string; secretKey: string };
  };
  const { publicKey, secretKey } = native.curveKeyPair();
  return { curveServerKey: CURVE_SERVER, curvePublicKey: publicKey, curveSecretKey: secretKey };
}

/**
 * Handshakes are mutual and in full, unless there is a word that says otherwise: `full`, only the server shows who it
 * is; `resumed`, with a ticket where possible; `thread`, the server always signs in a thread of its own; `inline`, it
 * never does.
 */
async function secured(
  own: typeof qzmq,
  side: "server" | "client",
  words: readonly string[],
): Promise<qzmq.Security> {
  const worker = words.includes("thread") ? true : words.includes("inline") ? false : undefined;
  const [us, them] = await Promise.all([
    identity(own, side, side === "server" ? worker : undefined),
    identity(own, side === "server" ? "client" : "server"),
  ]);
  const trust = { pins: [own.pinOf(them)] };
  const anonymous = words.includes("full");
  const resumed = words.includes("resumed");
  if (side === "client") {
    const who = anonymous ? {} : { identity: us };
    return own.client({
      ...who,
      trust,
      resumption: resumed ? new own.TicketStore({ maxPerScope: 64 }) : false,
    });
  }
  const who = anonymous ? { identity: us } : { identity: us, trust };
  return own.server({ ...who, tickets: resumed ? { count: 2 } : false, limits: LIMITS });
}
