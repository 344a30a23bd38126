import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pair, Router, type Socket } from "../../src/index.ts";
import { rejection, settled, texts, thrown } from "./expect.ts";

const open: Socket[] = [];
let names = 0;

function use<S extends Socket>(socket: S): S {
  open.push(socket);
  return socket;
}

const freshName = () => `inproc://endpoints-${++names}`;
const BLOCKED = "Socket is blocked by a bind or unbind operation";

test.after.each(() => {
  for (const socket of open.splice(0)) socket.close();
});

test("malformed and unknown endpoints, with the address on the error", async () => {
  const dealer = use(new Dealer());
  const cases: [string, string][] = [
    ["foo-bar", "EINVAL"],
    ["foo://bar", "EPROTONOSUPPORT"],
  ];
  for (const [address, code] of cases) {
    const errors = [
      await rejection((async () => dealer.bind(address))()),
      await rejection((async () => dealer.unbind(address))()),
      thrown(() => dealer.connect(address)),
      thrown(() => dealer.disconnect(address)),
      thrown(() => dealer.bindSync(address)),
      thrown(() => dealer.unbindSync(address)),
    ];
    for (const error of errors) assert.equal([error.code, error.address], [code, address]);
  }
});

test("unbind and disconnect of nothing are ENOENT", async () => {
  const dealer = use(new Dealer());
  const error = await rejection(dealer.unbind("inproc://nothing"));
  assert.equal(
    [error.code, error.message, error.address],
    ["ENOENT", "No such endpoint", "inproc://nothing"],
  );
  assert.is(thrown(() => dealer.disconnect("tcp://127.0.0.1:1")).code, "ENOENT");
});

test("wrong arguments throw TypeError", () => {
  const dealer = use(new Dealer()) as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["bind", "unbind", "bindSync", "unbindSync", "connect", "disconnect"]) {
    assert.is(thrown(() => dealer[name]!(1)).message, "Address must be a string");
    assert.is(thrown(() => dealer[name]!("inproc://x", 2)).message, "Expected 1 argument but received 2");
  }
  assert.is(thrown(() => dealer["close"]!(1)).message, "Expected 0 arguments but received 1");
});

test("a name in use is EADDRINUSE", async () => {
  const address = freshName();
  await use(new Dealer()).bind(address);
  const error = await rejection(use(new Dealer()).bind(address));
  assert.equal([error.code, error.message], ["EADDRINUSE", "Address already in use"]);
});

test("during a bind or unbind everything else throws EBUSY", async () => {
  const dealer = use(new Dealer());
  const address = freshName();
  for (const operation of [dealer.bind(address), undefined]) {
    const running = operation ?? dealer.unbind(address);
    const calls = [
      () => dealer.bind(freshName()),
      () => dealer.connect(freshName()),
      () => dealer.send("x"),
      () => dealer.receive(),
    ];
    for (const call of calls) {
      const error = thrown(call);
      assert.equal([error.code, error.message], ["EBUSY", BLOCKED]);
    }
    await settled(running);
  }
});

test("close during a bind or unbind waits for it, also when it fails", async () => {
  const address = freshName();
  await use(new Dealer()).bind(address);
  const attempts = [
    (dealer: Dealer) => dealer.bind(freshName()),
    (dealer: Dealer) => dealer.bind(address),
    (dealer: Dealer) => dealer.unbind(address),
  ];
  for (const attempt of attempts) {
    const dealer = use(new Dealer());
    const running = attempt(dealer);
    dealer.close();
    assert.is(dealer.closed, false);
    await settled(running.catch(() => {}));
    assert.is(dealer.closed, true);
  }
});

test("bindSync has bound when it returns", async () => {
  const router = use(new Router());
  router.bindSync("tcp://127.0.0.1:*");
  const address = router.lastEndpoint!;
  assert.match(address, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  const dealer = use(new Dealer({ linger: 0 }));
  dealer.connect(address);
  assert.is(dealer.lastEndpoint, address);
  await dealer.send("x");
  assert.is((await settled(router.receive())).length, 2);
  router.unbindSync(address);
  assert.is(thrown(() => router.unbindSync(address)).code, "ENOENT");
});

test("connect gives a queue at once, bind alone does not", async () => {
  const connecting = use(new Pair({ linger: 0 }));
  const bound = use(new Pair({ linger: 0 }));
  connecting.connect(freshName());
  await bound.bind(freshName());
  assert.equal([connecting.writable, bound.writable], [true, false]);
});

test("a Router may name the peer it connects to", async () => {
  const router = use(new Router({ mandatory: true, linger: 0 }));
  const dealer = use(new Dealer());
  const address = freshName();
  await dealer.bind(address);
  router.connect(address, { routingId: "peer" });
  await settled(router.send(["peer", "hi"]));
  assert.equal(texts(await settled(dealer.receive())), ["hi"]);
});

test.run();
