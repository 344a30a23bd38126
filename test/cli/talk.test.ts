/** The commands that talk, with one another and with sockets of the library. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import {
  Dealer,
  Pair,
  Publisher,
  Pull,
  Push,
  Reply,
  Router,
  type Socket,
  Subscriber,
} from "../../src/index.ts";
import { within } from "../support/within.ts";
import { Call, type World } from "./run.ts";

interface Context {
  endpoint: string;
  folder: string;
  sockets: Socket[];
  calls: Call[];
  /** Starts a command; `@` stands for the endpoint. */
  start: (line: string, world?: World) => Call;
}
const test = suite<Context>("commands that talk");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
  context.endpoint = `ipc://${join(context.folder, "s")}`;
  context.sockets = [];
  context.calls = [];
  context.start = (line, world) => {
    const call = new Call(
      line.split(" ").map((word) => (word === "@" ? context.endpoint : word)),
      world,
    );
    context.calls.push(call);
    return call;
  };
});
test.after.each(async ({ folder, sockets, calls }) => {
  for (const socket of sockets) abandon(socket);
  // Those that a failed test left at work; a rejection here would end the file without a word.
  for (const call of calls) call.interrupt();
  await Promise.all(calls.map((call) => call.code));
  rmSync(folder, { recursive: true });
});

/** The exit code, with what it said when it is not the one expected. */
async function ends(call: Call, code = 0): Promise<void> {
  const actual = await within(20_000, call.code, "the end of a command");
  assert.is(actual, code, call.err);
}

const frames = (message: readonly Buffer[]) => message.map(String);

test("push and pull: lines in are messages, messages are lines out", async ({ start }) => {
  const pull = start("pull --bind @ --count 4");
  const push = start("push --connect @", { stdin: "one\n\ntwo\tfields\nlast" });
  await ends(push);
  await ends(pull);
  assert.is(pull.out, "one\n\ntwo\tfields\nlast\n");
  assert.is(pull.err + push.err, "");
});

test("push ends after --count messages, and FRAMEs go --count times", async ({ start }) => {
  const pull = start("pull --bind @ --count 5 --format json");
  await ends(start("push --connect @ --count 2", { stdin: "1\n2\n3\n" }));
  await ends(start("push --connect @ --count 2 a b"));
  await ends(start("push --connect @ once"));
  await ends(pull);
  assert.equal(
    pull.out.trim().split("\n").sort(),
    ['["1"]', '["2"]', '["a","b"]', '["a","b"]', '["once"]'].sort(),
  );
});

for (const [format, stdin, out] of [
  ["json", '["a",{"base64":"/w=="},""]\n["b"]\n', '["a",{"base64":"/w=="},""]\n["b"]\n'],
  ["hex", "61 FF -\n62\n", "61 ff -\n62\n"],
] as const) {
  test(`${format} keeps frames apart on the whole way`, async ({ start }) => {
    const pull = start(`pull --bind @ --count 2 --format ${format}`);
    await ends(start(`push --connect @ --format ${format}`, { stdin }));
    await ends(pull);
    assert.is(pull.out, out);
  });
}

test("binary carries a file as one message", async ({ start }) => {
  const file = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
  const pull = start("pull --bind @ --count 1 --format binary");
  await ends(start("push --connect @ --format binary", { stdin: file }));
  await ends(pull);
  assert.ok(pull.bytes.equals(file));
});

test("a wrong line stops push after the messages before it", async ({ start }) => {
  const pull = start("pull --bind @ --count 1");
  const push = start("push --connect @ --format json", { stdin: '["good"]\n[1]\n["never"]\n' });
  // It fails at once: what the first message needs is a peer that is there already.
  await ends(push, 1);
  assert.match(push.err, /standard input, line 2: element 1 is no frame\n {2}fix: write an array/);
  pull.interrupt();
  await pull.code;
  assert.not.match(pull.out, /never/);
});

test("pub waits for its subscribers, and sub takes what it asked for", async ({ start }) => {
  const sub = start("sub --connect @ --subscribe w --count 2 --format json");
  const all = start("sub --connect @ --count 2");
  await ends(start("pub --bind @ --topic weather --await 2", { stdin: "sun\nrain\n" }));
  await ends(sub);
  await ends(all);
  assert.is(sub.out, '["weather","sun"]\n["weather","rain"]\n');
  assert.is(all.out, "weather\tsun\nweather\train\n");
});

test("pub that waits for subscribers can be interrupted", async ({ start }) => {
  const pub = start("pub --bind @ --await 1 x --verbose");
  await pub.printed(/bound to/);
  pub.interrupt();
  await ends(pub, 1);
  assert.match(pub.err, /interrupted: 0 messages sent/);
});

test("sub talks to publishers of the library, pub to subscribers", async ({ start, endpoint, sockets }) => {
  const subscriber = new Subscriber();
  sockets.push(subscriber);
  subscriber.subscribe("x");
  await subscriber.bind(endpoint);
  await ends(start("pub --connect @ --await 1 x1"));
  assert.equal(frames(await subscriber.receive()), ["x1"]);

  const publisher = new Publisher();
  sockets.push(publisher);
  await publisher.bind(`${endpoint}2`);
  const sub = start(`recv --type sub --connect ${endpoint}2 --subscribe x --subscribe y --count 1 --verbose`);
  await sub.printed(/connected/);
  // Subscriptions follow the handshake; until they are there, messages are lost.
  const repeat = setInterval(() => void publisher.send("y1"), 5);
  await ends(sub).finally(() => clearInterval(repeat));
  assert.is(sub.out, "y1\n");
});

test("req asks, rep echoes", async ({ start }) => {
  const rep = start("rep --bind @ --echo --count 3");
  const req = start("req --connect @", { stdin: "a\nb\n" });
  await ends(req);
  await ends(start("req --connect @ c d"));
  await ends(rep);
  assert.is(req.out, "a\nb\n");
  assert.is(rep.out, "a\nb\nc\td\n");
});

test("rep answers from standard input, or always the same", async ({ start }) => {
  const rep = start("rep --bind @ --count 2", { stdin: "one\ntwo\n" });
  const req = start("req --connect @ --count 2 question");
  await ends(req);
  await ends(rep);
  assert.is(req.out, "one\ntwo\n");

  const same = start("rep --bind @ --count 2 yes sir");
  const more = start("req --connect @ --count 2 question");
  await ends(more);
  await ends(same);
  assert.is(more.out, "yes\tsir\nyes\tsir\n");
});

test("rep without an answer left fails by name", async ({ start }) => {
  const rep = start("rep --bind @", { stdin: "one\n" });
  const req = start("req --connect @ --count 2 question --timeout 20000");
  await ends(rep, 1);
  assert.match(rep.err, /standard input: has ended, and a request waits/);
  req.interrupt();
  await ends(req, 1);
  assert.match(req.err, /interrupted: 1 of 2 messages received/);
});

test("router and dealer talk both ways, by identity", async ({ start }) => {
  const router = start("router --bind @ --count 1", { stdin: '["me","","reply"]\n' });
  const dealer = start("dealer --connect @ --identity me --format json --count 1", {
    stdin: '["","hello"]\n',
  });
  await ends(router);
  await ends(dealer);
  assert.is(router.out, '["me","","hello"]\n');
  assert.is(dealer.out, '["","reply"]\n');
});

test("router fails by name when its input is for nobody", async ({ start }) => {
  const router = start("router --bind @ --count 2", { stdin: '["you","reply"]\n' });
  const dealer = start("dealer --connect @ --identity me --verbose");
  await ends(router, 1);
  assert.match(router.err, /no peer has the identity in its first frame/);
  dealer.interrupt();
  await ends(dealer);
});

test("dealer speaks to REP, send and recv to PAIR and PULL", async ({ start, endpoint, sockets }) => {
  const reply = new Reply();
  const pair = new Pair();
  const pull = new Pull();
  sockets.push(reply, pair, pull);
  await reply.bind(endpoint);
  const dealer = start("dealer --connect @ --format json --count 1", { stdin: '["","ask"]\n' });
  assert.equal(frames(await reply.receive()), ["ask"]);
  await reply.send("answer");
  await ends(dealer);
  assert.is(dealer.out, '["","answer"]\n');

  await pair.bind(`${endpoint}2`);
  await ends(start(`send --type pair --connect ${endpoint}2 to you`));
  assert.equal(frames(await pair.receive()), ["to", "you"]);
  // Another socket, because a pair keeps to its first peer until that is gone.
  const other = new Pair();
  sockets.push(other);
  await other.bind(`${endpoint}4`);
  const recv = start(`recv --type pair --connect ${endpoint}4 --count 1`);
  await other.send("to me");
  await ends(recv);
  assert.is(recv.out, "to me\n");

  await pull.bind(`${endpoint}3`);
  await ends(start(`send --connect ${endpoint}3 pushed`));
  assert.equal(frames(await pull.receive()), ["pushed"]);
});

test("recv --type dealer only receives, send --type dealer only sends", async ({
  start,
  endpoint,
  sockets,
}) => {
  const router = new Router();
  sockets.push(router);
  await router.bind(endpoint);
  await ends(start("send --type dealer --connect @ out"));
  assert.is((await router.receive()).at(-1)?.toString(), "out");
  const dealer = new Dealer();
  sockets.push(dealer);
  await dealer.bind(`${endpoint}2`);
  const recv = start(`recv --type dealer --connect ${endpoint}2 --count 1`);
  await dealer.send("in");
  await ends(recv);
  assert.is(recv.out, "in\n");
});

test("several endpoints of both kinds", async ({ start, endpoint, sockets }) => {
  const [near, far] = [new Push(), new Push()];
  sockets.push(near, far);
  await near.bind(endpoint);
  const pull = start(`pull --connect @ --bind ${endpoint}2 --count 2`);
  far.connect(`${endpoint}2`);
  await near.send("near");
  await far.send("far");
  await ends(pull);
  assert.equal(pull.out.split("\n").sort(), ["", "far", "near"]);
});

test("a wildcard is told on standard error", async ({ start }) => {
  const pull = start("pull --bind tcp://127.0.0.1:* --count 1");
  const [, address] = await pull.printed(/^bound to (tcp:\/\/127\.0\.0\.1:\d+)\n$/);
  await ends(start(`push --connect ${address} x`));
  await ends(pull);
});

test("--verbose tells who comes and goes", async ({ start }) => {
  const pull = start("pull --bind @ --verbose");
  await ends(start("push --connect @ x"));
  await pull.printed(/bound to ipc.*\n.*: connected\n.*: disconnected\n/);
  pull.interrupt();
  await ends(pull);
});

test("--timeout ends with code 3", async ({ start }) => {
  const pull = start("pull --bind @ --timeout 20");
  await ends(pull, 3);
  assert.match(pull.err, /no message came: --timeout has passed/);
  const push = start("push --bind @ --timeout 20 x");
  await ends(push, 3);
  assert.match(push.err, /no peer took the message: --timeout has passed/);
});

test("--linger ends the wait for a peer that never comes", async ({ start }) => {
  const push = start("push --connect @ --linger 20 x");
  await ends(push, 1);
  assert.match(push.err, /not delivered to any peer within 20 ms\n {2}fix: start the peer/);
  await ends(start("push --connect @ --linger 0 x"), 0);
});

test("an interrupt ends what has no end of its own well, and the rest as a failure", async ({ start }) => {
  const pull = start("pull --bind @ --verbose");
  await pull.printed(/bound/);
  pull.interrupt();
  await ends(pull, 0);

  const counted = start("pull --bind @ --count 2 --verbose");
  await counted.printed(/bound/);
  counted.interrupt();
  await ends(counted, 1);
  assert.match(counted.err, /interrupted: 0 of 2 messages received/);

  const stdin = new PassThrough();
  const taker = start("pull --bind @ --count 1");
  const sender = start("push --connect @", { stdin });
  stdin.write("first\n");
  await ends(taker);
  sender.interrupt();
  await ends(sender, 1);
  assert.match(sender.err, /interrupted: 1 messages sent/);
  assert.ok(stdin.destroyed);
});

test("an exchange ends as a whole when one half fails", async ({ start }) => {
  const stdin = new PassThrough();
  const dealer = start("dealer --bind @ --timeout 50", { stdin });
  await ends(dealer, 3);
  assert.ok(stdin.destroyed);
});

test("PLAIN admits the user with the password, and nobody else", async ({ start, folder }) => {
  const [good, bad] = ["right", "wrong"].map((word) => {
    writeFileSync(join(folder, word), `${word}\n`);
    return openSync(join(folder, word), "r");
  });
  const other = openSync(join(folder, "right"), "r");
  const another = openSync(join(folder, "right"), "r");
  try {
    const pull = start(
      `pull --bind @ --count 1 --plain-server --plain-username u --plain-password-fd ${good}`,
    );
    for (const wrong of [
      `--plain-username u --plain-password-fd ${bad}`,
      `--plain-username v --plain-password-fd ${another}`,
      "",
    ]) {
      // A dealer, because it does not end by itself; whether a pull would take it is asked later.
      const refused = start(`dealer --connect @ --linger 1 ${wrong} no`.replace("  ", " "));
      await refused.printed(/handshake failed: /);
      refused.interrupt();
      // Who is refused by ERROR is given up, and what waited with it; without PLAIN there is only a mismatch.
      await ends(refused, wrong === "" ? 1 : 0);
    }
    await ends(start(`push --connect @ --plain-username u --plain-password-fd ${other} yes`));
    await ends(pull);
    assert.is(pull.out, "yes\n");
  } finally {
    for (const fd of [good, bad, other, another]) closeSync(fd!);
  }
});

test("PLAIN asks for the password at the terminal", async ({ start }) => {
  const pull = start("pull --bind @ --count 1 --plain-server --plain-username u", { typed: ["pw\r"] });
  await ends(start("push --connect @ --plain-username u x", { typed: ["pw\r"] }));
  await ends(pull);
  assert.is(pull.asked, "<Password of u: >\n");
});

test.run();
