/**
 * One process of the tunnel's benchmark: a libzmq program (npm `zeromq`) that sends or receives, or a plain forwarder.
 *
 *     node tunnel-peer.js push ENDPOINT CURVE SIZE COUNT
 *     node tunnel-peer.js pull ENDPOINT CURVE SIZE COUNT
 *     node tunnel-peer.js forward PORT TO-PORT
 */
import { once } from "node:events";
import * as net from "node:net";
import type * as zmq from "../../src/index.ts";

/** Fixed keys: a benchmark keeps nothing secret. */
const CURVE_SERVER = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const CURVE_SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
/** The share of the messages that only warms up. */
const WARM = 0.2;

type Native = typeof zmq & { curveKeyPair(): { publicKey: string; secretKey: string } };

const [role, where, third, sizeText, countText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const size = Number(sizeText);
const count = Number(countText);

if (role === "forward") {
  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ port: Number(third), host: "127.0.0.1", noDelay: true });
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far).pipe(near);
  });
  server.listen(Number(where), "127.0.0.1");
  await once(server, "listening");
  console.log("ready");
} else {
  const { default: native } = (await import("zeromq")) as unknown as { default: Native };
  if (role === "pull") {
    const curve = third === "curve" ? { curveServer: true, curveSecretKey: CURVE_SERVER_SECRET } : {};
    const pull = new native.Pull(curve as object);
    await pull.bind(where);
    console.log("ready");
    let left = count;
    let began = 0;
    const from = Math.floor(count * (1 - WARM));
    for await (const [message] of pull) {
      if (message!.length !== size) throw new Error(`${message!.length} octets, ${size} expected`);
      if (left-- === from) began = performance.now();
      if (left === 0) break;
    }
    console.log(JSON.stringify({ rate: ((from - 1) / (performance.now() - began)) * 1000 }));
    pull.close();
  } else {
    const { publicKey, secretKey } = native.curveKeyPair();
    const curve = { curveServerKey: CURVE_SERVER, curvePublicKey: publicKey, curveSecretKey: secretKey };
    const push = new native.Push({ linger: -1, ...(third === "curve" ? (curve as object) : {}) });
    push.connect(where);
    const message = Buffer.alloc(size, "a");
    for (let i = 0; i < count; i++) await push.send(message);
    // The receiver has what it wants when it ends; the parent then ends us.
    process.stdin.resume();
    await once(process.stdin, "end");
    push.close();
  }
}
