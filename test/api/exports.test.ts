import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as zmq from "../../src/index.ts";
import { thrown } from "./expect.ts";

type Callable = () => unknown;

test("the names of zeromq.js 6, and qzmq", () => {
  assert.equal(
    Object.keys(zmq).sort(),
    [
      ...["version", "capability", "curveKeyPair", "context", "Context", "Socket", "Observer", "Proxy"],
      ...["Pair", "Publisher", "Subscriber", "Request", "Reply", "Dealer", "Router", "Pull", "Push"],
      ...["XPublisher", "XSubscriber", "Stream", "qzmq"],
    ].sort(),
  );
});

test("version is that of a libzmq; qzmq.version is the package's", () => {
  const description = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  assert.is(zmq.version, "4.3.5");
  assert.is(zmq.qzmq.version, description.version);
});

test("capabilities are booleans, and honest", () => {
  assert.ok(Object.values(zmq.capability).every((value) => typeof value === "boolean"));
  assert.is(zmq.capability.curve, false);
  assert.is(zmq.capability.draft, false);
  assert.is(zmq.capability.ipc, process.platform !== "win32");
});

test("curveKeyPair gives fresh keys in Z85", () => {
  const one = zmq.curveKeyPair();
  const other = zmq.curveKeyPair();
  for (const key of [one.publicKey, one.secretKey]) assert.match(key, /^[\x21-\x7e]{40}$/);
  assert.is.not(one.secretKey, other.secretKey);
  assert.is.not(one.publicKey, one.secretKey);
});

test("base classes called without new give zeromq.js's text", () => {
  for (const base of [zmq.Context, zmq.Socket, zmq.Observer, zmq.Proxy]) {
    const error = thrown(() => (base as unknown as Callable)());
    assert.instance(error, TypeError);
    assert.is(error.message, "Class constructors cannot be invoked without 'new'");
  }
  assert.match(
    thrown(() => (zmq.Dealer as unknown as Callable)()).message,
    /^Class constructor Dealer cannot/,
  );
});

test("sockets are instances of the exported Socket", () => {
  const socket = new zmq.Dealer();
  assert.instance(socket, zmq.Socket);
  assert.instance(zmq.context, zmq.Context);
  socket.close();
});

test("a stream socket is refused clearly", () => {
  assert.is(thrown(() => new zmq.Stream()).code, "ENOTSUP");
});

test.run();
