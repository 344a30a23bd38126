/** Socket options for the two ends of a benchmarked connection. */
import { createRequire } from "node:module";
import { bareIdentity, type Identity } from "../../../src/mechanism/qzmq/identity.ts";
import { localSigner } from "../../../src/mechanism/qzmq/signer.ts";
import { pinOf } from "../../../src/qzmq.ts";
import { client, PROVIDER, server } from "../../../src/security.ts";

/** Fixed keys, the same as in libzmq-peer.c: a benchmark keeps nothing secret. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/** An identity that both processes can work out. */
function identity(side: "server" | "client"): Promise<Identity> {
  const seed = new Uint8Array(32).fill(side === "server" ? 1 : 2);
  return bareIdentity(PROVIDER, localSigner(PROVIDER, "ML-DSA-44", seed, PROVIDER.random));
}

/** Options of `side` for a mechanism: `null`, `qzmq` (mutual, this library only) or `curve` (npm zeromq only). */
export async function securityOf(
  library: string,
  mechanism: string,
  side: "server" | "client",
): Promise<object> {
  if (mechanism === "null") return {};
  if (mechanism === "curve" && library === "zeromq") {
    if (side === "server") return { curveServer: true, curveSecretKey: CURVE_SERVER_SECRET };
    const native = createRequire(import.meta.url)("zeromq") as {
      curveKeyPair(): { publicKey: string; secretKey: string };
    };
    const { publicKey, secretKey } = native.curveKeyPair();
    return { curveServerKey: CURVE_SERVER, curvePublicKey: publicKey, curveSecretKey: secretKey };
  }
  if (mechanism === "qzmq" && library === "qzmq") {
    const [us, them] = await Promise.all([identity(side), identity(side === "server" ? "client" : "server")]);
    const options = { identity: us, trust: { pins: [pinOf(them)] } };
    return { security: side === "server" ? server(options) : client(options) };
  }
  throw new Error(`${library} has no mechanism ${mechanism}`);
}
