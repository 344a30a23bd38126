/** Socket options for the two ends of a benchmarked connection. */
import { createRequire } from "node:module";
import { bareIdentity, type Identity } from "../../../src/mechanism/qzmq/identity.ts";
import { TicketStore } from "../../../src/mechanism/qzmq/ticket-store.ts";
import { identitySigner } from "../../../src/net/adaptive-signer.ts";
import { pinOf } from "../../../src/qzmq.ts";
import { client, PROVIDER, type Security, server } from "../../../src/security.ts";

/** Fixed keys, the same as in libzmq-peer.c: a benchmark keeps nothing secret. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/** An identity that both processes can work out; `worker` as in `qzmq.loadIdentity`. */
function identity(side: "server" | "client", worker?: boolean): Promise<Identity> {
  const seed = new Uint8Array(32).fill(side === "server" ? 1 : 2);
  return bareIdentity(PROVIDER, identitySigner(PROVIDER, "ML-DSA-44", seed, worker));
}

/** Beyond what all clients of a benchmark, with one address, need at the same time. */
const LIMITS = { maxHandshakesPerAddress: 20_000, maxHandshakes: 20_000, maxHandshakeBytes: 2 ** 30 };

/** Options of `side` for a mechanism: `null`, `qzmq` (this library only) or `curve` (npm zeromq only). */
export async function securityOf(
  library: string,
  mechanism: string,
  side: "server" | "client",
  variant: string,
): Promise<object> {
  if (mechanism === "null") return {};
  if (mechanism === "curve" && library === "zeromq") return curve(side);
  if (mechanism === "qzmq" && library === "qzmq") return { security: await qzmq(side, variant.split(" ")) };
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
async function qzmq(side: "server" | "client", words: readonly string[]): Promise<Security> {
  const worker = words.includes("thread") ? true : words.includes("inline") ? false : undefined;
  const [us, them] = await Promise.all([
    identity(side, side === "server" ? worker : undefined),
    identity(side === "server" ? "client" : "server"),
  ]);
  const trust = { pins: [pinOf(them)] };
  const anonymous = words.includes("full");
  const resumed = words.includes("resumed");
  if (side === "client") {
    const who = anonymous ? {} : { identity: us };
    return client({ ...who, trust, resumption: resumed ? new TicketStore({ maxPerScope: 64 }) : false });
  }
  const who = anonymous ? { identity: us } : { identity: us, trust };
  return server({ ...who, tickets: resumed ? { count: 2 } : false, limits: LIMITS });
}
