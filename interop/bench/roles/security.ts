/** Socket options for the two ends of a benchmarked connection. */
import { createRequire } from "node:module";
import { bareIdentity, type Identity } from "../../../src/mechanism/qzmq/identity.ts";
import { localSigner } from "../../../src/mechanism/qzmq/signer.ts";
import { TicketStore } from "../../../src/mechanism/qzmq/ticket-store.ts";
import { pinOf } from "../../../src/qzmq.ts";
import { client, PROVIDER, type Security, server } from "../../../src/security.ts";

/** Fixed keys, the same as in libzmq-peer.c: a benchmark keeps nothing secret. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/** An identity that both processes can work out. */
function identity(side: "server" | "client"): Promise<Identity> {
  const seed = new Uint8Array(32).fill(side === "server" ? 1 : 2);
  return bareIdentity(PROVIDER, localSigner(PROVIDER, "ML-DSA-44", seed, PROVIDER.random));
}

/** Beyond what all clients of a benchmark, with one address, need at the same time. */
const LIMITS = { maxHandshakesPerAddress: 20_000, maxHandshakes: 20_000, maxHandshakeBytes: 2 ** 30 };

/** How QZMQ shakes hands: only the server shows who it is, or both, always in full or with a ticket where possible. */
export type Handshakes = "full" | "mutual" | "resumed";

/** Mutual and in full unless the first word of `variant` says otherwise. */
export function handshakesOf(variant: string): Handshakes {
  const word = variant.split(" ")[0];
  return word === "full" || word === "resumed" ? word : "mutual";
}

/** Options of `side` for a mechanism: `null`, `qzmq` (this library only) or `curve` (npm zeromq only). */
export async function securityOf(
  library: string,
  mechanism: string,
  side: "server" | "client",
  handshakes: Handshakes,
): Promise<object> {
  if (mechanism === "null") return {};
  if (mechanism === "curve" && library === "zeromq") return curve(side);
  if (mechanism === "qzmq" && library === "qzmq") return { security: await qzmq(side, handshakes) };
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

async function qzmq(side: "server" | "client", handshakes: Handshakes): Promise<Security> {
  const [us, them] = await Promise.all([identity(side), identity(side === "server" ? "client" : "server")]);
  const trust = { pins: [pinOf(them)] };
  const resumed = handshakes === "resumed";
  if (side === "client") {
    const who = handshakes === "full" ? {} : { identity: us };
    return client({ ...who, trust, resumption: resumed ? new TicketStore({ maxPerScope: 64 }) : false });
  }
  const who = handshakes === "full" ? { identity: us } : { identity: us, trust };
  return server({ ...who, tickets: resumed ? { count: 2 } : false, limits: LIMITS });
}
