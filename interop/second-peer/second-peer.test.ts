/** This library and a peer in Python that was written from spec/ alone: both roles, every feature but the suites. */
import * as assert from "uvu/assert";
import { Dealer, Reply, Request, Router } from "../../src/index.ts";
import {
  exchange,
  type Hashes,
  LIMITS,
  only,
  ourClient,
  ourServer,
  PAIRINGS,
  pythonConnects,
  pythonListens,
  sameMessages,
  secondPeer,
} from "./setup.ts";

const { test, run: runTests } = secondPeer("second peer");

for (const { title, ours, run } of PAIRINGS) {
  test(`1000 messages both ways, rotations on the way: ${title}`, async () => {
    const { security, theirs } = await ours({ maxMessages: 150, recordLimit: 4096 });
    let hashes: Hashes | undefined;
    const sizes = [0, 1, 254, 255, 256, 4095, 4096, 20_000];
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      {
        ...theirs,
        recordLimit: 10_000,
        steps: [
          { do: "open" },
          { do: "exchange", send: 1000, receive: 1000, sizes, frames: 3 },
          { do: "close" },
        ],
      },
      async (socket) => {
        hashes = await exchange(socket, 1000, 1000, sizes);
      },
    );
    const report = only(reports, "exchanged");
    sameMessages(report, hashes!);
    assert.ok((report["epoch"] as number) > 0, "keys were rotated");
    assert.is(only(reports, "closed")["code"], 0);
  });

  test(`rotation started by us, and by both at once: ${title}`, async () => {
    const { security, theirs } = await ours();
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      {
        ...theirs,
        steps: [
          { do: "open" },
          { do: "send", count: 1 },
          { do: "epoch", at: 1 },
          { do: "exchange", send: 2, receive: 2 },
          { do: "cross" },
          { do: "exchange", send: 2, receive: 2 },
          { do: "close" },
        ],
      },
      async (socket) => {
        await socket.receive();
        assert.is(security.rotate(), 1);
        await exchange(socket, 2, 2);
        assert.is(security.rotate(), 1);
        await exchange(socket, 2, 2);
      },
    );
    const [ours1, crossed] = reports.filter(({ event }) => event === "rotated");
    assert.is(ours1!["epoch"], 1);
    assert.is(crossed!["epoch"], 2);
    assert.is(crossed!["crossings"], 1, "both KEYUPDATE were on their way");
    assert.is(reports.at(-1)!["code"], 0);
  });

  test(`our CLOSE is answered; PING, padding: ${title}`, async () => {
    const { security, theirs } = await ours();
    const reports = await run(
      new Dealer({ security, ...LIMITS }),
      { ...theirs, steps: [{ do: "open" }, { do: "ping" }, { do: "send" }, { do: "awaitClose" }] },
      async (socket) => {
        await socket.receive();
        socket.close();
      },
    );
    only(reports, "pong");
    assert.ok([0, 1].includes(only(reports, "closed")["code"] as number));
  });
}

test("a Python client resumes; a used ticket leads to a full handshake; tickets after a rotation are good", async () => {
  const { security, theirs } = await ourServer({ tickets: { count: 2 } });
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    {
      ...theirs,
      steps: [
        { do: "open" },
        { do: "send" },
        { do: "ticket", count: 2 },
        { do: "rotate" },
        { do: "ticket", count: 1 },
        { do: "close" },
        { do: "open", ticket: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true, keep: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true, keep: true },
        { do: "send" },
        { do: "close" },
        { do: "open", ticket: true },
        { do: "open", ticket: true },
        { do: "send" },
        { do: "close" },
      ],
    },
    async (socket) => {
      for (let i = 0; i < 5; i++) await socket.receive();
    },
  );
  const established = reports.filter(({ event }) => event === "established");
  assert.equal(
    established.map(({ resumed }) => resumed),
    [false, true, true, false, false, true],
  );
  assert.is(security.counters.handshakesResumed, 3);
  assert.ok(established.every(({ peer }) => peer === established[0]!["peer"]));
});

test("RETRY: a Python client brings the cookie; a changed one is refused", async () => {
  const { security, theirs } = await ourServer({ limits: { cookies: "always" } });
  const steps = [{ do: "open" }, { do: "close" }];
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), { ...theirs, steps });
  assert.is(only(reports, "established")["retried"], true);
  const again = await ourServer({ limits: { cookies: "always" } });
  const refused = await pythonConnects(new Dealer({ security: again.security, ...LIMITS }), {
    ...again.theirs,
    spoil: ["cookie"],
    steps: [{ do: "open" }],
  });
  assert.equal(only(refused, "refused"), { event: "refused", by: "peer", reason: "protocol" });
});

test("mode pq-only on both sides", async () => {
  const { security, theirs } = await ourServer({ mode: "pq-only" });
  const reports = await pythonConnects(new Dealer({ security, ...LIMITS }), {
    ...theirs,
    mode: "pq-only",
    suites: ["02020101"],
    steps: [{ do: "open" }, { do: "close" }],
  });
  assert.is(only(reports, "established")["suite"], "02020101");
});

test("the server connects and the client binds", async () => {
  const { security, theirs } = await ourClient();
  const reports = await pythonConnects(
    new Dealer({ security, ...LIMITS }),
    { ...theirs, steps: [{ do: "open" }, { do: "receive" }, { do: "close" }] },
    (socket) => socket.send("hello"),
  );
  assert.is(only(reports, "established")["peer"], "alice");
  only(reports, "exchanged");
});

test("Identity travels sealed: our ROUTER, and REQ with REP", async () => {
  const { security, theirs } = await ourServer();
  const router = new Router({ security, ...LIMITS });
  const identity = Buffer.from("python").toString("hex");
  const options = { ...theirs, identity, steps: [{ do: "open" }, { do: "exchange", send: 1, receive: 1 }] };
  const routed = await pythonConnects(router, options, async (socket) => {
    const [id, body] = await socket.receive();
    assert.is(String(id), "python");
    await socket.send([id!, body!]);
  });
  const { sent, received } = only(routed, "exchanged");
  assert.is(sent, received);
  const rep = await ourServer();
  const asked = await pythonConnects(
    new Reply({ security: rep.security, ...LIMITS }),
    {
      ...rep.theirs,
      socketType: "REQ",
      steps: [{ do: "open" }, { do: "exchange", send: 1, receive: 1 }, { do: "close" }],
    },
    async (socket) => socket.send(await socket.receive()),
  );
  assert.is(only(asked, "exchanged")["sent"], only(asked, "exchanged")["received"]);
  const req = await ourClient();
  await pythonListens(
    new Request({ security: req.security, ...LIMITS }),
    { ...req.theirs, socketType: "REP", steps: [{ do: "open" }, { do: "echo", count: 1 }, { do: "close" }] },
    async (socket) => {
      await socket.send("question");
      assert.is(String((await socket.receive())[0]), "question");
    },
  );
});

test("a transport that ends without CLOSE counts as truncated", async () => {
  const { security, theirs } = await ourServer();
  const socket = new Dealer({ security, ...LIMITS });
  const gone = new Promise((resolve) => socket.events.on("disconnect", resolve));
  await pythonConnects(socket, { ...theirs, steps: [{ do: "open" }, { do: "abort" }] }, async () => {
    await gone;
  });
  assert.is(security.counters.truncations, 1);
});

runTests();
