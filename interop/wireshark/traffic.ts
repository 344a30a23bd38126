/** Real traffic to capture, through a recorder: QZMQ between our sockets, and libzmq's own mechanisms. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Dealer, type Socket } from "../../src/index.ts";
import { KEY_LOG_VARIABLE } from "../../src/net/key-log-file.ts";
import { aliceClient, bobServer, freeEndpoint, settled, until } from "../../test/secure/sockets.ts";
import { publishUntil, theirs } from "../libzmq/setup.ts";
import { Recorder, type Recording } from "./recorder.ts";
import { folder } from "./tshark.ts";

/** What went over the line, and the secrets of it. */
export interface Traffic {
  readonly recordings: readonly Recording[];
  /** Frames of messages in the order in which each side sent them, over all connections. */
  readonly sent: { readonly client: readonly Buffer[]; readonly server: readonly Buffer[] };
  readonly keyLog: string;
  /** What the client's side knew of each connection at its end. */
  readonly facts: readonly Readonly<Record<string, unknown>>[];
}

let logs = 0;

/** Sockets that are closed, and a recorder too, whatever happens. */
async function between<T>(
  binder: Socket,
  act: (recorder: Recorder, keep: <S extends Socket>(socket: S) => S) => Promise<T>,
): Promise<T & { readonly recordings: readonly Recording[] }> {
  const kept: Socket[] = [binder];
  let recorder: Recorder | undefined;
  try {
    await binder.bind(freeEndpoint());
    recorder = await Recorder.to(binder.lastEndpoint!);
    const result = await act(recorder, (socket) => {
      kept.push(socket);
      return socket;
    });
    return { ...result, recordings: recorder.recordings };
  } finally {
    for (const socket of kept.filter((one) => !one.closed)) {
      socket.linger = 0;
      socket.close();
    }
    await recorder?.close();
  }
}

/**
 * Two connections under one suite: a full handshake with messages of many sizes, `rotations` begun by either side in
 * turn, and a goodbye; then a resumed one with early data. `sizes` are those of the client's messages.
 */
export async function qzmqTraffic(suite: string, sizes: readonly number[], rotations = 3): Promise<Traffic> {
  const keyLog = join(folder, `keys-${++logs}`);
  const sent = { client: [] as Buffer[], server: [] as Buffer[] };
  process.env[KEY_LOG_VARIABLE] = keyLog;
  const server = bobServer({ suites: [suite], tickets: { earlyLimit: 65_536 } });
  const client = aliceClient({ suites: [suite], earlyData: true, keyLog: true });
  delete process.env[KEY_LOG_VARIABLE];
  const bound = new Dealer({ security: server, linger: 0 });
  const facts: Readonly<Record<string, unknown>>[] = [];

  const pass = async (from: "client" | "server", by: Dealer, to: Dealer, frames: Buffer[]) => {
    sent[from].push(...frames);
    await settled(by.send(frames), "send");
    await settled(to.receive(), "receive");
  };
  const steady = (epoch: number) =>
    until(
      () =>
        [client, server].every((side) => {
          const now = side.connections[0]?.facts;
          return now?.["epoch"] === epoch && now["rotation"] === "steady";
        }),
      `both sides in epoch ${epoch}`,
    );

  const result = await between(bound, async (recorder, keep) => {
    const leave = async (dealer: Dealer) => {
      await until(() => client.connections.length === 1, "the client's connection");
      facts.push(client.connections[0]!.facts);
      dealer.close();
      await until(
        () => client.connections.length + server.connections.length === 0,
        "the end of the connection on both sides",
      );
    };
    const first = keep(new Dealer({ security: client, routingId: "alice-7" }));
    first.connect(recorder.endpoint);
    for (const size of sizes) await pass("client", first, bound, [randomBytes(size), Buffer.from("tail")]);
    await pass("server", bound, first, [Buffer.from("answer"), Buffer.alloc(0), randomBytes(300)]);
    for (let epoch = 1; epoch <= rotations; epoch++) {
      (epoch % 2 === 1 ? client : server).rotate();
      await steady(epoch);
      await pass("client", first, bound, [Buffer.from(`epoch ${epoch}, to the server`)]);
      await pass("server", bound, first, [Buffer.from(`epoch ${epoch}, to the client`)]);
    }
    await leave(first);
    const second = keep(new Dealer({ security: client, routingId: "alice-7" }));
    second.connect(recorder.endpoint);
    await pass("client", second, bound, [Buffer.from("this is early")]);
    await pass("client", second, bound, [Buffer.from("this is not")]);
    await leave(second);
    return { sent, keyLog, facts };
  });
  server.dispose();
  client.dispose();
  return result;
}

/** libzmq publishes to libzmq. */
export function pubSub(): Promise<{ readonly recordings: readonly Recording[] }> {
  const publisher = new theirs.Publisher({ linger: 0 });
  return between(publisher, async (recorder, keep) => {
    const subscriber = keep(new theirs.Subscriber({ heartbeatInterval: 20, heartbeatTimeToLive: 5000 }));
    subscriber.connect(recorder.endpoint);
    subscriber.subscribe("weather");
    subscriber.subscribe("news");
    await settled(publishUntil(publisher, ["weather", "sunny"], subscriber.receive()), "a publication");
    subscriber.unsubscribe("news");
    await until(
      () => said(recorder, "client", "CANCEL") && said(recorder, "server", "PONG"),
      "CANCEL and PONG",
    );
    return {};
  });
}

/** PLAIN between libzmq's sockets. */
export function plain(): Promise<{ readonly recordings: readonly Recording[] }> {
  const context = new theirs.Context();
  const router = new theirs.Router({ context, plainServer: true, zapDomain: "test", linger: 0 });
  return between(router, async (recorder, keep) => {
    const zap = keep(new theirs.Reply({ context }));
    await zap.bind("inproc://zeromq.zap.01");
    const dealer = keep(new theirs.Dealer({ plainUsername: "admin", plainPassword: "s3cret" }));
    dealer.connect(recorder.endpoint);
    const sending = dealer.send("hello");
    const [version, id] = await settled(zap.receive(), "a request");
    await zap.send([version!, id!, "200", "OK", "admin", ""]);
    await settled(sending, "send");
    await settled(router.receive(), "receive");
    return {};
  });
}

/** CURVE between libzmq's sockets, without an authorizer. */
export function curve(): Promise<{ readonly recordings: readonly Recording[] }> {
  const { publicKey, secretKey } = theirs.curveKeyPair();
  const own = theirs.curveKeyPair();
  const pull = new theirs.Pull({ curveServer: true, curveSecretKey: secretKey, linger: 0 } as object);
  return between(pull, async (recorder, keep) => {
    const push = keep(
      new theirs.Push({
        ...{ curveServerKey: publicKey, curvePublicKey: own.publicKey, curveSecretKey: own.secretKey },
      } as object),
    );
    push.connect(recorder.endpoint);
    await settled(push.send("hidden"), "send");
    await settled(pull.receive(), "receive");
    return {};
  });
}

function said(recorder: Recorder, from: "client" | "server", word: string): boolean {
  return recorder.recordings.some((recording) =>
    recording.some((piece) => piece.from === from && piece.octets.includes(word)),
  );
}
