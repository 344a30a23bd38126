/** Peers that are refused: by the right event and a clear cause, with no message delivered and nobody else disturbed. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Dealer, Pull, Push, qzmq, Reply, type SocketOptions } from "../../src/index.ts";
import {
  alice,
  aliceClient,
  bob,
  bobServer,
  causeOf,
  closeAll,
  freeEndpoint,
  log,
  mallory,
  pinned,
  settled,
  texts,
  until,
  use,
} from "./sockets.ts";

test.after.each(closeAll);

const authority = await qzmq.generateAuthority("authority.example");
const stranger = await qzmq.generateAuthority("stranger.example");
const named = await qzmq.certify(authority, bob, { name: "server.example" });
const certified = { authorities: [authority.certificate] };

/** What one end reports. */
interface Report {
  readonly event: "handshake:error:auth" | "handshake:error:protocol";
  readonly code: string;
  readonly text: RegExp;
}

const CLIENT_REFUSES = (text: RegExp): readonly [Report, Report] => [
  { event: "handshake:error:auth", code: "ERR_ZMTP_PEER_ERROR", text: /ERROR: auth/ },
  { event: "handshake:error:auth", code: "ERR_QZMQ_AUTH", text },
];
const SERVER_REFUSES = (text: RegExp): readonly [Report, Report] => [
  { event: "handshake:error:auth", code: "ERR_QZMQ_AUTH", text },
  { event: "handshake:error:auth", code: "ERR_ZMTP_PEER_ERROR", text: /ERROR: auth/ },
];

/** `server` is what the good client trusts; `bad` is refused by it, or refuses it. */
interface Case {
  readonly title: string;
  readonly server: qzmq.ServerSecurityOptions;
  readonly good?: Partial<qzmq.ClientSecurityOptions>;
  readonly bad: SocketOptions<Push>;
  /** What the server reports, and what the bad client. */
  readonly reports: readonly [Report, Report];
}

const mutual = { identity: bob, trust: pinned(alice) };
const CASES: readonly Case[] = [
  {
    title: "the client pins another server",
    server: mutual,
    bad: { security: aliceClient({ trust: pinned(mallory) }) },
    reports: CLIENT_REFUSES(/refused \(untrusted\)/),
  },
  {
    title: "the client trusts another authority",
    server: { ...mutual, identity: named },
    good: { trust: certified, serverName: "server.example" },
    bad: { security: aliceClient({ trust: { authorities: [stranger.certificate] } }) },
    reports: CLIENT_REFUSES(/refused \(untrusted\)/),
  },
  {
    title: "the server has another name",
    server: { ...mutual, identity: named },
    good: { trust: certified, serverName: "server.example" },
    bad: { security: aliceClient({ trust: certified, serverName: "other.example" }) },
    reports: CLIENT_REFUSES(/refused \(name\): the certificate is not for "other\.example"/),
  },
  {
    title: "the server's name is not the endpoint's host",
    server: { ...mutual, identity: named },
    good: { trust: certified, serverName: "server.example" },
    bad: { security: aliceClient({ trust: certified }) },
    reports: CLIENT_REFUSES(/refused \(name\): the certificate is not for "127\.0\.0\.1"/),
  },
  {
    title: "the server's certificate is for clients",
    server: { ...mutual, identity: await qzmq.certify(authority, bob, { name: "bob", roles: ["client"] }) },
    bad: { security: aliceClient({ trust: certified, serverName: "bob" }) },
    reports: CLIENT_REFUSES(/refused \(usage\)/),
  },
  {
    title: "the server's certificate has expired",
    server: {
      ...mutual,
      identity: await qzmq.certify(authority, bob, { name: "bob", notAfter: 1_700_000_000 }),
    },
    bad: { security: aliceClient({ trust: certified, serverName: "bob" }) },
    reports: CLIENT_REFUSES(/refused \(expired\)/),
  },
  {
    title: "no certificate where one is required",
    server: mutual,
    bad: { security: qzmq.client({ trust: pinned(bob) }) },
    reports: CLIENT_REFUSES(/requires a certificate that we do not have/),
  },
  {
    title: "a client that is not pinned",
    server: mutual,
    bad: { security: aliceClient({ identity: mallory }) },
    reports: SERVER_REFUSES(/refused \(untrusted\)/),
  },
  {
    title: "a client that is not pinned, where it is optional to show oneself",
    server: { ...mutual, clientAuth: "optional" },
    bad: { security: aliceClient({ identity: mallory }) },
    reports: SERVER_REFUSES(/refused \(untrusted\)/),
  },
  {
    title: "no suite in common",
    server: { ...mutual, suites: ["x25519+mlkem768/mldsa44/aes256gcm/sha256"] },
    bad: { security: aliceClient({ suites: ["x25519+mlkem1024/mldsa87/aes256gcm/sha384"] }) },
    reports: [
      { event: "handshake:error:protocol", code: "ERR_QZMQ_SUITE", text: /No suite in common/ },
      { event: "handshake:error:protocol", code: "ERR_ZMTP_PEER_ERROR", text: /ERROR: suite/ },
    ],
  },
  {
    title: "both play the server",
    server: mutual,
    bad: { security: qzmq.server({ identity: mallory }) },
    reports: [
      { event: "handshake:error:protocol", code: "ERR_QZMQ_ROLE", text: /server/ },
      { event: "handshake:error:protocol", code: "ERR_QZMQ_ROLE", text: /server/ },
    ],
  },
  ...(["NULL", "PLAIN"] as const).map((name): Case => {
    const mismatch = (theirs: string, ours: string): Report => ({
      event: "handshake:error:protocol",
      code: "ERR_ZMTP_MECHANISM_MISMATCH",
      text: new RegExp(`wants mechanism ${theirs}, we ${ours}`),
    });
    return {
      title: `a client of ${name}`,
      server: mutual,
      bad: name === "NULL" ? {} : { plainUsername: "alice", plainPassword: "secret" },
      reports: [mismatch(name, "QZMQ"), mismatch("QZMQ", name)],
    };
  }),
];

for (const { title, server, good, bad, reports } of CASES) {
  test(title, async () => {
    const security = qzmq.server(server);
    const pull = use(new Pull({ security }));
    await pull.bind(freeEndpoint());
    const endpoint = pull.lastEndpoint!;
    const others = use(new Push({ security: aliceClient(good) }));
    // Where nobody could be accepted there is nobody to be disturbed.
    const hasOthers = !/certificate (is for|has)/.test(title);
    if (hasOthers) {
      others.connect(endpoint);
      await settled(others.send("before"), "send");
      assert.equal(await texts(pull), ["before"]);
    }

    const pullLog = log(pull);
    const refused = use(new Push({ ...bad, reconnectInterval: -1, linger: 0 }));
    const refusedLog = log(refused);
    refused.connect(endpoint);
    await settled(refused.send("never to be delivered"), "send");
    for (const [i, side] of [pullLog, refusedLog].entries()) {
      const { event, code, text } = reports[i]!;
      const cause = causeOf(await side.next(event));
      assert.is(cause.code, code);
      assert.match(cause.message, text);
      await side.next("disconnect");
      assert.is(side.of("handshake").length, 0);
    }

    if (hasOthers) {
      await settled(others.send("after"), "send");
      assert.equal(await texts(pull), ["after"]);
    }
    assert.is(security.counters.messagesOpened, hasOthers ? 2 : 0);
    assert.is(pull.readable, false);
  });
}

for (const name of ["NULL", "PLAIN"] as const) {
  test(`a client of QZMQ does not fall back for a server of ${name}`, async () => {
    const reply = use(new Reply(name === "PLAIN" ? { plainServer: true } : {}));
    await reply.bind(freeEndpoint());
    const client = aliceClient();
    const dealer = use(new Dealer({ security: client, reconnectInterval: -1, linger: 0 }));
    const dealerLog = log(dealer);
    dealer.connect(reply.lastEndpoint!);
    await settled(dealer.send(["", "a secret"]), "send");
    const cause = causeOf(await dealerLog.next("handshake:error:protocol"));
    assert.is(cause.code, "ERR_ZMTP_MECHANISM_MISMATCH");
    assert.is(reply.readable, false);
    assert.is(client.connections.length, 0);
  });
}

test("a refused client that comes back with the right trust is accepted", async () => {
  const pull = use(new Pull({ security: bobServer() }));
  await pull.bind(freeEndpoint());
  const pullLog = log(pull);
  const push = use(new Push({ security: aliceClient({ identity: mallory }), reconnectInterval: -1 }));
  push.connect(pull.lastEndpoint!);
  await pullLog.next("handshake:error:auth");
  push.disconnect(pull.lastEndpoint!);
  push.security = aliceClient();
  push.connect(pull.lastEndpoint!);
  await settled(push.send("hello"), "send");
  assert.equal(await texts(pull), ["hello"]);
  await until(() => pullLog.of("handshake").length === 1, "one handshake");
});

test.run();
