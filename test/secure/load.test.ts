/** Many clients at once: signing threads leave the event loop free, 500 clients come and go, and what an idle connection costs. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pull, Push, qzmq, Router } from "../../src/index.ts";
import { within } from "../support/within.ts";
import { bob, closeAll, freeEndpoint, pinned, until, use } from "./sockets.ts";

test.after.each(closeAll);

/** Handshakes of many take their time on a slow machine. */
const LIMIT = 90_000;
const PATIENT = { handshakeTimeout: LIMIT };

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("100 handshakes with a signing thread: the event loop turns on between them", async () => {
  const identity = await qzmq.generateIdentity("ML-DSA-44", { worker: true });
  const security = qzmq.server({ identity, helloTimeout: LIMIT, ...PATIENT });
  const pull = use(new Pull({ security }));
  await pull.bind(freeEndpoint());
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  const clients = 100;
  for (let i = 0; i < clients; i++) {
    const push = use(new Push({ security: qzmq.client({ trust: pinned(identity), ...PATIENT }) }));
    push.connect(pull.lastEndpoint!);
    void push.send(String(i));
  }
  count();
  const seen = new Set<string>();
  const receiving = async (): Promise<void> => {
    while (seen.size < clients) seen.add(String((await pull.receive())[0]));
  };
  await within(LIMIT, receiving(), "a message of each client");
  counting = false;
  assert.is(security.counters.handshakesCompleted, clients);
  // One public-key operation in each turn at most; a server has two of its own for a handshake, a client three.
  assert.ok(turns >= 5 * clients, `${turns} turns`);
});

test("many handshakes at once: signatures go to a thread by themselves, and traffic goes on between them", async () => {
  const local = await qzmq.generateIdentity();
  /** For each signature whether it came later, and how many messages had been served by then. */
  const signatures: { readonly later: boolean; readonly echoes: number }[] = [];
  let echoes = 0;
  const signer: qzmq.Signer = {
    algorithm: local.signer.algorithm,
    publicKey: local.signer.publicKey,
    sign(message, context, waiting) {
      const signature = local.signer.sign(message, context, waiting);
      signatures.push({ later: !(signature instanceof Uint8Array), echoes });
      return signature;
    },
    dispose: () => local.signer.dispose?.(),
  };
  // Any load starts the thread; it is there before the clients come.
  while (local.signer.sign(new Uint8Array(1), new Uint8Array(0), 1000) instanceof Uint8Array) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const security = qzmq.server({ identity: { ...local, signer }, helloTimeout: LIMIT, ...PATIENT });
  const router = use(new Router({ security }));
  await router.bind(freeEndpoint());
  const client = () => qzmq.client({ trust: pinned(local), ...PATIENT });
  const serving = (async () => {
    for await (const [id, body] of router) {
      if (String(body) === "echo") echoes++;
      await router.send([id!, body!]);
    }
  })();
  const call = async (body: string): Promise<Dealer> => {
    const dealer = use(new Dealer({ security: client() }));
    dealer.connect(router.lastEndpoint!);
    await dealer.send(body);
    await dealer.receive();
    return dealer;
  };
  const first = await within(LIMIT, call("hello"), "the first client");
  signatures.length = 0;
  let over = false;
  const echoing = (async () => {
    while (!over) {
      await first.send("echo");
      await first.receive();
    }
  })();
  const clients = 60;
  await within(LIMIT, Promise.all(Array.from({ length: clients }, () => call("hello"))), "all clients");
  over = true;
  await echoing;
  assert.is(signatures.length, clients);
  const later = signatures.filter((one) => one.later).length;
  assert.ok(later > clients / 2, `${later} of ${clients} were made elsewhere`);
  const moments = new Set(signatures.map((one) => one.echoes)).size;
  assert.ok(moments > 5, `messages were served at ${moments} moments between signatures`);
  await closeAll();
  await serving;
  await within(LIMIT, Promise.resolve(signer.dispose?.()), "the thread is gone");
});

test("500 clients connect, exchange and close; what an idle connection costs", async () => {
  const security = qzmq.server({ identity: bob, helloTimeout: LIMIT, ...PATIENT });
  const router = use(new Router({ security, handshakeInterval: 0 }));
  await router.bind(freeEndpoint("ipc"));
  const count = 500;
  const before = memory();
  const calling = qzmq.client({ trust: pinned(bob), ...PATIENT });
  const clients = Array.from({ length: count }, () =>
    use(new Dealer({ security: calling, handshakeInterval: 0 })),
  );
  const echo = (async () => {
    for (let i = 0; i < count; i++) await router.send(await router.receive());
  })();
  const talks = clients.map(async (dealer, i) => {
    dealer.connect(router.lastEndpoint!);
    await dealer.send(String(i));
    assert.equal((await dealer.receive()).map(String), [String(i)]);
  });
  await within(LIMIT, Promise.all([echo, ...talks]), "an answer for each client");
  assert.is(security.connections.length, count);
  const each = (memory() - before) / count;
  console.log(
    `memory of an idle connection, both ends with the client's socket: ${(each / 1024).toFixed(0)} KB`,
  );
  assert.ok(each < 200 * 1024, `${each} octets`);
  for (const dealer of clients) dealer.close();
  await until(() => security.connections.length === 0, "the end of each connection");
  assert.equal([security.counters.truncations, calling.counters.truncations], [0, 0]);
  assert.equal([security.counters.messagesOpened, security.counters.messagesSealed], [count, count]);
});

test.run();
