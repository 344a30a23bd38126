/** QZMQ at the command line: commands that prove who they are, and refuse those they do not believe. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { abandon } from "../../src/cli/endpoints.ts";
import { qzmq, Reply, Request, type Socket } from "../../src/index.ts";
import { within } from "../support/within.ts";
import { Call, call } from "./run.ts";

const LIMIT = 20_000;

interface Context {
  at: (name: string) => string;
  endpoint: string;
  calls: Call[];
  sockets: Socket[];
  /** Starts a command; `@` begins files of the shared folder, `E` stands for the endpoint. */
  start: (line: string) => Call;
}
const test = suite<Context>("secure commands");

/** Keys and certificates, made once: `server` and `client` under `ca`, `bare` under nobody. */
const folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
const argvOf = (line: string) => line.split(" ").map((word) => word.replace(/^@/, `${folder}/`));
// Sockets have the clock of the system, so these files do too.
const now = Math.floor(Date.now() / 1000);
const pins = new Map<string, string>();

test.before(async () => {
  for (const line of [
    "cert ca --out @ca --name root",
    "cert ca --out @other --name other",
    ...["server", "client", "bare"].map((name) => `keygen --out @${name}`),
    "cert issue --ca @ca --pub @server.pub --name broker --role server",
    "cert issue --ca @ca --pub @client.pub --name worker --role client",
    "cert revoke --ca @ca --list @empty.crl",
    "cert revoke --ca @ca --list @revoking.crl @server.crt",
    "pin @bare.pub --name known --add @pins",
  ]) {
    const { code, err } = await call(argvOf(line), { now });
    assert.is(code, 0, err);
  }
  for (const name of ["server", "client", "bare"]) {
    pins.set(name, (await call(argvOf(`pin @${name}.pub`), { now })).out.trim());
  }
});
test.after(() => rmSync(folder, { recursive: true }));

test.before.each((context) => {
  const own = mkdtempSync(join(folder, "s-"));
  context.at = (name) => join(folder, name);
  context.endpoint = `ipc://${join(own, "s")}`;
  context.calls = [];
  context.sockets = [];
  context.start = (line) => {
    const argv = argvOf(line).map((word) => (word === "E" ? context.endpoint : word));
    const started = new Call(argv, { now });
    context.calls.push(started);
    return started;
  };
});
test.after.each(async ({ calls, sockets }) => {
  for (const socket of sockets) abandon(socket);
  for (const running of calls) running.interrupt();
  await Promise.all(calls.map(({ code }) => code));
});

async function ends(running: Call, code = 0): Promise<void> {
  const actual = await within(LIMIT, running.code, "the end of a command");
  assert.is(actual, code, running.err);
}

const SERVER = "--identity-file @server.key --certificate @server.crt";
const CLIENT = "--identity-file @client.key --certificate @client.crt";

for (const [name, server, client, sees] of [
  [
    "an anonymous client under an authority",
    SERVER,
    "--trust @ca.crt --server-name broker",
    ["somebody", "broker"],
  ],
  [
    "both sides certified, lists required",
    `${SERVER} --trust @ca.crt --crl @empty.crl --require-crl`,
    `${CLIENT} --trust @ca.crt --server-name broker --crl @empty.crl --require-crl`,
    ["worker", "broker"],
  ],
  ["a bare key in a pin file", "--identity-file @bare.key", "--pins @pins", ["somebody", "known"]],
  ["a certified server whose key is pinned", SERVER, "--pin PIN(server)", ["somebody", "PIN(server)"]],
  [
    "a client pinned by its server",
    `${SERVER} --pins @pins`,
    "--identity-file @bare.key --pin PIN(server)",
    ["known", "PIN(server)"],
  ],
] as const) {
  test(`${name}: they talk`, async ({ start }) => {
    const filled = (text: string) => text.replace(/PIN\((\w+)\)/, (_, who: string) => pins.get(who)!);
    const rep = start(`rep --bind E --echo --count 1 --verbose ${filled(server)}`);
    const req = start(`req --connect E --verbose ${filled(client)} hello`);
    await ends(req);
    await ends(rep);
    assert.is(req.out, "hello\n");
    assert.ok(rep.err.includes(`connected to ${filled(sees[0])} (x25519+mlkem768/`), rep.err);
    assert.ok(req.err.includes(`connected to ${filled(sees[1])} (x25519+mlkem768/`), req.err);
  });
}

test("--keylog needs the variable too, and then logs the secrets", async ({ start, at }) => {
  const path = at("keys.log");
  const client = "req --connect E --keylog --trust @ca.crt --server-name broker hello";
  try {
    const refused = start(client);
    await ends(refused, 1);
    assert.match(refused.err, /--keylog: set the environment variable QZMQKEYLOGFILE/);
    process.env["QZMQKEYLOGFILE"] = path;
    const rep = start(`rep --bind E --echo --count 1 ${SERVER}`);
    await ends(start(client));
    await ends(rep);
    const lines = readFileSync(path, "utf8").split("\n");
    assert.is(lines.filter((line) => line.startsWith("QZMQ_CLIENT_TRAFFIC_SECRET_0 ")).length, 1);
  } finally {
    delete process.env["QZMQKEYLOGFILE"];
  }
});

for (const [name, server, client, side, cause] of [
  ["a server of another authority", SERVER, "--trust @other.crt --server-name broker", "client", /untrusted/],
  ["a server of another name", SERVER, "--trust @ca.crt --server-name else", "client", /\(name\)/],
  ["a server with a client's certificate", CLIENT, "--trust @ca.crt --server-name worker", "client", /usage/],
  [
    "a revoked server",
    SERVER,
    "--trust @ca.crt --server-name broker --crl @revoking.crl",
    "client",
    /revoked/,
  ],
  ["a server whose key is not pinned", SERVER, "--pins @pins", "client", /untrusted/],
  [
    "a client that the server does not know",
    `${SERVER} --pins @pins`,
    `${CLIENT} --trust @ca.crt --server-name broker`,
    "server",
    /untrusted/,
  ],
  ["a client without security", SERVER, "", "client", /handshake failed/],
  ["a server without security", "", "--trust @ca.crt --server-name broker", "client", /handshake failed/],
] as const) {
  test(`${name} is refused, and nothing passes`, async ({ start }) => {
    const rep = start(`rep --bind E --echo ${server}`.trimEnd());
    const dealer = start(
      `dealer --connect E --linger 1 --format json ${client} never`.replace(/ {2,}/g, " "),
    );
    const refusing = side === "client" ? dealer : rep;
    await within(LIMIT, refusing.printed(cause), "the refusal");
    dealer.interrupt();
    // Where the server refuses, the message may be on its way when the client learns of it.
    if (side === "client") await ends(dealer, 1);
    else await within(LIMIT, dealer.code, "the dealer's end");
    rep.interrupt();
    await ends(rep);
    assert.is(rep.out + dealer.out, "");
  });
}

test("--role turns the roles around: the side that binds is the client", async ({ start }) => {
  const pull = start("pull --bind E --count 1 --role client --trust @ca.crt --server-name broker");
  await ends(start(`push --connect E --role server ${SERVER} x`));
  await ends(pull);
  assert.is(pull.out, "x\n");
});

test("a proxy is a server to both of its sides", async ({ start, endpoint, sockets, at }) => {
  const proxy = start(`proxy queue --frontend E --backend ${endpoint}2 ${SERVER}`);
  await within(LIMIT, proxy.printed(/frontend ipc:.*backend ipc:/), "the proxy");
  const rep = start(`rep --connect ${endpoint}2 --echo --count 1 --trust @ca.crt --server-name broker`);
  const security = qzmq.client({ trust: { files: { authorities: [at("ca.crt")] } }, serverName: "broker" });
  const request = new Request({ security });
  sockets.push(request);
  request.connect(endpoint);
  await request.send("through");
  assert.is(String(await request.receive()), "through");
  await ends(rep);
  proxy.interrupt();
  await ends(proxy);
  request.close();
  security.dispose();
});

test("commands talk to the library's own identities", async ({ start, endpoint, sockets }) => {
  const identity = await qzmq.generateIdentity("ML-DSA-65");
  const security = qzmq.server({ identity });
  const reply = new Reply({ security });
  sockets.push(reply);
  await reply.bind(endpoint);
  const req = start(`req --connect E --pin ${qzmq.pinOf(identity)} --suite mlkem1024 --verbose ask`);
  assert.is(String(await reply.receive()), "ask");
  await reply.send("answer");
  await ends(req);
  assert.match(req.err, /\(mlkem1024\/mldsa65\//);
  reply.close();
  security.dispose();
});

for (const [bind, connect, suite] of [
  ["--pq-only", "", "mlkem768/mldsa44/aes256gcm/sha256"],
  ["", "--aead chacha20poly1305", "x25519+mlkem768/mldsa44/chacha20poly1305/sha256"],
  ["--suite hybrid768", "--suite mlkem768 --suite hybrid768", "x25519+mlkem768/mldsa44/aes256gcm/sha256"],
  ["--aead aes256gcm", "--suite x25519+mlkem768/mldsa44/aes256gcm/sha384", ""],
  [
    "--suite ML-KEM-768/mldsa2/aes256gcm/sha384",
    "--suite mlkem768,2,AES-256-GCM,SHA384",
    "mlkem768/mldsa44/aes256gcm/sha384",
  ],
] as const) {
  test(`suites by name: "${bind}" and "${connect}" agree on ${suite === "" ? "none" : suite}`, async ({
    start,
  }) => {
    const rep = start(`rep --bind E ${SERVER} --echo ${bind}`.trim());
    const req = start(
      `req --connect E --trust @ca.crt --server-name broker --verbose ${connect} hello`.replace(/ +/g, " "),
    );
    if (suite === "") {
      await within(LIMIT, req.printed(/handshake failed/), "the refusal");
      req.interrupt();
      return;
    }
    await ends(req);
    assert.ok(req.err.includes(`(${suite})`), req.err);
    rep.interrupt();
    await ends(rep);
  });
}

test.run();
