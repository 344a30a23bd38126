import { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Context, context, Dealer, Subscriber } from "../../src/index.ts";
import { settled, thrown } from "./expect.ts";

const loose = Context as unknown as new (...args: unknown[]) => Context;

test("defaults", () => {
  const { ioThreads, maxSockets, maxSocketsLimit, maxMessageSize, ipv6, blocky } = new Context();
  assert.equal(
    { ioThreads, maxSockets, maxSocketsLimit, maxMessageSize, ipv6, blocky },
    {
      ioThreads: 1,
      maxSockets: 1023,
      maxSocketsLimit: 65535,
      maxMessageSize: 2147483647,
      ipv6: false,
      blocky: true,
    },
  );
});

test("options are set and read back", () => {
  const own = new Context({ ioThreads: 5 });
  own.ipv6 = true;
  assert.is(own.ioThreads, 5);
  assert.is(own.ipv6, true);
});

test("wrong arguments throw TypeError with zeromq.js's texts", () => {
  const text = (...args: unknown[]) => thrown(() => new loose(...args)).message;
  assert.is(text(1), "Options must be an object");
  assert.is(text(null), "Options must be an object");
  assert.is(text({}, 2), "Expected 1 argument but received 2");
  assert.is(text({ ioThreads: "many" }), "Option value must be a number");
  assert.is(text({ blocky: 1 }), "Option value must be a boolean");
  assert.is(text({ nonsense: 1 }), "Cannot add property nonsense, object is not extensible");
  assert.is(
    text({ maxSocketsLimit: 1 }),
    "Cannot set property maxSocketsLimit of #<Context> which has only a getter",
  );
});

test("values out of range throw EINVAL", () => {
  assert.is(thrown(() => new Context({ ioThreads: -1 })).code, "EINVAL");
  assert.is(thrown(() => new Context({ maxSockets: 0 })).code, "EINVAL");
});

test("number 3 writes the thread priority and reads the limit of sockets", () => {
  const own = new Context({ threadPriority: 7 });
  assert.is(own.threadPriority, undefined);
  assert.is(own.maxSocketsLimit, 65535);
});

test("more than maxSockets open sockets throw EMFILE; a closed one makes room", () => {
  const own = new Context({ maxSockets: 2 });
  const first = new Dealer({ context: own });
  const second = new Dealer({ context: own });
  const error = thrown(() => new Dealer({ context: own }));
  assert.is(error.code, "EMFILE");
  assert.is(error.message, "Too many open file descriptors");
  first.close();
  first.close();
  const third = new Dealer({ context: own });
  assert.is(thrown(() => new Dealer({ context: own })).code, "EMFILE");
  second.close();
  third.close();
});

test("a context without blocky gives its sockets linger 0", () => {
  const own = new Context({ blocky: false });
  const quick = new Dealer({ context: own });
  const patient = new Dealer({ context: new Context() });
  const subscriber = new Subscriber({ context: new Context() });
  assert.equal([quick.linger, patient.linger, subscriber.linger], [0, -1, 0]);
  for (const socket of [quick, patient, subscriber]) socket.close();
});

test("a context with ipv6 gives it to its sockets", () => {
  const socket = new Dealer({ context: new Context({ ipv6: true }) });
  assert.is(socket.ipv6, true);
  socket.close();
});

test("sockets belong to the default context, or to the one given, until they close", () => {
  const own = new Context();
  const usual = new Dealer();
  const other = new Dealer({ context: own });
  assert.is(usual.context, context);
  assert.is(other.context, own);
  usual.close();
  other.close();
  assert.is(other.context, undefined);
  assert.is(thrown(() => new Dealer({ context: {} as Context })).code, "EINVAL");
});

test("worker threads see the default context's options", async () => {
  const entry = JSON.stringify(new URL("../../src/index.js", import.meta.url).href);
  const code = `import(${entry}).then(({ context }) => {
    require("node:worker_threads").parentPort.postMessage(context.ioThreads);
    context.ioThreads = 4;
  })`;
  context.ioThreads = 3;
  const worker = new Worker(code, { eval: true });
  const seen = new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const gone = new Promise((resolve) => worker.once("exit", resolve));
  assert.is(await settled(seen), 3);
  await settled(gone);
  assert.is(context.ioThreads, 4);
  context.ioThreads = 1;
});

test.run();
