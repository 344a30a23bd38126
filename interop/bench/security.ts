/** Socket options for the two ends of a benchmarked connection. */
import { createRequire } from "node:module";

/** Fixed keys: a benchmark keeps nothing secret. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/** Options of `side` for a mechanism: `null`, or `curve` (npm zeromq only). */
export function security(library: string, mechanism: string, side: "server" | "client"): object {
  if (mechanism === "null") return {};
  if (mechanism === "curve" && library === "zeromq") {
    if (side === "server") return { curveServer: true, curveSecretKey: CURVE_SERVER_SECRET };
    const native = createRequire(import.meta.url)("zeromq") as {
      curveKeyPair(): { publicKey: string; secretKey: string };
    };
    const { publicKey, secretKey } = native.curveKeyPair();
    return { curveServerKey: CURVE_SERVER, curvePublicKey: publicKey, curveSecretKey: secretKey };
  }
  throw new Error(`${library} has no mechanism ${mechanism}`);
}
