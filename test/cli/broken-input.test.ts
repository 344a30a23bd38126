/**
 * Broken configurations that a tunnel is given: each is refused with one message that
 * names the file, the place in it and the mend, and leaves everything as it was.
 */
import { appendFileSync, chmodSync, rmSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { argvOf, type Broken, change } from "./broken.ts";
import { type Edit, edited, inConfiguredFolders, judgeEach, plain } from "./broken-configuration.ts";
import { call } from "./run.ts";

const test = suite<Broken>("broken configurations of a tunnel");
inConfiguredFolders(test);

const EDITS: readonly Edit[] = [
  // The text as YAML.
  ["links:", "\tlinks:", "t.yaml:7:1: no YAML: Tabs are not allowed", "indent with spaces"],
  ["side: server", "side: server: x", "t.yaml:9:11: no YAML: Nested mappings", "in quotes"],
  [
    "side: server",
    "side: server\n    side: client",
    't.yaml:10:5: key "side" is there twice, first on line 9',
    "leave one",
  ],
  ["{port: 0}", "{port: 0", "t.yaml:7:1: no YAML", "indentation, colons and quotes"],
  ["pins: pins", 'pins: "pins', "t.yaml:12:1: no YAML", "indentation, colons and quotes"],
  ["port: 0", "port: !!int 0", "t.yaml:6:22: a tag (tag:yaml.org,2002:int)", "leave it out"],
  ["port: 0", "port: *zero", "t.yaml:6:16: *zero: no such anchor", "put &zero before a value"],
  ["links:", "---\nlinks:", "t.yaml:7:1: a second document", "leave out the line ---"],
  [/^/, "%YAML 1.1\n---\n", "t.yaml:1:1: a directive for YAML 1.1", "leave it out"],
  [/[\s\S]*/, "", "t.yaml:1:1: nothing where a map", "write a value"],
  [/[\s\S]*/, "- a\n", "t.yaml:1:1: a list where a map", "crypto: VALUE"],
  // Keys.
  ["trust:", "trsut:", 't.yaml:5:1: trsut: no such key: "trsut"', 'did you mean "trust"?'],
  [
    "max_msgs:",
    "max_mesgs:",
    "t.yaml:3:16: crypto.key_update.max_mesgs: no such key",
    'did you mean "max_msgs"?',
  ],
  [
    "side: server",
    "side: server\n    retries: 3",
    "t.yaml:10:5: links.orders.retries: no such key",
    "the keys here are name, side",
  ],
  ["    side: server\n", "", "t.yaml:8:3: links.orders.side: side is missing", "add side: client"],
  [
    "    listen: tcp://127.0.0.1:16000\n",
    "",
    "t.yaml:8:3: links.orders.listen: listen is missing",
    "add listen: tcp",
  ],
  [
    "    connect: tcp://127.0.0.1:15000\n",
    "",
    "t.yaml:8:3: links.orders.connect: connect is missing",
    "add connect: tcp",
  ],
  [/links:[\s\S]*/, "links: {}\n", "t.yaml:7:8: links: links is missing", "add links:"],
  ["key: a.key, ", "", "t.yaml:4:11: identity.key: key is missing", "`qzmq keygen`"],
  ["crypto:", "qzmq: {}\ncrypto:", "t.yaml:1:7: qzmq: qzmq and crypto mean the same", "under crypto"],
  // Kinds of values.
  [
    "server",
    "broker",
    't.yaml:9:11: links.orders.side: "broker" where client or server',
    "one of client, server",
  ],
  [
    "max_age_s: 60",
    "max_age_s: 10m",
    't.yaml:3:63: crypto.key_update.max_age_s: "10m" where a whole number',
    "without quotes or unit",
  ],
  [
    "max_age_s: 60",
    "max_age_s: 0",
    "crypto.key_update.max_age_s: 0 where a whole number of 1",
    "set max_age_s to 1 or more",
  ],
  [
    "max_msgs: 1000",
    "max_msgs: 1000.5",
    "crypto.key_update.max_msgs: 1000.5 where a whole number",
    "such a number",
  ],
  [
    "port: 0",
    "port: 99999",
    "t.yaml:6:16: status.port: 99999 where a whole number of 0 to 65535",
    "65535 or less",
  ],
  [
    "port: 0",
    "enabled: yes",
    't.yaml:6:19: status.enabled: "yes" where true or false',
    "true or false, without quotes",
  ],
  [
    "orders:",
    "my orders:",
    't.yaml:8:3: links."my orders": "my orders" where a name of 1 to 64',
    "these characters only",
  ],
  ["a.key", "[a.key, b.key]", "t.yaml:4:17: identity.key: a list where the path of a file", "write a path"],
  ["authorities: ca.crt", "authorities: []", "t.yaml:5:22: trust.authorities: a list of 0", "name one"],
  ["{port: 0}", "8080", "t.yaml:6:9: status: 8080 where a map of enabled", "enabled: VALUE"],
  [
    "tcp://127.0.0.1:16000",
    "127.0.0.1:16000",
    "t.yaml:10:13: links.orders.listen: ",
    "write tcp://127.0.0.1:5555",
  ],
  ["tcp://127.0.0.1:16000", "inproc://x", 't.yaml:10:13: links.orders.listen: "inproc://x"', "ipc:///run/x"],
  [
    "tcp://127.0.0.1:15000",
    "tcp://127.0.0.1:*",
    "t.yaml:11:14: links.orders.connect: ",
    "write tcp://host:5555",
  ],
  [
    "side: server",
    "side: server\n    phase: 5",
    "t.yaml:10:12: links.orders.phase: 5 where 1, 2, 3 or 4",
    "refuse-old",
  ],
  ["sig: mldsa44", "sig: rsa", 't.yaml:2:38: crypto.suite.sig: "rsa" where mldsa44', "one of these"],
  [
    "suite: {kem: x25519+mlkem768, sig: mldsa44}",
    "suite: rsa4096",
    't.yaml:2:10: crypto.suite: "rsa4096" where hybrid768',
    "x25519+mlkem768/mldsa44",
  ],
  [
    "port: 0",
    "address: gateway, port: 0",
    't.yaml:6:19: status.address: "gateway" where an IP address',
    "write 127.0.0.1",
  ],
  // Values that would be unsafe.
  [
    "1048576",
    "1125899906842624",
    "t.yaml:3:43: crypto.key_update.max_bytes: 1125899906842624",
    "1099511627776 (2^40) or less",
  ],
  [
    "max_msgs: 1000",
    "max_msgs: 4294967297",
    "t.yaml:3:26: crypto.key_update.max_msgs: 4294967297",
    "4294967296 (2^32) or less",
  ],
  [
    "kem: x25519+mlkem768, sig: mldsa44",
    "kem: x25519, sig: ed25519",
    "t.yaml:2:10: crypto.suite: a classical suite, which does not resist",
    "mode: classical",
  ],
  [
    "kem: x25519+mlkem768",
    "kem: mlkem1024",
    "t.yaml:2:10: crypto.suite: no such combination",
    "sig: mldsa65",
  ],
  [
    "side: server",
    "side: server\n    phase: 3",
    "t.yaml:2:10: crypto.suite: a suite with a classical part",
    "give links.orders a suite of its own",
  ],
  [
    "side: server",
    "side: server\n    pq_only: true\n    mode: hybrid",
    "t.yaml:10:14: links.orders.pq_only: true where mode is hybrid",
    "leave one",
  ],
  [
    "tcp://127.0.0.1:15000",
    "tcp://10.0.0.7:15000",
    "t.yaml:11:14: links.orders.connect: ",
    "allow_remote: true",
  ],
  ["port: 0", "address: 0.0.0.0, port: 0", "t.yaml:6:19: status.address: ", "allow_remote: true"],
  [
    "port: 0",
    "port: 16000",
    "t.yaml:6:16: status.port: status listens on tcp://127.0.0.1:16000, as link orders does",
    "another port",
  ],
  [
    "tcp://127.0.0.1:15000",
    "tcp://localhost:16000",
    "t.yaml:8:3: links.orders: link orders leads back to itself",
    "the program behind it",
  ],
  [
    /$/,
    "  b: {side: server, listen: tcp://*:16000, connect: ipc:///x}\n",
    "t.yaml:12:3: links.b: link b listens on tcp://*:16000, as link orders does",
    "another port",
  ],
  [
    /trust:.*\n/,
    "",
    "t.yaml:7:3: links.orders.trust: trust is missing: anybody could connect",
    "client_auth: none",
  ],
  [/identity:.*\n/, "", "t.yaml:7:3: links.orders.identity: identity is missing", "`qzmq keygen`"],
  [
    /trust:.*\n/,
    "trust: {pins: pins, revocation: required}\n",
    "t.yaml:5:33: trust.revocation: revocation without an authority",
    "add authorities",
  ],
  [
    "crypto:",
    "crypto:\n  enabled: false",
    "t.yaml:2:12: crypto.enabled: false would send messages in clear",
    "take it out of links",
  ],
];

/** Damages of the files that the good configuration names: the message tells the configuration's place and the file's. */

const JSON_EDITS: readonly Edit[] = [
  ['"side"', "side", "t.json:4:13: a key in double quotes expected", 'write "key": value'],
  ['"client"', "client", "t.json:4:21: client is no JSON value", '"client"'],
  [/\}\n$/, "", 't.json:1:1: "{" is never closed', 'add "}"'],
  ['"pins"},', '"pins"}', 't.json:3:3: "," or "}" expected', "comma between"],
  ["{\n", "{\n  // links of node 7\n", "t.json:2:3: a key in double quotes expected", "write"],
];

judgeEach(test, {
  yaml: EDITS.map((edit) => edited("t.yaml", edit)),
  json: JSON_EDITS.map((edit) => edited("t.json", edit)),
});

test("what is not broken is fine, and so is what a tunnel would make of it", async ({ folder }) => {
  for (const line of [plain, "config check @t.json", "tunnel --check --config @t.yaml"]) {
    const { code, out, err } = await call(argvOf(line, folder));
    assert.is(code, 0, err);
    assert.is(err, "");
    assert.match(out, /^[^\n]*: fine\nlink (orders: QZMQ on|out: plain on) tcp/);
  }
});

test("all mistakes of a file are told, each with its mend; as JSON too", async ({ folder }) => {
  change(`${folder}/t.yaml`, (text) =>
    text.replace("server", "x").replace("port: 0", "prt: 0").replace("15000", "y"),
  );
  const { code, out, err } = await call(argvOf(`${plain} --json`, folder));
  assert.is(code, 1);
  assert.is(err.split("\n  fix: ").length, 4);
  const { ok, file, problems } = JSON.parse(out);
  assert.is(ok, false);
  assert.ok(file.endsWith("/t.yaml"));
  assert.equal(
    problems.map(({ line, path }: { line: number; path: string }) => [line, path]),
    [
      [6, "status.prt"],
      [9, "links.orders.side"],
      [11, "links.orders.connect"],
    ],
  );
});

test("problems of several files are told at once", async ({ folder }) => {
  chmodSync(`${folder}/a.key`, 0o604);
  rmSync(`${folder}/ca.crl`);
  appendFileSync(`${folder}/pins`, "x\n");
  const { err } = await call(argvOf(plain, folder));
  assert.match(err, /a\.key: has mode 0604[\s\S]*ca\.crl: no such file[\s\S]*pins: line 2/);
});

test("a certificate that has expired is a warning, in text and in JSON", async ({ folder }) => {
  const late = { now: 1_900_000_000 };
  const { code, err } = await call(argvOf(plain, folder), late);
  assert.is(code, 0);
  assert.match(
    err,
    /t\.yaml:4:38: identity\.certificates: .*a\.crt: the certificate of broker has expired: peers refuse it/,
  );
  const { out } = await call(argvOf(`${plain} --json`, folder), late);
  assert.is(JSON.parse(out).warnings.length, 1);
});

test("a key under a passphrase: from the terminal, or from a file that nobody else may read", async ({
  folder,
}) => {
  change(`${folder}/t.yaml`, (text) => text.replace("a.key, certificates: a.crt", "locked.key"));
  const opened = await call(argvOf(plain, folder), { typed: ["secret\r"] });
  assert.is(opened.code, 0, opened.err);
  assert.match(
    (await call(argvOf(plain, folder), { typed: ["no\r"] })).err,
    /locked\.key: private key: wrong passphrase/,
  );
  change(`${folder}/t.yaml`, (text) => text.replace("locked.key", "locked.key, passphrase_file: pass"));
  writeFileSync(`${folder}/pass`, "secret\n", { mode: 0o644 });
  assert.match(
    (await call(argvOf(plain, folder))).err,
    /4:46: identity\.passphrase_file: .*pass: has mode 0644/,
  );
  chmodSync(`${folder}/pass`, 0o600);
  assert.is((await call(argvOf(plain, folder))).code, 0);
  writeFileSync(`${folder}/pass`, "\n");
  assert.match((await call(argvOf(plain, folder))).err, /pass: an empty passphrase/);
});

test.run();
