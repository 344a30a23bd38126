/** RFC 29, XPUB and XSUB. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bench, msg, readAll, text } from "../support/fake-transport.ts";

const flat = (messages: (string[] | undefined)[]) => messages.flat();

test("RFC 29 XPUB SHALL deliver subscriptions to its caller: the first to a topic and the end of the last", () => {
  const { socket, host, peer } = bench("XPUB");
  const [a, b] = [peer(), peer()];
  a.subscribe("t");
  assert.ok(socket.readable);
  assert.is(host.readables, 1);
  b.say("\x01t");
  a.subscribe("t");
  a.cancel("t");
  assert.equal(flat(readAll(socket)), ["\x01t"]);
  b.say("\0t");
  assert.equal(flat(readAll(socket)), ["\0t"]);
  assert.not(socket.readable);
});

test("the end of a subscription that nobody holds is shown (libzmq), one that another holds is not", () => {
  const { socket, peer } = bench("XPUB");
  const [a, b] = [peer(), peer()];
  a.cancel("t");
  assert.equal(flat(readAll(socket)), ["\0t"]);
  a.subscribe("t");
  b.cancel("t");
  assert.equal(flat(readAll(socket)), ["\x01t"]);
  socket.send(msg("t"));
  assert.equal(a.heard(), [["t"]]);
});

test("ZMQ_XPUB_VERBOSE shows every subscription, ZMQ_XPUB_VERBOSER every end as well", () => {
  for (const verbosity of ["allSubs", "allSubsUnsubs"] as const) {
    const { socket, peer } = bench("XPUB", { verbosity });
    const [a, b] = [peer(), peer()];
    for (const peer of [a, b, a]) peer.subscribe("t");
    assert.equal(flat(readAll(socket)), ["\x01t", "\x01t", "\x01t"]);
    a.cancel("t");
    assert.equal(flat(readAll(socket)), verbosity === "allSubs" ? [] : ["\0t"]);
    b.close();
    assert.equal(flat(readAll(socket)), ["\0t"]);
  }
});

test("RFC 29 XPUB: a peer that vanishes ends its subscriptions, shown where it was the last", () => {
  const { socket, peer, dialled } = bench("XPUB");
  const [a, b, away] = [peer(), peer(), dialled()];
  away.up();
  for (const topic of ["only a", "both"]) a.subscribe(topic);
  b.subscribe("both");
  away.subscribe("away");
  readAll(socket);
  a.close();
  assert.equal(flat(readAll(socket)), ["\0only a"]);
  away.down();
  assert.equal(flat(readAll(socket)), ["\0away"]);
  b.close();
  assert.equal(flat(readAll(socket)), ["\0both"]);
});

test("messages that are no subscriptions reach the application whole", () => {
  const { socket, peer } = bench("XPUB");
  const chatty = peer();
  chatty.say("\x02A");
  chatty.say("");
  chatty.say("ABC", "\0BC");
  chatty.say("\x01BC", "\x01CD");
  assert.equal(readAll(socket), [["\x02A"], [""], ["ABC", "\0BC"], ["\x01BC", "\x01CD"]]);
  socket.send(msg("BC"));
  assert.equal(chatty.heard(), []);
});

test("ZMQ_XPUB_WELCOME_MSG comes first, to each new subscriber", () => {
  const { socket, peer, dialled } = bench("XPUB", { welcomeMessage: Buffer.from("W") });
  const bound = peer();
  bound.subscribe("");
  socket.send(msg("x"));
  assert.equal(bound.heard(), [["W"], ["x"]]);
  const away = dialled();
  away.up();
  away.subscribe("");
  away.room = 0;
  assert.equal(away.heard(), [["W"]]);
  socket.send(msg("y"));
  away.down();
  away.room = Infinity;
  away.up();
  assert.equal(away.heard(), [["W"], ["y"]]);
});

test("ZMQ_XPUB_MANUAL: the application subscribes the peer whose notice it has read last", () => {
  const { socket, peer } = bench("XPUB", { manual: true });
  const [a, b] = [peer(), peer()];
  socket.subscribe(Buffer.from("nobody"));
  a.subscribe("A");
  b.subscribe("B");
  assert.equal(text(socket.receive()), ["\x01A"]);
  socket.subscribe(Buffer.from("XA"));
  a.say("no notice");
  assert.equal(text(socket.receive()), ["\x01B"]);
  socket.subscribe(Buffer.from("XB"));
  assert.equal(text(socket.receive()), ["no notice"]);
  socket.subscribe(Buffer.from("YB"));
  for (const topic of ["A", "B", "XA", "XB", "YB", "nobody"]) socket.send(msg(topic));
  assert.equal(a.heard(), [["XA"]]);
  assert.equal(b.heard(), [["XB"], ["YB"]]);
  a.cancel("A");
  assert.equal(text(socket.receive()), ["\0A"]);
  socket.unsubscribe(Buffer.from("XA"));
  socket.send(msg("XA"));
  assert.equal(a.heard(), []);
});

test("ZMQ_XPUB_MANUAL: a peer that vanishes ends what it asked for, and cannot be subscribed any more", () => {
  const { socket, peer } = bench("XPUB", { manual: true });
  const [a, b, c] = [peer(), peer(), peer()];
  for (const peer of [a, b]) peer.subscribe("A");
  c.subscribe("C");
  socket.receive();
  socket.subscribe(Buffer.from("XA"));
  a.close();
  socket.subscribe(Buffer.from("XA"));
  socket.send(msg("XA"));
  b.close();
  assert.equal(text(socket.receive()), ["\x01A"]);
  socket.subscribe(Buffer.from("XA"));
  assert.equal(flat(readAll(socket)), ["\x01C", "\0A", "\0A"]);
  socket.subscribe(Buffer.from("XC"));
  for (const topic of ["XA", "XC"]) socket.send(msg(topic));
  assert.equal(
    [a, b, c].map((peer) => peer.heard().length),
    [0, 0, 0],
  );
});

test("ZMQ_XPUB_MANUAL: a notice from before a connection was lost subscribes nobody on the next", () => {
  for (const readsFirst of [false, true]) {
    const { socket, dialled } = bench("XPUB", { manual: true });
    const away = dialled();
    away.up();
    away.subscribe("A");
    if (readsFirst) socket.receive();
    away.down();
    if (!readsFirst) socket.receive();
    socket.subscribe(Buffer.from("A"));
    away.up();
    socket.send(msg("A"));
    assert.equal(away.heard(), []);
  }
});

test("a peer whose notices are not read is read no further, until half of them are", () => {
  const { socket, peer } = bench("XPUB");
  const [loud, quiet] = [peer(), peer()];
  let count = 1;
  // Both styles count alike.
  while (count % 2 ? loud.subscribe(`${count}`) : loud.say(`\x01${count}`)) count++;
  assert.is(count, 1000);
  assert.ok(quiet.say("\x01q"));
  for (let i = 0; i < 499; i++) socket.receive();
  assert.is(loud.resumes, 0);
  socket.receive();
  assert.is(loud.resumes, 1);
  assert.ok(loud.say("\x01more"));
  assert.is(readAll(socket).length, 502);
});

test("notices of vanished peers that nobody reads are bounded in number", () => {
  const { socket, peer } = bench("XPUB");
  for (let i = 0; i < 101; i++) {
    const visitor = peer();
    for (let j = 0; j < 999; j++) visitor.subscribe(`${j}`);
    visitor.close();
  }
  const unread = readAll(socket);
  assert.is(unread.length, 100_000);
  assert.equal(unread.at(-1), [`\0${998}`]);
});

test("RFC 29 XSUB: the application subscribes by messages beginning 01 and 00", () => {
  const { socket, peer } = bench("XSUB");
  const publisher = peer();
  assert.ok(socket.writable);
  for (const message of ["\0t", "\x01t", "\x01t", "\0t", "\0t", "\0t", "\x01"])
    assert.ok(socket.send(msg(message)));
  assert.equal(publisher.heard(), ["+t", "+t", "-t", "+"]);
  assert.equal(peer().heard(), ["+"]);
});

test("RFC 29 XSUB SHALL send other messages to all publishers, dropping for full ones", () => {
  const { socket, peer, dialled } = bench("XSUB");
  const [full, free, away] = [peer("", { sendHighWaterMark: 1 }), peer(), dialled()];
  full.room = 0;
  socket.send(msg("1"));
  socket.send(msg("2", "\x01t"));
  socket.send(msg("\x01t", "3"));
  full.takeMore(Infinity);
  assert.equal(full.heard(), [["1"]]);
  assert.equal(free.heard(), [["1"], ["2", "\x01t"], ["\x01t", "3"]]);
  away.up();
  assert.equal(away.heard(), [["1"], ["2", "\x01t"], ["\x01t", "3"]]);
});

test("XSUB does not filter", () => {
  const { socket, peer } = bench("XSUB");
  peer().say("never asked for", "x");
  assert.ok(socket.readable);
  assert.equal(readAll(socket), [["never asked for", "x"]]);
});

test("a verbose XPUB behind an XSUB multiplies no subscription (libzmq#1478)", () => {
  const front = bench("XPUB", { verbosity: "allSubs" });
  const back = bench("XSUB");
  const publisher = back.peer();
  const forward = () => {
    for (let message = front.socket.receive(); message !== undefined; message = front.socket.receive()) {
      back.socket.send(message);
    }
  };
  const [a, b] = [front.peer(), front.peer()];
  a.subscribe("t");
  b.subscribe("t");
  forward();
  assert.equal(publisher.heard(), ["+t", "+t"]);
  front.settings.verbosity = "allSubsUnsubs";
  a.close();
  forward();
  assert.equal(publisher.heard(), [], "one subscriber is left");
  b.close();
  forward();
  assert.equal(publisher.heard(), ["-t"]);
});

test.run();
