import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, type Event, Observer } from "../../src/index.ts";
import { rejection, settled, thrown, turns } from "./expect.ts";

let a: Dealer;
let b: Dealer;
test.before.each(() => {
  a = new Dealer({ linger: 0 });
  b = new Dealer({ linger: 0 });
});
test.after.each(() => {
  a.close();
  b.close();
});

/** Types of events from now to the end of the socket. */
async function all(socket: Dealer): Promise<string[]> {
  const types: string[] = [];
  for await (const event of socket.events) types.push(event.type);
  return types;
}

function once<T extends Event["type"]>(socket: Dealer, type: T): Promise<Event> {
  return new Promise((resolve) => socket.events.on(type, resolve));
}

test("events is the same object each time, and one may make more", async () => {
  assert.is(a.events, a.events);
  assert.instance(a.events, Observer);
  const other = new Observer(a);
  a.close();
  assert.equal(await settled(a.events.receive()), { type: "end" });
  assert.equal(await settled(other.receive()), { type: "end" });
});

test("a socket without connections ends with end, and its observer is closed then", async () => {
  const { events } = a;
  a.close();
  assert.is(events.closed, false);
  assert.equal(await settled(events.receive()), { type: "end" });
  assert.is(events.closed, true);
  assert.is(thrown(() => events.receive()).code, "EBADF");
});

test("both ends of a tcp connection, in order", async () => {
  const server = all(a);
  const client = all(b);
  await a.bind("tcp://127.0.0.1:*");
  b.connect(a.lastEndpoint!);
  await b.send("x");
  await settled(a.receive());
  b.close();
  assert.equal((await settled(client)).slice(0, 3), ["connect:delay", "connect", "handshake"]);
  a.close();
  const seen = await settled(server);
  assert.equal(seen.slice(0, 3), ["bind", "accept", "handshake"]);
  assert.is(seen.at(-1), "end");
});

test("the address is the endpoint bound", async () => {
  const accepted = once(a, "accept");
  await a.bind("tcp://127.0.0.1:*");
  b.connect(a.lastEndpoint!);
  assert.equal(await settled(accepted), { type: "accept", address: a.lastEndpoint });
});

test("bind:error has the address without tcp://", async () => {
  await a.bind("tcp://127.0.0.1:*");
  const failed = once(b, "bind:error");
  await rejection(b.bind(a.lastEndpoint!));
  const event = (await settled(failed)) as Extract<Event, { type: "bind:error" }>;
  assert.is(`tcp://${event.address}`, a.lastEndpoint);
  assert.is(event.error.code, "EADDRINUSE");
  assert.is(event.error.message, "Address already in use");
});

test("a second receive throws EBUSY while one is pending; close() rejects it", async () => {
  const reading = a.events.receive();
  assert.is(
    thrown(() => a.events.receive()).message,
    "Observer is busy reading; only one receive operation may be in progress at any time",
  );
  assert.is(thrown(() => a.events.on("end", () => {})).code, "EBUSY");
  a.events.close();
  assert.is((await rejection(reading)).code, "ENOTSOCK");
  assert.is(a.events.closed, true);
});

test("close() ends an iteration", async () => {
  const seen = all(a);
  await turns();
  a.events.close();
  assert.equal(await settled(seen), []);
});

test("with listeners, receive() throws; off() ends a listener", async () => {
  const seen: string[] = [];
  const note = (event: Event) => seen.push(event.type);
  a.events.on("bind", note).on("end", note).on("close", note);
  a.events.off("close", note);
  assert.match(thrown(() => a.events.receive()).message, /^Observer is in event emitter mode\./);
  const ended = once(a, "end");
  await a.bind("tcp://127.0.0.1:*");
  a.close();
  await settled(ended);
  assert.equal(seen, ["bind", "end"]);
});

test("listeners get events that came before the first of them", async () => {
  const { events } = a;
  await a.bind("tcp://127.0.0.1:*");
  const bound = new Promise((resolve) => events.on("bind", resolve));
  assert.equal(await settled(bound), { type: "bind", address: a.lastEndpoint });
});

test("a refused user sees the status, wording as in zeromq.js", async () => {
  a.plainServer = true;
  b.plainUsername = "user";
  const failed = [once(a, "handshake:error:auth"), once(b, "handshake:error:auth")];
  a.zapDomain = "nobody";
  a.zapEnforceDomain = true;
  await a.bind("tcp://127.0.0.1:*");
  b.connect(a.lastEndpoint!);
  for (const event of await settled(Promise.all(failed))) {
    const { error } = event as Extract<Event, { type: "handshake:error:auth" }>;
    assert.ok([300, 400, 500].includes(error.status));
    assert.ok(["Temporary error", "Authentication failure", "Internal error"].includes(error.message));
  }
});

test("a mechanism that does not fit is a protocol error with libzmq's code", async () => {
  a.plainServer = true;
  const failed = once(a, "handshake:error:protocol");
  await a.bind("tcp://127.0.0.1:*");
  b.connect(a.lastEndpoint!);
  const { error } = (await settled(failed)) as Extract<Event, { type: "handshake:error:protocol" }>;
  assert.is(error.message, "ZMTP protocol error");
  assert.is(error.code, "ERR_ZMTP_MECHANISM_MISMATCH");
  assert.instance(error.cause, Error);
});

test("the constructor checks its argument", () => {
  const loose = Observer as unknown as new (...args: unknown[]) => Observer;
  assert.is(thrown(() => new loose()).message, "Socket must be a socket object");
  assert.is(thrown(() => new loose({})).code, "EINVAL");
  assert.is(thrown(() => new loose(a, 1)).message, "Expected 1 argument but received 2");
  b.close();
  assert.is(thrown(() => new loose(b)).code, "ENOTSOCK");
});

test.run();
