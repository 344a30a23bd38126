import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pipe, type PipeLimits, type PipeOwner } from "../../src/pipe/pipe.ts";
import { type Message, type PipeItem, SubscriptionChange } from "../../src/wire/message.ts";
import { FakeTransport, LIMITS, msg, peerNamed, text } from "../support/fake-transport.ts";

class Owner implements PipeOwner {
  intercept: PipeOwner["intercept"] = null;
  readables = 0;
  writables = 0;
  acceptsSubscriptions = true;
  onReadable(): void {
    this.readables++;
  }
  onWritable(): void {
    this.writables++;
  }
  onSubscription(): boolean {
    return this.acceptsSubscriptions;
  }
}

function setup(limits: Partial<PipeLimits> = {}) {
  const owner = new Owner();
  const transport = new FakeTransport();
  const pipe = new Pipe(owner, { ...LIMITS, ...limits });
  return { owner, transport, pipe, up: () => pipe.attach(transport, peerNamed()) };
}

const names = (items: readonly PipeItem[]) =>
  items.map((item) => (item instanceof SubscriptionChange ? `+${item.topic}` : text(item)!.join()));

test("a message that the transport takes at once never enters the queue", () => {
  const { pipe, transport, up } = setup({ sendHighWaterMark: 1 });
  up();
  for (let i = 0; i < 5; i++) assert.ok(pipe.write(msg(`${i}`)));
  assert.is(pipe.outboundLength, 0);
  assert.equal(names(transport.taken), ["0", "1", "2", "3", "4"]);
});

test("a queue at its high-water mark refuses; room is announced once, when it is half empty", () => {
  const { pipe, owner, transport, up } = setup({ sendHighWaterMark: 4 });
  up();
  transport.room = 0;
  for (let i = 0; i < 4; i++) assert.ok(pipe.write(msg(`${i}`)));
  assert.not(pipe.writable);
  assert.not(pipe.write(msg("refused")));
  transport.room = 1;
  pipe.flush();
  assert.is(owner.writables, 0);
  assert.not(pipe.writable);
  transport.room = 1;
  pipe.flush();
  assert.is(owner.writables, 1);
  assert.ok(pipe.writable);
  transport.room = Infinity;
  pipe.flush();
  assert.is(owner.writables, 1);
  assert.equal(names(transport.taken), ["0", "1", "2", "3"]);
});

test("a mark of 0 is no limit", () => {
  const { pipe } = setup({ sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  for (let i = 0; i < 5000; i++) assert.ok(pipe.write(msg("x")) && pipe.deliver(msg("x")));
});

test("subscriptions pass a full queue, in order with the messages", () => {
  const { pipe, transport, up } = setup({ sendHighWaterMark: 1 });
  pipe.write(msg("a"));
  pipe.writeSubscription(new SubscriptionChange(true, Buffer.from("t")));
  up();
  pipe.flush();
  assert.equal(names(transport.taken), ["a", "+t"]);
});

test("forgotten subscriptions leave the messages, and make room", () => {
  const { pipe, owner } = setup({ sendHighWaterMark: 2 });
  pipe.writeSubscription(new SubscriptionChange(true, Buffer.from("t")));
  pipe.write(msg("a"));
  assert.not(pipe.writable);
  pipe.forgetSubscriptions();
  assert.is(pipe.outboundLength, 1);
  assert.ok(pipe.writable);
  assert.is(owner.writables, 1);
});

test("a message written ahead goes before what waits", () => {
  const { pipe, transport, up } = setup({ sendHighWaterMark: 1 });
  pipe.write(msg("later"));
  up();
  pipe.writeAhead(msg("first"));
  pipe.flush();
  pipe.writeAhead(msg("at once"));
  assert.equal(names(transport.taken), ["first", "later", "at once"]);
});

test("a full inbound queue stalls the transport and resumes it when half empty", () => {
  const { pipe, transport, up } = setup({ receiveHighWaterMark: 4 });
  up();
  assert.equal(
    [1, 2, 3, 4].map((i) => pipe.deliver(msg(`${i}`))),
    [true, true, true, false],
  );
  assert.ok(pipe.stalled);
  pipe.read();
  assert.is(transport.resumes, 0);
  pipe.read();
  assert.is(transport.resumes, 1);
  assert.not(pipe.stalled);
  assert.equal(text(pipe.read()), ["3"]);
});

test("a new connection to a pipe that is still full begins stalled", () => {
  const { pipe, up, transport } = setup({ receiveHighWaterMark: 1 });
  up();
  pipe.deliver(msg("a"));
  pipe.detach(false);
  up();
  assert.ok(pipe.stalled);
  pipe.read();
  assert.is(transport.resumes, 1);
});

test("readable is told when the queue was empty, and only then", () => {
  const { pipe, owner } = setup();
  pipe.deliver(msg("a"));
  pipe.deliver(msg("b"));
  assert.is(owner.readables, 1);
  pipe.read();
  pipe.read();
  pipe.deliver(msg("c"));
  assert.is(owner.readables, 2);
});

test("conflate keeps the newest message each way, whatever the marks", () => {
  const { pipe, owner, transport, up } = setup({
    conflate: true,
    sendHighWaterMark: 1,
    receiveHighWaterMark: 1,
  });
  for (const name of ["a", "b", "c"]) assert.ok(pipe.write(msg(name)) && pipe.deliver(msg(name)));
  pipe.setLimits(1, 1);
  assert.ok(pipe.write(msg("d")));
  up();
  pipe.flush();
  assert.equal(names(transport.taken), ["d"]);
  assert.equal(text(pipe.read()), ["c"]);
  assert.is(pipe.read(), undefined);
  assert.is(owner.readables, 1);
});

test("what waits survives a lost connection, and may be added to (RFC 28, connecting side)", () => {
  const { pipe, transport, up } = setup();
  pipe.write(msg("a"));
  up();
  pipe.detach(false);
  assert.not(pipe.connected);
  pipe.write(msg("b"));
  up();
  pipe.flush();
  assert.equal(names(transport.taken), ["a", "b"]);
});

test("a forgotten pipe drops what waits and refuses more until it is attached and flushed", () => {
  const { pipe, owner, transport, up } = setup();
  up();
  transport.room = 0;
  pipe.write(msg("a"));
  pipe.detach(true);
  assert.is(pipe.outboundLength, 0);
  assert.not(pipe.write(msg("b")));
  pipe.setLimits(10, 10);
  assert.not(pipe.writable);
  assert.is(owner.writables, 0);
  transport.room = Infinity;
  up();
  assert.not(pipe.writable);
  pipe.flush();
  assert.is(owner.writables, 1);
  assert.ok(pipe.write(msg("c")));
  assert.equal(names(transport.taken), ["c"]);
});

test("new limits take effect on what is queued", () => {
  const { pipe, owner, transport, up } = setup({ sendHighWaterMark: 2, receiveHighWaterMark: 2 });
  up();
  transport.room = 0;
  pipe.write(msg("a"));
  pipe.write(msg("b"));
  assert.not(pipe.writable);
  pipe.setLimits(3, 0);
  assert.ok(pipe.write(msg("c")));
  assert.not(pipe.writable);
  pipe.setLimits(0, 0);
  assert.ok(pipe.writable);
  assert.is(owner.writables, 2);
  pipe.setLimits(1, 0);
  assert.not(pipe.write(msg("d")));
});

test("raising the receive mark resumes a stalled transport", () => {
  const { pipe, transport, up } = setup({ receiveHighWaterMark: 1 });
  up();
  assert.not(pipe.deliver(msg("a")));
  pipe.setLimits(0, 0);
  assert.is(transport.resumes, 1);
});

test("an owner that takes no more subscriptions stalls the transport until it resumes the pipe", () => {
  const { pipe, owner, transport, up } = setup();
  up();
  const change = new SubscriptionChange(true, Buffer.from("t"));
  assert.ok(pipe.deliver(change));
  owner.acceptsSubscriptions = false;
  assert.not(pipe.deliver(change));
  pipe.resume();
  pipe.resume();
  assert.is(transport.resumes, 1);
});

test("an intercept consumes messages, and may stall", () => {
  const { pipe, owner } = setup();
  owner.intercept = (which, message) => {
    if (text(message)![0] === "stop") which.stall();
    return text(message)![0] !== "mine";
  };
  assert.ok(pipe.deliver(msg("gone")));
  assert.is(pipe.inboundLength, 0);
  assert.ok(pipe.deliver(msg("mine")));
  assert.is(pipe.inboundLength, 1);
  assert.not(pipe.deliver(msg("stop")));
});

test("a transport that answers from within take() gets each item once and in order", () => {
  const { pipe, up } = setup();
  const taken: string[] = [];
  for (let i = 0; i < 3; i++) pipe.write(msg(`${i}`));
  pipe.attach(
    {
      take(item) {
        const [name] = text(item as Message)!;
        taken.push(name!);
        if (taken.length === 2) pipe.write(msg("from within"));
        pipe.flush();
        return true;
      },
      resume() {},
      terminate() {},
    },
    peerNamed(),
  );
  pipe.flush();
  assert.equal(taken, ["0", "1", "2", "from within"]);
  assert.is(pipe.outboundLength, 0);
  up();
});

test("conflate: a message written from within take() is kept", () => {
  const { pipe } = setup({ conflate: true });
  const taken: PipeItem[] = [];
  const take = (item: PipeItem) => {
    taken.push(item);
    if (taken.length === 1) pipe.write(msg("newer"));
    return true;
  };
  pipe.write(msg("old"));
  pipe.attach({ take, resume() {}, terminate() {} }, peerNamed());
  pipe.flush();
  assert.equal(names(taken), ["old", "newer"]);
});

test("a connection that ends from within take() gets no more", () => {
  for (const forget of [false, true]) {
    const { pipe } = setup();
    for (let i = 0; i < 3; i++) pipe.write(msg(`${i}`));
    const taken: PipeItem[] = [];
    const take = (item: PipeItem) => {
      taken.push(item);
      pipe.detach(forget);
      return true;
    };
    pipe.attach({ take, resume() {}, terminate() {} }, peerNamed());
    pipe.flush();
    assert.equal(names(taken), ["0"]);
    assert.is(pipe.outboundLength, forget ? 0 : 2);
  }
});

test("terminate reaches the transport, if there is one", () => {
  const { pipe, transport, up } = setup();
  pipe.terminate();
  up();
  pipe.terminate();
  assert.is(transport.terminations, 1);
});

type Step = "write" | "room" | "down" | "up" | "deliver" | "read";

test("whatever happens to its connections, a pipe keeps order and loses or doubles nothing", () => {
  const steps = fc.array(
    fc.constantFrom<Step>("write", "write", "room", "down", "up", "deliver", "deliver", "read"),
    {
      maxLength: 300,
    },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (steps, mark) => {
      const { pipe, transport, up } = setup({ sendHighWaterMark: mark, receiveHighWaterMark: mark });
      transport.room = 0;
      const written: string[] = [];
      const delivered: string[] = [];
      const read: string[] = [];
      let id = 0;
      for (const step of steps) {
        if (step === "write") {
          const name = `${id++}`;
          const writable = pipe.writable;
          assert.is(pipe.write(msg(name)), writable);
          if (writable) written.push(name);
          assert.ok(pipe.outboundLength <= mark);
        } else if (step === "room") {
          transport.room++;
          pipe.flush();
        } else if (step === "down") pipe.detach(false);
        else if (step === "up") {
          up();
          pipe.flush();
        } else if (step === "deliver") {
          if (!pipe.connected || pipe.stalled) continue;
          const name = `${id++}`;
          delivered.push(name);
          const goOn = pipe.deliver(msg(name));
          assert.is(goOn, !pipe.stalled);
          assert.ok(pipe.inboundLength <= mark);
        } else {
          const message = pipe.read();
          if (message !== undefined) read.push(text(message)![0]!);
        }
        if (pipe.connected && transport.room > 0) assert.is(pipe.outboundLength, 0);
      }
      up();
      transport.room = Infinity;
      pipe.flush();
      assert.ok(pipe.writable);
      for (let message = pipe.read(); message !== undefined; message = pipe.read())
        read.push(text(message)![0]!);
      assert.equal(names(transport.taken), written);
      assert.equal(read, delivered);
    }),
  );
});

test.run();
