/** RFC 29, PUB and SUB. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bench, msg, readAll, text } from "../support/fake-transport.ts";

test("RFC 29 PUB SHALL send each message to the peers whose topics are a prefix of its first frame", () => {
  const { socket, peer } = bench("PUB");
  const [all, a, ab, none] = [peer(), peer(), peer(), peer()];
  all.subscribe("");
  a.subscribe("a");
  ab.subscribe("ab");
  for (const topic of ["abc", "a", "b", ""]) socket.send(msg(topic, "abc"));
  const topics = (peer: typeof all) => peer.heard().map(([topic]) => topic);
  assert.equal(topics(all), ["abc", "a", "b", ""]);
  assert.equal(topics(a), ["abc", "a"]);
  assert.equal(topics(ab), ["abc"]);
  assert.equal(topics(none), []);
});

test("a peer that holds several matching topics gets the message once", () => {
  const { socket, peer } = bench("PUB");
  const keen = peer();
  for (const topic of ["", "a", "ab"]) keen.subscribe(topic);
  socket.send(msg("abc"));
  assert.equal(keen.heard(), [["abc"]]);
});

test("subscriptions are a set at the publisher: twice subscribed, once cancelled, is cancelled (libzmq)", () => {
  const { socket, peer } = bench("PUB");
  const [one, other] = [peer(), peer()];
  one.subscribe("a");
  one.subscribe("a");
  other.subscribe("a");
  one.cancel("a");
  socket.send(msg("a"));
  assert.equal([one.heard(), other.heard()], [[], [["a"]]]);
});

test("RFC 23: a peer may subscribe by messages beginning 01 and 00, in either style at any time", () => {
  const { socket, peer } = bench("PUB");
  const old = peer();
  old.say("\x01a");
  socket.send(msg("a"));
  old.cancel("a");
  socket.send(msg("a"));
  old.subscribe("a");
  socket.send(msg("a"));
  old.say("\0a");
  socket.send(msg("a"));
  old.say("\x01");
  socket.send(msg("everything"));
  assert.equal(old.heard(), [["a"], ["a"], ["everything"]]);
});

test("a message of several frames is no subscription, whatever its frames begin with (libzmq#3733)", () => {
  const { socket, peer } = bench("PUB");
  const tricky = peer();
  tricky.say("data", "\x01a");
  tricky.say("\x01a", "data");
  tricky.say("");
  tricky.say("\x02a");
  socket.send(msg("a"));
  assert.equal(tricky.heard(), []);
});

test("RFC 29 PUB SHALL drop messages for a full subscriber, whole, and never block", () => {
  const { socket, peer } = bench("PUB");
  const [slow, fast] = [peer("", { sendHighWaterMark: 2 }), peer()];
  slow.subscribe("");
  fast.subscribe("");
  slow.room = 0;
  for (let i = 0; i < 4; i++) assert.ok(socket.send(msg(`${i}`, "part")));
  slow.takeMore(Infinity);
  socket.send(msg("4", "part"));
  assert.equal(
    slow.heard().map(([first]) => first),
    ["0", "1", "4"],
  );
  assert.is(fast.heard().length, 5);
  assert.ok(socket.writable);
});

test("ZMQ_XPUB_NODROP: all that match get the message, or none and the sender waits", () => {
  const { socket, host, peer } = bench("PUB", { noDrop: true });
  const [slow, fast] = [peer("", { sendHighWaterMark: 1 }), peer()];
  slow.subscribe("a");
  fast.subscribe("");
  slow.room = 0;
  assert.ok(socket.send(msg("a1")));
  assert.not(socket.send(msg("a2")));
  assert.ok(socket.send(msg("b")), "a full peer that does not match blocks nothing");
  assert.equal(fast.heard(), [["a1"], ["b"]]);
  const before = host.writables;
  slow.takeMore(1);
  assert.is(host.writables, before + 1);
  slow.room = 0;
  assert.ok(socket.send(msg("a2")));
  assert.not(socket.send(msg("a3")));
  const waiting = host.writables;
  slow.close();
  assert.is(host.writables, waiting + 1, "a full peer that goes blocks no longer");
  assert.ok(socket.send(msg("a3")));
});

test("ZMQ_INVERT_MATCHING: messages go to those whose topics do not match", () => {
  const { socket, peer } = bench("PUB", { invertMatching: true });
  const [a, b, none] = [peer(), peer(), peer()];
  a.subscribe("a");
  b.subscribe("b");
  none.close();
  socket.send(msg("abc"));
  socket.send(msg("c"));
  assert.equal([a.heard(), b.heard(), none.heard()], [[["c"]], [["abc"], ["c"]], []]);
});

test("a peer's subscriptions end with its connection", () => {
  const { socket, peer, dialled } = bench("PUB");
  const gone = peer();
  gone.subscribe("");
  gone.close();
  socket.send(msg("x"));
  assert.equal(gone.heard(), []);
  const away = dialled();
  socket.send(msg("nobody there yet"));
  away.up();
  away.subscribe("");
  away.down();
  socket.send(msg("lost"));
  away.up();
  socket.send(msg("not subscribed again yet"));
  away.subscribe("");
  socket.send(msg("here"));
  assert.equal(away.heard(), [["here"]]);
});

test("a peer with too many subscriptions, or too long ones, is cut off and forgotten; others are not", () => {
  const limits = { maxSubscriptions: 2, maxTopicLength: 4, maxTopicOctets: 6 };
  const attempts = [["a", "b", "c"], ["abcde"], ["abcd", "efg"]];
  for (const type of ["PUB", "XPUB"] as const) {
    for (const manual of [false, true]) {
      for (const topics of attempts) {
        const { socket, settings, peer } = bench(type, { ...limits, manual: manual && type === "XPUB" });
        const [greedy, modest] = [peer(), peer()];
        for (const topic of ["a", "bcde", "a", "a"]) assert.ok(modest.subscribe(topic), "repeats are free");
        for (const topic of topics.slice(0, -1)) assert.ok(greedy.subscribe(topic));
        assert.not(greedy.subscribe(topics.at(-1)!));
        assert.is(greedy.terminations, 1);
        assert.is(modest.terminations, 0);
        socket.send(msg("abcde"));
        assert.equal(greedy.heard(), []);
        if (!settings.manual) assert.equal(modest.heard(), [["abcde"]]);
      }
    }
  }
});

test("RFC 29 SUB SHALL send its subscriptions to every publisher, and again to one that reconnects", () => {
  const { socket, peer, dialled } = bench("SUB");
  socket.subscribe(Buffer.from("a"));
  const [bound, away] = [peer(), dialled()];
  assert.equal(bound.heard(), ["+a"]);
  socket.subscribe(Buffer.from("b"));
  assert.equal(bound.heard(), ["+b"]);
  assert.is(away.pipe.outboundLength, 0, "nothing is queued for a publisher that is not there");
  away.up();
  assert.equal(away.heard().sort(), ["+a", "+b"]);
  away.room = 0;
  socket.unsubscribe(Buffer.from("a"));
  away.down();
  away.room = Infinity;
  away.up();
  assert.equal(away.heard(), ["+b"]);
  bound.close();
  socket.subscribe(Buffer.from("c"));
  assert.equal(bound.heard(), ["-a"]);
});

test("SUB sends SUBSCRIBE each time and CANCEL when the last one is taken back (libzmq)", () => {
  const { socket, peer } = bench("SUB");
  const publisher = peer();
  const topic = Buffer.from("a");
  socket.unsubscribe(topic);
  socket.subscribe(topic);
  socket.subscribe(topic);
  socket.unsubscribe(topic);
  assert.equal(publisher.heard(), ["+a", "+a"]);
  publisher.say("a1");
  assert.equal(text(socket.receive()), ["a1"]);
  socket.unsubscribe(topic);
  socket.unsubscribe(topic);
  assert.equal(publisher.heard(), ["-a"]);
});

test("a topic is taken as it is at the call", () => {
  const { socket, peer } = bench("SUB");
  const publisher = peer();
  publisher.room = 0;
  const topic = Buffer.from("a");
  socket.subscribe(topic);
  topic.write("b");
  publisher.takeMore(1);
  assert.equal(publisher.heard(), ["+a"]);
});

test("RFC 29 SUB SHALL receive by fair queueing, and filters once more by what it wants now", () => {
  const { socket, settings, peer } = bench("SUB");
  const [p, q] = [peer(), peer()];
  assert.not(socket.readable);
  for (const topic of ["a", "b"]) socket.subscribe(Buffer.from(topic));
  for (const topic of ["x", "a1", "a2", "y"]) p.say(topic, "body");
  q.say("b1");
  assert.equal(readAll(socket), [["b1"], ["a1", "body"], ["a2", "body"]]);
  p.say("a3");
  socket.unsubscribe(Buffer.from("a"));
  assert.not(socket.readable);
  assert.is(socket.receive(), undefined);
  p.say("b2");
  assert.ok(socket.readable && socket.readable);
  assert.equal(readAll(socket), [["b2"]]);
  settings.invertMatching = true;
  p.say("a4");
  p.say("b3");
  assert.equal(readAll(socket), [["a4"]]);
});

test.run();
