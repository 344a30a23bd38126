/**
 * One process of the demonstration: plays one role with one library, and says on standard output what it sees.
 *
 *     node peer.js <qzmq|zeromq> <role> <endpoint>
 */
import type * as Zmq from "../../src/index.ts";

const [library, role, endpoint] = process.argv.slice(2) as [string, string, string];
const zmq: typeof Zmq =
  library === "qzmq"
    ? await import("../../src/index.js")
    : ((await import("zeromq")) as unknown as { default: typeof Zmq }).default;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What is not so makes the process fail, and with it the demonstration. */
function must(holds: boolean): void {
  if (!holds) process.exitCode = 1;
}

/** Binds and tells the parent where. */
async function bind(socket: Zmq.Socket): Promise<void> {
  await socket.bind(endpoint);
  say(`bound ${socket.lastEndpoint}`);
}

const roles: Record<string, () => Promise<void>> = {
  async pub() {
    const pub = new zmq.XPublisher({ linger: 1000 });
    await bind(pub);
    const [subscription] = await pub.receive();
    say(`a subscriber wants "${subscription!.subarray(1)}"`);
    for (let price = 100; price < 105; price++) {
      await pub.send(["quotes.ACME", String(price)]);
      await pub.send(["noise", "nobody asked for this"]);
    }
    await pub.send(["quotes.end", ""]);
    pub.close();
  },
  async sub() {
    const sub = new zmq.Subscriber();
    sub.connect(endpoint);
    sub.subscribe("quotes.");
    const prices: string[] = [];
    for await (const [topic, price] of sub) {
      if (String(topic) === "quotes.end") break;
      say(`${topic} ${price}`);
      prices.push(String(price));
    }
    sub.close();
    must(String(prices) === "100,101,102,103,104");
  },
  async rep() {
    const rep = new zmq.Reply();
    await bind(rep);
    for (let i = 0; i < 3; i++) {
      const [question] = await rep.receive();
      say(`asked for the square of ${question}`);
      await rep.send(String(Number(question) ** 2));
    }
    rep.close();
  },
  async req() {
    const req = new zmq.Request();
    req.connect(endpoint);
    for (const n of [7, 12, 99]) {
      await req.send(String(n));
      const [answer] = await req.receive();
      say(`${n} squared is ${answer}`);
      must(Number(answer) === n ** 2);
    }
    req.close();
  },
  async push() {
    const push = new zmq.Push({ linger: 5000 });
    await bind(push);
    for (let i = 0; i < 10_000; i++) await push.send([String(i), "work"]);
    await push.send("done");
    say("pushed 10000 tasks");
    push.close();
  },
  async pull() {
    const pull = new zmq.Pull();
    pull.connect(endpoint);
    let tasks = 0;
    let ordered = true;
    for await (const [task] of pull) {
      if (String(task) === "done") break;
      ordered &&= Number(task) === tasks++;
    }
    say(`pulled ${tasks} tasks, ${ordered ? "all in order" : "OUT OF ORDER"}`);
    pull.close();
    must(tasks === 10_000 && ordered);
  },
};

await roles[role]!();
