import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Dealer,
  Proxy as MessageProxy,
  Pair,
  Pull,
  Push,
  Reply,
  Request,
  Router,
  type Socket,
} from "../../src/index.ts";
import { rejection, settled, texts, thrown, turns } from "./expect.ts";

const open: Socket[] = [];
let names = 0;

function use<S extends Socket>(socket: S): S {
  open.push(socket);
  return socket;
}

const freshName = () => `inproc://proxy-${++names}`;

test.after.each(() => {
  for (const socket of open.splice(0)) socket.close();
});

test("requests and replies pass, across a pause", async () => {
  const proxy = new MessageProxy(use(new Router({ linger: 0 })), use(new Dealer({ linger: 0 })));
  const [front, back] = [freshName(), freshName()];
  await proxy.frontEnd.bind(front);
  await proxy.backEnd.bind(back);
  const done = proxy.run();
  const request = use(new Request({ linger: 0 }));
  const reply = use(new Reply({ linger: 0 }));
  request.connect(front);
  reply.connect(back);
  const echoing = (async () => {
    for await (const message of reply) await reply.send(message);
  })();
  for (const text of ["foo", "bar"]) {
    await request.send(text);
    assert.equal(texts(await settled(request.receive())), [text]);
  }
  proxy.pause();
  await request.send("baz");
  const answer = request.receive();
  await turns(5);
  proxy.resume();
  assert.equal(texts(await settled(answer)), ["baz"]);
  proxy.terminate();
  await settled(done);
  assert.equal([proxy.frontEnd.closed, proxy.backEnd.closed], [true, true]);
  reply.close();
  await settled(echoing);
});

test("a slow receiver holds the sender back, and nothing is lost", async () => {
  const limits = { sendHighWaterMark: 2, receiveHighWaterMark: 2 };
  const proxy = new MessageProxy(
    use(new Pull({ receiveHighWaterMark: 2 })),
    use(new Push({ linger: 0, sendHighWaterMark: 2 })),
  );
  const [front, back] = [freshName(), freshName()];
  await proxy.frontEnd.bind(front);
  await proxy.backEnd.bind(back);
  const done = proxy.run();
  const push = use(new Push({ linger: 0, sendHighWaterMark: limits.sendHighWaterMark, sendTimeout: 0 }));
  const pull = use(new Pull({ receiveHighWaterMark: limits.receiveHighWaterMark }));
  push.connect(front);
  pull.connect(back);
  let sent = 0;
  for (; sent < 1000; sent++) {
    const refused = await push.send(String(sent)).catch((error: unknown) => error);
    if (refused !== undefined) break;
    await turns();
  }
  assert.ok(sent < 20, `${sent} messages were taken although nobody reads`);
  for (let i = 0; i < sent; i++) assert.equal(texts(await settled(pull.receive())), [String(i)]);
  proxy.terminate();
  await settled(done);
});

test("more messages than one burst pass, and timers still run", async () => {
  const proxy = new MessageProxy(
    use(new Pull({ receiveHighWaterMark: 0 })),
    use(new Push({ linger: 0, sendHighWaterMark: 0 })),
  );
  const [front, back] = [freshName(), freshName()];
  await proxy.frontEnd.bind(front);
  await proxy.backEnd.bind(back);
  const push = use(new Push({ linger: 0, sendHighWaterMark: 0 }));
  const pull = use(new Pull({ receiveHighWaterMark: 0 }));
  push.connect(front);
  pull.connect(back);
  for (let i = 0; i < 2000; i++) await push.send(String(i));
  const done = proxy.run();
  for (let i = 0; i < 2000; i++) assert.equal(texts(await settled(pull.receive())), [String(i)]);
  proxy.terminate();
  await settled(done);
});

test("its sockets are busy while it runs, and a close waits for its end", async () => {
  const front = use(new Router({ linger: 0 }));
  const back = use(new Dealer({ linger: 0 }));
  await front.bind(freshName());
  await back.bind(freshName());
  const proxy = new MessageProxy(front, back);
  const done = proxy.run();
  for (const call of [() => front.send("x"), () => back.receive(), () => proxy.run()]) {
    const error = thrown(call);
    assert.equal([error.code, error.message], ["EBUSY", "Socket is blocked by a bind or unbind operation"]);
  }
  front.close();
  assert.is(front.closed, false);
  proxy.terminate();
  await settled(done);
  assert.is(front.closed, true);
});

test("run() needs two bound or connected sockets that nobody waits on", async () => {
  const front = use(new Router());
  const back = use(new Dealer({ linger: 0 }));
  const proxy = new MessageProxy(front, back);
  const text = () => {
    const error = thrown(() => proxy.run());
    assert.is(error.code, "EINVAL");
    return error.message;
  };
  assert.is(text(), "Front-end socket must be bound or connected");
  await front.bind(freshName());
  assert.is(text(), "Back-end socket must be bound or connected");
  await back.bind(freshName());
  const waiting = back.receive();
  assert.is(thrown(() => proxy.run()).code, "EBUSY");
  back.close();
  assert.is((await rejection(waiting)).code, "EAGAIN");
  assert.is(text(), "Back-end socket must be bound or connected");
  assert.is(front.closed, false);
  const receiving = front.receive();
  front.close();
  await rejection(receiving);
});

test("pause, resume and terminate throw EBADF unless it runs", async () => {
  const proxy = new MessageProxy(use(new Router()), use(new Dealer()));
  await proxy.frontEnd.bind(freshName());
  await proxy.backEnd.bind(freshName());
  const calls = [() => proxy.pause(), () => proxy.resume(), () => proxy.terminate()];
  for (const call of calls) assert.is(thrown(call).code, "EBADF");
  const done = proxy.run();
  proxy.terminate();
  await settled(done);
  for (const call of calls) assert.is(thrown(call).code, "EBADF");
});

test("what a socket refuses ends the proxy with that error", async () => {
  const front = use(new Pair({ linger: 0 }));
  const back = use(new Router({ mandatory: true, linger: 0 }));
  const sender = use(new Pair({ linger: 0 }));
  const peer = use(new Dealer({ linger: 0 }));
  const [frontName, backName] = [freshName(), freshName()];
  await front.bind(frontName);
  await back.bind(backName);
  sender.connect(frontName);
  peer.connect(backName);
  const done = new MessageProxy(front, back).run();
  await sender.send(["nobody", "x"]);
  assert.is((await rejection(done)).code, "EHOSTUNREACH");
  assert.equal([front.closed, back.closed], [true, true]);
});

test("the constructor checks its arguments", () => {
  const loose = MessageProxy as unknown as new (...args: unknown[]) => unknown;
  const a = use(new Dealer());
  assert.is(thrown(() => new loose()).message, "Front-end must be a socket object");
  assert.is(thrown(() => new loose(a)).message, "Back-end must be a socket object");
  assert.is(thrown(() => new loose({}, {})).code, "EINVAL");
  assert.is(thrown(() => new loose(a, a, a)).message, "Expected 2 arguments but received 3");
});

test.run();
