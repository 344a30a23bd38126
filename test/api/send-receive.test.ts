import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Dealer,
  type MessageLike,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
  Subscriber,
} from "../../src/index.ts";
import { rejection, settled, texts, thrown, turns, waits } from "./expect.ts";

const open: Socket[] = [];
let names = 0;

/** Closes the socket after the test. */
function use<S extends Socket>(socket: S): S {
  open.push(socket);
  return socket;
}

const freshName = () => `inproc://send-receive-${++names}`;

async function joined(): Promise<[Pair, Pair]> {
  const a = use(new Pair({ linger: 0 }));
  const b = use(new Pair({ linger: 0 }));
  const address = freshName();
  await b.bind(address);
  a.connect(address);
  return [a, b];
}

test.after.each(() => {
  for (const socket of open.splice(0)) socket.close();
});

test("a message arrives with its frames", async () => {
  const [a, b] = await joined();
  await a.send(["one", Buffer.from("two")]);
  assert.equal(texts(await settled(b.receive())), ["one", "two"]);
});

test("what a frame may be", async () => {
  const [a, b] = await joined();
  const ints = Int32Array.from([0x66, 0x6f]);
  const sent: [unknown, string][] = [
    [null, ""],
    [16.19, "16.19"],
    [true, "true"],
    [{}, "[object Object]"],
    [Promise.resolve(), "[object Promise]"],
    [Uint8Array.from([0x66, 0x6f]), "fo"],
    [ints, "f\0\0\0o\0\0\0"],
    [ints.buffer, "f\0\0\0o\0\0\0"],
    [ints.subarray(1), "o\0\0\0"],
    [new DataView(ints.buffer, 4, 1), "o"],
    [new SharedArrayBuffer(2), "\0\0"],
  ];
  for (const [value, text] of sent) {
    await a.send(value as MessageLike);
    assert.equal(texts(await settled(b.receive())), [text]);
  }
  assert.is(thrown(() => a.send(undefined as never)).message, "Message must be present");
  assert.instance(
    thrown(() => a.send(Symbol("x") as never)),
    TypeError,
  );
});

test("an empty array sends nothing", async () => {
  const [a, b] = await joined();
  await a.send([]);
  await a.send("next");
  assert.equal(texts(await settled(b.receive())), ["next"]);
});

test("small buffers may be reused after a send that had to be queued; the array at once", async () => {
  const push = use(new Push({ linger: 0 }));
  const pull = use(new Pull());
  const address = freshName();
  push.connect(address);
  const frame = Buffer.from("first");
  const message = [frame];
  await push.send(message);
  frame.write("later");
  message.push(Buffer.from("more"));
  await pull.bind(address);
  assert.equal(texts(await settled(pull.receive())), ["first"]);
});

test("a second send or receive throws EBUSY while one is pending", async () => {
  const push = use(new Push({ linger: 0 }));
  const sending = push.send("a");
  const busy = thrown(() => push.send("b"));
  assert.is(busy.code, "EBUSY");
  assert.is(busy.message, "Socket is busy writing; only one send operation may be in progress at any time");
  const pull = use(new Pull());
  const receiving = pull.receive();
  assert.is(
    thrown(() => pull.receive()).message,
    "Socket is busy reading; only one receive operation may be in progress at any time",
  );
  push.close();
  pull.close();
  assert.is((await rejection(sending)).code, "EAGAIN");
  assert.is((await rejection(receiving)).code, "EAGAIN");
});

test("a pending send goes out when a peer comes, a pending receive ends when a message does", async () => {
  const push = use(new Push({ linger: 0 }));
  const pull = use(new Pull());
  const address = freshName();
  const sending = push.send("late");
  const receiving = pull.receive();
  await pull.bind(address);
  push.connect(address);
  await settled(sending);
  assert.equal(texts(await settled(receiving)), ["late"]);
});

test("timeouts reject with EAGAIN, and 0 does not wait", async () => {
  const push = use(new Push({ linger: 0, sendTimeout: 1 }));
  const pull = use(new Pull({ receiveTimeout: 1 }));
  for (const timeout of [1, 0]) {
    push.sendTimeout = timeout;
    pull.receiveTimeout = timeout;
    for (const error of [await rejection(push.send("x")), await rejection(pull.receive())]) {
      assert.is(error.code, "EAGAIN");
      assert.is(error.message, "Operation was not possible or timed out");
      assert.type(error.errno, "number");
    }
  }
});

test("the high-water mark blocks a sender", async () => {
  const push = use(new Push({ linger: 0, sendHighWaterMark: 2, sendTimeout: 0 }));
  push.connect(freshName());
  await push.send("1");
  await push.send("2");
  assert.is(push.writable, false);
  assert.is((await rejection(push.send("3"))).code, "EAGAIN");
  push.sendHighWaterMark = 3;
  await push.send("3");
});

test("after close every call throws EBADF", () => {
  const pair = use(new Pair());
  pair.close();
  pair.close();
  assert.is(pair.closed, true);
  assert.is(pair.readable, false);
  assert.is(pair.writable, false);
  const calls = [
    () => pair.send("x"),
    () => pair.receive(),
    () => pair.bind("inproc://x"),
    () => pair.connect("inproc://x"),
    () => pair.bindSync("inproc://x"),
    () => pair.unbind("inproc://x"),
    () => pair.disconnect("inproc://x"),
  ];
  for (const call of calls) assert.is(thrown(call).code, "EBADF");
});

test("iteration gives messages and ends with the socket", async () => {
  const [a, b] = await joined();
  for (const text of ["x", "y", "z"]) await a.send(text);
  const found: string[] = [];
  for await (const [frame] of b) {
    found.push(String(frame));
    if (found.length === 3) setImmediate(() => b.close());
  }
  assert.equal(found, ["x", "y", "z"]);
  assert.equal(await b[Symbol.asyncIterator]().next(), { value: undefined, done: true });
});

test("iteration throws what is not the end of the socket", async () => {
  const request = use(new Request());
  const next = request[Symbol.asyncIterator]().next();
  assert.ok(await waits(next));
  request.close();
  const error = await rejection(next);
  assert.is(error.code, "EFSM");
  assert.is(error.errno, 156384763);
});

test("out of turn, a Request waits; with a time limit it rejects with EFSM", async () => {
  const reply = use(new Reply());
  const request = use(new Request({ linger: 0 }));
  const address = freshName();
  await reply.bind(address);
  request.connect(address);
  await request.send("question");
  request.sendTimeout = 1;
  assert.is((await rejection(request.send("again"))).code, "EFSM");
  await settled(reply.receive());
  await reply.send("answer");
  request.sendTimeout = -1;
  const second = request.send("second");
  assert.ok(await waits(second));
  assert.equal(texts(await settled(request.receive())), ["answer"]);
  await settled(second);
  assert.equal(texts(await settled(reply.receive())), ["second"]);
  await reply.send("done");
  await settled(request.receive());
  request.receiveTimeout = 1;
  assert.is((await rejection(request.receive())).code, "EFSM");
});

test("a mandatory Router without peers waits, or with no time rejects with EHOSTUNREACH", async () => {
  const router = use(new Router({ mandatory: true, linger: 0 }));
  await router.bind(freshName());
  const waiting = router.send(["nobody", "x"]);
  assert.ok(await waits(waiting));
  router.close();
  assert.is((await rejection(waiting)).code, "EHOSTUNREACH");
  const hasty = use(new Router({ mandatory: true, sendTimeout: 0 }));
  assert.is((await rejection(hasty.send(["nobody", "x"]))).code, "EHOSTUNREACH");
});

test("types that do not send reject, types that do not receive throw", async () => {
  const subscriber = use(new Subscriber()) as unknown as Pair;
  assert.is((await rejection(subscriber.send("x"))).code, "ENOTSUP");
  for (const socket of [use(new Publisher()), use(new Push())]) {
    assert.match(thrown(() => (socket as unknown as Pair).receive()).message, "receive is not a function");
  }
});

test("a signal ends a wait with its reason, and the socket goes on", async () => {
  const [a, b] = await joined();
  const controller = new AbortController();
  const receiving = b.receive({ signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  assert.is(await rejection(receiving), reason);
  assert.is(await rejection(b.receive({ signal: controller.signal })), reason);
  assert.is(await rejection(a.send("x", { signal: controller.signal })), reason);
  await a.send("still here", { signal: new AbortController().signal });
  assert.equal(texts(await settled(b.receive())), ["still here"]);

  const push = use(new Push({ linger: 0 }));
  const stop = new AbortController();
  const sending = push.send("x", { signal: stop.signal });
  stop.abort();
  assert.is((await rejection(sending)).name, "AbortError");
  push.connect(freshName());
  await settled(push.send("y"));
});

test("options of an operation must be an object", async () => {
  const [a, b] = await joined();
  assert.is(thrown(() => a.send("x", (() => {}) as never)).message, "Options must be an object");
  assert.is(thrown(() => b.receive(1 as never)).message, "Options must be an object");
});

test("after 512 operations done at once, one waits for the event loop", async () => {
  const [a, b] = await joined();
  a.sendHighWaterMark = b.receiveHighWaterMark = 0;
  let turned = 0;
  let running = true;
  const count = () => {
    turned++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  for (let i = 0; i < 2100; i++) await a.send("x");
  const sending = turned;
  for (let i = 0; i < 2100; i++) await b.receive();
  running = false;
  assert.ok(sending >= 4, `${sending} turns while sending`);
  assert.ok(turned - sending >= 4, `${turned - sending} turns while receiving`);
  await turns(2);
});

test("sends done at once share one promise", async () => {
  const [a] = await joined();
  const first = a.send("x");
  assert.is(a.send("y"), first);
  await first;
});

test("a message that is there wins over a time limit that has passed", async () => {
  const [a, b] = await joined();
  b.receiveTimeout = 20_000;
  const receiving = b.receive();
  await a.send("x");
  b.close();
  assert.equal(texts(await settled(receiving)), ["x"]);
});

test("subscriptions decide what a Subscriber receives", async () => {
  const publisher = use(new Publisher());
  const subscriber = use(new Subscriber());
  const address = freshName();
  await publisher.bind(address);
  subscriber.connect(address);
  subscriber.subscribe("a", Buffer.from("b"));
  subscriber.unsubscribe("b");
  await turns(2);
  for (const text of ["b1", "c1", "a1"]) await publisher.send(text);
  assert.equal(texts(await settled(subscriber.receive())), ["a1"]);
  subscriber.subscribe();
  await turns(2);
  await publisher.send("c2");
  assert.equal(texts(await settled(subscriber.receive())), ["c2"]);
  assert.is(
    thrown(() => subscriber.subscribe(5 as never)).message,
    "Option value must be a string or buffer",
  );
});

test("over tcp: many messages in order, both ways, and asyncDispose delivers what is left", async () => {
  const dealer = use(new Dealer());
  const router = use(new Router({ linger: 0 }));
  await router.bind("tcp://127.0.0.1:*");
  dealer.connect(router.lastEndpoint!);
  const count = 5000;
  const echoing = (async () => {
    let left = count;
    for await (const message of router) {
      await router.send(message);
      if (--left === 0) break;
    }
  })();
  const sending = (async () => {
    for (let i = 0; i < count; i++) await dealer.send(String(i));
  })();
  for (let i = 0; i < count; i++) assert.equal(texts(await settled(dealer.receive())), [String(i)]);
  await settled(Promise.all([echoing, sending]));
  await dealer.send("last");
  await settled(dealer[Symbol.asyncDispose]());
  assert.is(dealer.closed, true);
  assert.is(String((await settled(router.receive()))[1]), "last");
});

test.run();
