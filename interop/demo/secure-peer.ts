/**
 * One process of the secured demonstration: a server or a client over QZMQ, with keys from files.
 *
 *     node secure-peer.js <role> <endpoint> <folder>
 *
 * The folder holds ca.crt, ROLE.key and ROLE.crt as `qzmq keygen` and `qzmq cert` made them.
 */
import { join } from "node:path";
import { Pull, Push, qzmq, Reply, Request, type Socket, Subscriber, XPublisher } from "../../src/index.ts";

const [role, endpoint, folder] = process.argv.slice(2) as [string, string, string];
const trust = { files: { authorities: [join(folder, "ca.crt")] } };

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What is not so makes the process fail, and with it the demonstration. */
function must(holds: boolean): void {
  if (!holds) process.exitCode = 1;
}

function identity(name: string): ReturnType<typeof qzmq.loadIdentity> {
  return qzmq.loadIdentity({ key: join(folder, `${name}.key`), certificates: join(folder, `${name}.crt`) });
}

/** Says who is at the other end, once for each handshake, and why a handshake failed. */
function introduce(socket: Socket): void {
  socket.events.on("handshake", ({ facts }) => {
    const { suite, peer, resumed } = facts!;
    say(`${resumed ? "resumed with" : "authenticated"} ${peer}, ${suite}`);
  });
  socket.events.on("handshake:error:auth", ({ error }) => say(`refused: ${(error.cause as Error).message}`));
}

async function server(): Promise<qzmq.Security> {
  return qzmq.server({ identity: await identity("server"), trust });
}

async function client(serverName: string): Promise<qzmq.Security> {
  return qzmq.client({ identity: await identity("client"), trust, serverName });
}

/** Tries to connect; resolves with why it was refused. */
async function refused(security: qzmq.Security): Promise<string> {
  const request = new Request({ security, linger: 0 });
  const reason = new Promise<string>((resolve) => {
    request.events.on("handshake:error:auth", ({ error }) => resolve(String((error.cause as Error).message)));
    request.events.on("handshake", () => resolve("NOT REFUSED"));
  });
  request.connect(endpoint);
  void request.send("let me in").catch(() => {});
  const text = await reason;
  request.close();
  return text;
}

const roles: Record<string, () => Promise<void>> = {
  async rep() {
    const security = await server();
    const rep = new Reply({ security });
    introduce(rep);
    await rep.bind(endpoint);
    say(`bound ${rep.lastEndpoint}`);
    for await (const [question] of rep) {
      if (String(question) === "bye") break;
      await rep.send(String(Number(question) ** 2));
    }
    await rep.send("bye");
    rep.close();
  },

  async req() {
    const security = await client("server.example");
    for (const visit of ["first", "second"]) {
      const req = new Request({ security });
      introduce(req);
      req.connect(endpoint);
      for (const n of [7, 12]) {
        await req.send(String(n));
        const [answer] = await req.receive();
        say(`${n} squared is ${answer}`);
        must(Number(answer) === n ** 2);
      }
      if (visit === "first") {
        security.rotate();
        say("wants new keys");
        for (const n of [99, 100]) {
          await req.send(String(n));
          const [answer] = await req.receive();
          say(`${n} squared is ${answer}, keys of epoch ${security.connections[0]?.facts["epoch"]}`);
          must(Number(answer) === n ** 2);
        }
      } else {
        await req.send("bye");
        await req.receive();
      }
      req.close();
    }
    must(security.counters.handshakesResumed === 1 && security.counters.rotations >= 1);
  },

  async pub() {
    const security = await server();
    const pub = new XPublisher({ security, linger: 5000 });
    introduce(pub);
    await pub.bind(endpoint);
    say(`bound ${pub.lastEndpoint}`);
    await pub.receive();
    for (let price = 100; price < 103; price++) await pub.send(["quotes.ACME", String(price)]);
    await pub.send(["quotes.end", ""]);
    pub.close();
  },

  async sub() {
    const security = await client("server.example");
    const sub = new Subscriber({ security });
    introduce(sub);
    sub.connect(endpoint);
    sub.subscribe("quotes.");
    const prices: string[] = [];
    for await (const [topic, price] of sub) {
      if (String(topic) === "quotes.end") break;
      say(`${topic} ${price}`);
      prices.push(String(price));
    }
    sub.close();
    must(String(prices) === "100,101,102");
  },

  async push() {
    const security = await server();
    const push = new Push({ security, linger: 5000 });
    introduce(push);
    await push.bind(endpoint);
    say(`bound ${push.lastEndpoint}`);
    for (let i = 0; i < 10_000; i++) await push.send(String(i));
    await push.send("done");
    push.close();
  },

  async pull() {
    const security = await client("server.example");
    const pull = new Pull({ security });
    introduce(pull);
    pull.connect(endpoint);
    let tasks = 0;
    for await (const [task] of pull) {
      if (String(task) === "done") break;
      must(Number(task) === tasks++);
    }
    const { recordsOpened } = security.counters;
    say(`pulled ${tasks} tasks in order, in ${recordsOpened} records`);
    must(tasks === 10_000);
    pull.close();
  },

  async intruders() {
    const attempts = [
      ["wanted another server", await client("another.example"), /not for "another.example"/],
      [
        "without a certificate",
        qzmq.client({ trust, serverName: "server.example" }),
        /requires a certificate/,
      ],
      [
        "pinned another server key",
        qzmq.client({ identity: await identity("client"), trust: { pins: ["00".repeat(32)] } }),
        /the key is not pinned/,
      ],
    ] as const;
    for (const [who, security, expected] of attempts) {
      const text = await refused(security);
      say(`${`${who}:`.padEnd(26)} ${text}`);
      must(expected.test(text));
    }
    // The server is still there for those who may use it.
    const bye = new Request({ security: await client("server.example") });
    bye.connect(endpoint);
    await bye.send("bye");
    await bye.receive();
    bye.close();
  },
};

await roles[role]!();
