import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeZ85 } from "../../src/bytes/z85.ts";
import {
  curveKeyPair,
  Dealer,
  Pair,
  Publisher,
  Request,
  Router,
  Socket,
  Subscriber,
  XPublisher,
  XSubscriber,
} from "../../src/index.ts";
import { within } from "../support/within.ts";
import { rejection, thrown, warnings } from "./expect.ts";

const LATE = "Socket option will not take effect until next connect/bind.";
const ROUNDED = "Value is larger than Number.MAX_SAFE_INTEGER and may have been rounded inaccurately.";

interface ById {
  getBoolOption(id: number): boolean;
  setBoolOption(id: number, value: unknown): void;
  getInt32Option(id: number): number;
  setInt32Option(id: number, value: unknown): void;
  getUint32Option(id: number): number;
  getInt64Option(id: number): number;
  setInt64Option(id: number, value: unknown): void;
  getUint64Option(id: number): number;
  setUint64Option(id: number, value: unknown): void;
  getStringOption(id: number): string | null;
  setStringOption(id: number, value: unknown): void;
}
const byId = (socket: object) => socket as unknown as ById;
const set = (socket: object, name: string, value: unknown) => {
  (socket as Record<string, unknown>)[name] = value;
};

let dealer: Dealer;
test.before.each(() => {
  dealer = new Dealer({ linger: 0 });
});
test.after.each(() => dealer.close());

test("defaults are libzmq's", () => {
  const socket = new Dealer();
  const found = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name]) => [name, (socket as unknown as Record<string, unknown>)[name]]),
  );
  assert.equal(found, DEFAULTS);
  socket.close();
});

const DEFAULTS = {
  affinity: 0,
  rate: 100,
  recoveryInterval: 10_000,
  type: 5,
  linger: -1,
  reconnectInterval: 100,
  backlog: 100,
  reconnectMaxInterval: 0,
  maxMessageSize: -1,
  lastEndpoint: null,
  tcpKeepalive: -1,
  tcpKeepaliveCount: -1,
  tcpKeepaliveIdle: -1,
  tcpKeepaliveInterval: -1,
  immediate: false,
  ipv6: false,
  securityMechanism: null,
  plainServer: false,
  plainUsername: null,
  plainPassword: null,
  curveServer: false,
  zapDomain: null,
  typeOfService: 0,
  handshakeInterval: 30_000,
  socksProxy: null,
  heartbeatInterval: 0,
  heartbeatTimeToLive: 0,
  heartbeatTimeout: -1,
  connectTimeout: 0,
  tcpMaxRetransmitTimeout: 0,
  threadSafe: false,
  multicastMaxTransportDataUnit: 1500,
  interface: null,
  zapEnforceDomain: false,
  loopbackFastPath: false,
  sendBufferSize: -1,
  sendHighWaterMark: 1000,
  sendTimeout: -1,
  multicastHops: 1,
  receiveBufferSize: -1,
  receiveHighWaterMark: 1000,
  receiveTimeout: -1,
  routingId: null,
};

test("values are set and read back by name and by number", () => {
  dealer.backlog = 75;
  assert.is(byId(dealer).getInt32Option(19), 75);
  byId(dealer).setBoolOption(39, true);
  assert.is(dealer.immediate, true);
  byId(dealer).setInt64Option(22, 0xffffffffffff);
  assert.is(dealer.maxMessageSize, 0xffffffffffff);
  byId(dealer).setStringOption(5, Buffer.from("åbç"));
  assert.is(dealer.routingId, "åbç");
});

test("numbers read as unsigned, and 64-bit ones are clamped", async () => {
  assert.is(byId(dealer).getUint32Option(17), 0);
  dealer.linger = -1;
  assert.is(byId(dealer).getUint32Option(17), 0xffffffff);
  assert.is(byId(dealer).getUint64Option(22), 2 ** 64);
  byId(dealer).setUint64Option(4, -3);
  assert.is(byId(dealer).getUint64Option(4), 0);
  const found = await warnings(() => byId(dealer).setUint64Option(4, 2 ** 56));
  assert.equal(found, [ROUNDED]);
  assert.is(byId(dealer).getUint64Option(4), 2 ** 56);
});

test("refused values throw EINVAL and change nothing", () => {
  const refused: [string, unknown][] = [
    ["linger", -2],
    ["sendHighWaterMark", -1],
    ["tcpKeepalive", 2],
    ["rate", 0],
    ["heartbeatTimeout", -1],
    ["heartbeatTimeToLive", 6_553_600],
    ["routingId", ""],
    ["routingId", null],
    ["routingId", "x".repeat(256)],
    ["plainUsername", "x".repeat(256)],
    ["zapDomain", null],
    ["curvePublicKey", "short"],
    ["curvePublicKey", `${"0".repeat(39)},`],
  ];
  for (const [name, value] of refused) {
    const before = (dealer as unknown as Record<string, unknown>)[name];
    const error = thrown(() => set(dealer, name, value));
    assert.is(error.code, "EINVAL", name);
    assert.is(error.message, "Invalid argument");
    assert.is((dealer as unknown as Record<string, unknown>)[name], before);
  }
});

test("bounds on subscriptions: options of publishers alone, checked, and in force", async () => {
  for (const type of [Publisher, XPublisher]) {
    const publisher = new type({ maxSubscriptions: 2, maxTopicLength: 4 });
    assert.equal([publisher.maxSubscriptions, publisher.maxTopicLength], [2, 4]);
    for (const value of [-1, 1.5, 2 ** 31]) {
      assert.is(thrown(() => set(publisher, "maxSubscriptions", value)).code, "EINVAL");
    }
    assert.is(thrown(() => set(publisher, "maxTopicLength", "9")).message, "Option value must be a number");
    assert.is(publisher.maxSubscriptions, 2);
    await publisher.bind("tcp://127.0.0.1:*");
    const ended = new Promise<void>((resolve) => publisher.events.on("disconnect", () => resolve()));
    const subscriber = new Subscriber({ reconnectInterval: -1 });
    subscriber.connect(publisher.lastEndpoint!);
    subscriber.subscribe("a", "b", "c");
    await within(10_000, ended, "the end of a greedy subscriber");
    subscriber.close();
    publisher.close();
  }
  assert.is("maxSubscriptions" in dealer, false);
});

test("values of the wrong type throw TypeError with zeromq.js's texts", () => {
  assert.is(thrown(() => set(dealer, "backlog", "9")).message, "Option value must be a number");
  assert.is(thrown(() => set(dealer, "immediate", 1)).message, "Option value must be a boolean");
  assert.is(thrown(() => set(dealer, "routingId", 5)).message, "Option value must be a string or buffer");
  assert.is(thrown(() => byId(dealer).getInt32Option("x" as never)).message, "Identifier must be a number");
});

test("numbers unknown, of another kind, or of another type of socket throw EINVAL", () => {
  assert.is(thrown(() => byId(dealer).getInt32Option(9999)).code, "EINVAL");
  assert.is(thrown(() => byId(dealer).getInt32Option(22)).code, "EINVAL");
  assert.is(thrown(() => byId(dealer).setBoolOption(33, true)).code, "EINVAL");
  assert.is(thrown(() => byId(dealer).getBoolOption(51)).code, "EINVAL");
  assert.is(thrown(() => byId(dealer).setInt32Option(16, 1)).code, "EINVAL");
  assert.is(thrown(() => byId(dealer).setStringOption(6, "topic")).code, "EINVAL");
});

test("sockets are sealed: unknown and read-only properties throw TypeError", () => {
  assert.is(
    thrown(() => set(dealer, "nonsense", 1)).message,
    "Cannot add property nonsense, object is not extensible",
  );
  assert.is(
    thrown(() => set(dealer, "securityMechanism", 1)).message,
    "Cannot set property securityMechanism of #<Socket> which has only a getter",
  );
  assert.throws(() => new Subscriber({ sendTimeout: 1 } as object), /Cannot add property sendTimeout/);
  assert.throws(() => new Dealer({ nonsense: 1 } as object), /Cannot add property nonsense/);
});

test("a subclass can name options of its own by their numbers", () => {
  class Tuned extends Dealer {
    get sendMark(): number {
      return this.getInt32Option(23);
    }
    set sendMark(value: number) {
      this.setInt32Option(23, value);
    }
  }
  const tuned = new Tuned({ sendMark: 4 } as object);
  assert.is(tuned.sendMark, 4);
  assert.is(tuned.sendHighWaterMark, 4);
  tuned.close();
});

test("constructor options may hold a context, and the object is left as it was", () => {
  const options = { linger: 3, context: dealer.context };
  const socket = new Dealer(options);
  assert.is(socket.linger, 3);
  assert.is(options.context, dealer.context);
  socket.close();
});

test("the constructor of Socket checks its arguments", () => {
  const loose = Socket as unknown as new (...args: unknown[]) => Socket;
  assert.is(thrown(() => new loose()).message, "Socket type must be a number");
  assert.is(thrown(() => new loose("x", {})).message, "Socket type must be a number");
  assert.is(thrown(() => new loose(3, 1)).message, "Options must be an object");
  assert.is(thrown(() => new loose(1, {}, 2)).message, "Expected 2 arguments but received 3");
  assert.is(thrown(() => new loose(37)).code, "EINVAL");
  assert.is(thrown(() => new loose(14)).code, "EINVAL");
});

test("late settings warn, except those that take effect at once", async () => {
  dealer.connect("inproc://options-late");
  assert.equal(await warnings(() => set(dealer, "routingId", "late")), [LATE]);
  const quiet = () => {
    dealer.linger = 0;
    dealer.sendHighWaterMark = 5;
    dealer.receiveHighWaterMark = 5;
    dealer.sendTimeout = 1;
    dealer.receiveTimeout = 1;
    dealer.probeRouter = true;
  };
  assert.equal(await warnings(quiet), []);
});

test("settings during a bind warn", async () => {
  const bound = dealer.bind("inproc://options-during");
  assert.equal(await warnings(() => set(dealer, "routingId", "late")), [LATE]);
  await bound;
});

test("the last option decides the mechanism", () => {
  dealer.plainServer = true;
  assert.is(dealer.securityMechanism, "plain");
  dealer.plainUsername = "user";
  assert.is(dealer.plainServer, false);
  assert.is(dealer.securityMechanism, "plain");
  dealer.plainUsername = null;
  assert.is(dealer.securityMechanism, null);
});

test("CURVE keys are checked and kept, but using them throws ENOTSUP", async () => {
  const { publicKey } = curveKeyPair();
  dealer.curveServerKey = publicKey;
  assert.is(dealer.curveServerKey, publicKey);
  assert.is(dealer.securityMechanism, "curve");
  byId(dealer).setStringOption(50, Buffer.from(decodeZ85(publicKey)!));
  assert.is(dealer.curveServerKey, publicKey);
  const error = thrown(() => dealer.connect("inproc://options-curve"));
  assert.is(error.code, "ENOTSUP");
  assert.is(error.address, "inproc://options-curve");
  assert.is((await rejection((async () => dealer.bind("inproc://options-curve"))())).code, "ENOTSUP");
  assert.is(thrown(() => dealer.bindSync("inproc://options-curve")).code, "ENOTSUP");
});

test("security takes an object with a mechanism, or null", () => {
  const mechanism = { name: "TEST", optionName: "test", create: () => assert.unreachable() as never };
  dealer.security = { mechanism };
  assert.is(dealer.security.mechanism, mechanism);
  dealer.security = null;
  assert.is(dealer.security, null);
  assert.instance(
    thrown(() => set(dealer, "security", { mechanism: 1 })),
    TypeError,
  );
});

test("a closed socket's options throw ENOTSOCK", () => {
  dealer.close();
  assert.is(thrown(() => dealer.linger).code, "ENOTSOCK");
  assert.is(thrown(() => set(dealer, "linger", 1)).code, "ENOTSOCK");
});

test("heartbeatTimeToLive goes in steps of 100", () => {
  dealer.heartbeatTimeToLive = 250;
  assert.is(dealer.heartbeatTimeToLive, 200);
});

test("write-only properties are set without error and read as undefined", () => {
  const socket = new Request({ correlate: true, relaxed: true, probeRouter: true });
  assert.is(socket.correlate, undefined);
  socket.close();
  const xpub = new XPublisher({
    manual: false,
    noDrop: true,
    welcomeMessage: "hi",
    verbosity: "allSubsUnsubs",
  });
  xpub.verbosity = null;
  assert.is(xpub.verbosity, undefined);
  xpub.close();
});

test("each type has its libzmq number", () => {
  const sockets = [new Pair(), new Publisher(), new Router(), new XSubscriber()];
  assert.equal(
    sockets.map((socket) => socket.type),
    [0, 1, 6, 10],
  );
  for (const socket of sockets) socket.close();
});

test.run();
