/** RFC 28, REQ and REP. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../src/errors.ts";
import { bench, msg, text } from "../support/fake-transport.ts";

const outOfTurn = (error: unknown) => error instanceof UsageError && error.code === "EFSM";

test("RFC 28 REQ SHALL prefix outgoing messages with an empty delimiter frame, and strip it from replies", () => {
  const { socket, peer } = bench("REQ");
  const server = peer();
  assert.ok(socket.send(msg("question", "")));
  assert.equal(server.heard(), [["", "question", ""]]);
  server.say("", "answer", "", "more");
  assert.ok(socket.readable);
  assert.equal(text(socket.receive()), ["answer", "", "more"]);
});

test("RFC 28 REQ SHALL alternate strictly between send and receive", () => {
  const { socket, host, peer } = bench("REQ");
  const server = peer();
  assert.throws(() => socket.receive(), outOfTurn);
  assert.ok(socket.writable);
  socket.send(msg("1"));
  assert.not(socket.writable);
  assert.throws(() => socket.send(msg("2")), outOfTurn);
  assert.is(socket.receive(), undefined);
  server.say("", "reply");
  assert.is(host.readables, 1);
  assert.throws(() => socket.send(msg("2")), outOfTurn);
  const before = host.writables;
  socket.receive();
  assert.is(host.writables, before + 1);
  assert.ok(socket.send(msg("2")));
});

test("RFC 28 REQ SHALL send to its peers round-robin, and block when it has none", () => {
  const { socket, peer } = bench("REQ");
  assert.not(socket.writable);
  assert.not(socket.send(msg("x")));
  assert.throws(() => socket.receive(), outOfTurn, "a refused request changes nothing");
  const servers = [peer(), peer()];
  const asked = [];
  for (let i = 0; i < 4; i++) {
    socket.send(msg(`${i}`));
    const who = servers.findIndex((server) => server.heard().length > 0);
    asked.push(who);
    servers[who]!.say("", "ok");
    socket.receive();
  }
  assert.equal(asked, [0, 1, 0, 1]);
});

test("RFC 28 REQ SHALL accept a reply only from the last peer asked, and silently drop others", () => {
  const { socket, host, peer } = bench("REQ");
  const [first, second] = [peer(), peer()];
  second.say("", "nobody asked");
  socket.send(msg("x"));
  assert.is(first.heard().length, 1);
  second.say("", "not asked");
  assert.not(socket.readable);
  assert.is(host.readables, 0);
  first.say("", "right");
  first.say("", "one too many");
  assert.equal(text(socket.receive()), ["right"]);
  socket.send(msg("y"));
  assert.not(socket.readable, "the superfluous reply was not kept");
});

test("malformed replies are dropped, and the right one may still come", () => {
  const { socket, peer } = bench("REQ");
  const server = peer();
  socket.send(msg("x"));
  server.say("no delimiter");
  server.say("id", "", "not correlated");
  server.say("");
  server.say("\x01", "x");
  assert.not(socket.readable);
  server.say("", "right");
  assert.equal(text(socket.receive()), ["right"]);
});

test("a request that is lost with its peer stays unanswered, unless relaxed", () => {
  const { socket, settings, peer } = bench("REQ");
  peer().close();
  const [asked, other] = [peer(), peer()];
  socket.send(msg("x"));
  asked.close();
  assert.not(socket.writable);
  other.say("", "from elsewhere");
  assert.is(socket.receive(), undefined);
  settings.relaxed = true;
  assert.ok(socket.writable);
  assert.ok(socket.send(msg("y")));
  other.say("", "right");
  assert.equal(text(socket.receive()), ["right"]);
});

test("a reply that came before its peer went is read", () => {
  const { socket, peer } = bench("REQ");
  const server = peer();
  socket.send(msg("x"));
  server.say("", "answer");
  server.close();
  assert.equal(text(socket.receive()), ["answer"]);
});

test("ZMQ_REQ_RELAXED: a new request gives up the old one, and its late reply", () => {
  const { socket, peer } = bench("REQ", { relaxed: true });
  const [first, second] = [peer(), peer()];
  socket.send(msg("1"));
  first.say("", "unread");
  assert.ok(socket.readable);
  socket.send(msg("2"));
  assert.not(socket.readable);
  first.say("", "late");
  assert.not(socket.readable);
  second.say("", "right");
  assert.equal(text(socket.receive()), ["right"]);
});

test("ZMQ_REQ_RELAXED: a request that cannot be sent leaves the one before it as it is", () => {
  const { socket, peer } = bench("REQ", { relaxed: true });
  const server = peer("", { sendHighWaterMark: 1 });
  socket.send(msg("1"));
  server.room = 0;
  socket.send(msg("2"));
  assert.not(socket.writable);
  assert.not(socket.send(msg("3")));
  server.takeMore(1);
  assert.ok(socket.writable);
  server.say("", "answer to 2");
  assert.equal(text(socket.receive()), ["answer to 2"]);
});

test("ZMQ_REQ_CORRELATE: a request id goes before the delimiter, and only its reply counts", () => {
  const { socket, peer } = bench("REQ", { relaxed: true, correlate: true });
  const server = peer();
  socket.send(msg("1"));
  socket.send(msg("2"));
  const [one, two] = server.heard() as [string[], string[]];
  assert.equal(one.slice(1), ["", "1"]);
  assert.is(one[0]!.length, 4);
  assert.is.not(one[0], two[0]);
  server.say(one[0]!, "", "late");
  server.say("", "uncorrelated");
  server.say(two[0]!, "no delimiter", "x");
  server.say(two[0]!, "");
  assert.not(socket.readable);
  server.say(two[0]!, "", "right");
  assert.equal(text(socket.receive()), ["right"]);
});

test("a reply that comes from within the sending of its request is the reply", () => {
  const { socket, peer } = bench("REQ");
  const server = peer();
  server.take = () => server.say("", "at once");
  socket.send(msg("x"));
  assert.equal(text(socket.receive()), ["at once"]);
});

test("RFC 28 REP SHALL save the envelope up to the first empty frame, and restore it on the reply", () => {
  const { socket, peer } = bench("REP");
  const client = peer();
  client.say("hop 2", "hop 1", "", "body", "", "empty frames are data");
  assert.equal(text(socket.receive()), ["body", "", "empty frames are data"]);
  assert.ok(socket.send(msg("reply", "")));
  assert.equal(client.heard(), [["hop 2", "hop 1", "", "reply", ""]]);
});

test("RFC 28 REP SHALL alternate strictly, and receive from its peers by fair queueing", () => {
  const { socket, host, peer } = bench("REP");
  const [a, b] = [peer(), peer()];
  assert.throws(() => socket.send(msg("x")), outOfTurn);
  assert.not(socket.writable);
  a.say("", "a1");
  a.say("", "a2");
  b.say("", "b1");
  const order = [];
  while (socket.readable) {
    const [question] = text(socket.receive())!;
    order.push(question);
    assert.not(socket.readable, "not before the reply");
    assert.ok(socket.writable);
    assert.throws(() => socket.receive(), outOfTurn);
    const told = host.readables;
    socket.send(msg(`re ${question}`));
    assert.is(host.readables - told, order.length < 3 ? 1 : 0);
  }
  assert.equal(order, ["a1", "b1", "a2"]);
  assert.equal(a.heard(), [
    ["", "re a1"],
    ["", "re a2"],
  ]);
  assert.equal(b.heard(), [["", "re b1"]]);
});

test("a request that comes while another is answered is announced after the reply, not before", () => {
  const { socket, host, peer } = bench("REP");
  const [a, b] = [peer(), peer()];
  a.say("", "1");
  socket.receive();
  b.say("", "2");
  assert.is(host.readables, 1);
  socket.send(msg("x"));
  assert.is(host.readables, 2);
});

test("requests without a delimiter, or with nothing after it, are skipped", () => {
  const { socket, host, peer } = bench("REP");
  const client = peer();
  client.say("no delimiter", "at all");
  client.say("");
  client.say("hop", "");
  assert.is(host.readables, 0);
  assert.not(socket.readable);
  assert.is(socket.receive(), undefined);
  client.say("", "right");
  assert.equal(text(socket.receive()), ["right"]);
});

test("RFC 28 REP SHALL NOT block: a reply to a vanished or full peer is dropped", () => {
  const { socket, peer } = bench("REP");
  const gone = peer();
  gone.say("", "1");
  gone.say("", "2");
  socket.receive();
  gone.close();
  assert.ok(socket.send(msg("to nobody")));
  assert.equal(text(socket.receive()), ["2"], "what it asked before is still asked");
  assert.ok(socket.send(msg("to nobody")));
  assert.equal(gone.heard(), []);
  const lingering = peer();
  for (const question of ["a", "b"]) lingering.say("", question);
  socket.receive();
  socket.detach(lingering.pipe);
  socket.send(msg("too late"));
  socket.receive();
  socket.send(msg("too late"));
  assert.equal(lingering.heard(), [], "nothing is written to a pipe that is over");
  const slow = peer("", { sendHighWaterMark: 1 });
  slow.room = 0;
  for (const question of ["3", "4"]) {
    slow.say("", question);
    socket.receive();
    assert.ok(socket.send(msg(`re ${question}`)));
  }
  slow.takeMore(Infinity);
  assert.equal(slow.heard(), [["", "re 3"]]);
});

test.run();
