/**
 * Broken configurations, and the broken keys, certificates, revocation lists, pin files and arguments that a tunnel is
 * given: each is refused with one message that names the file, the place in it and the mend, and leaves everything as
 * it was.
 */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { armor } from "../../src/mechanism/qzmq/armor.ts";
import {
  argvOf,
  type Broken,
  type Case,
  change,
  changeOctets,
  inFolders,
  judge,
  runAll,
  standardFiles,
} from "./broken.ts";
import { call } from "./run.ts";

const test = suite<Broken>("broken input of a tunnel");

const GOOD = `crypto:
  suite: {kem: x25519+mlkem768, sig: mldsa44}
  key_update: {max_msgs: 1000, max_bytes: 1048576, max_age_s: 60}
identity: {key: a.key, certificates: a.crt}
trust: {authorities: ca.crt, revocation_lists: ca.crl, pins: pins}
status: {port: 0}
links:
  orders:
    side: server
    listen: tcp://127.0.0.1:16000
    connect: tcp://127.0.0.1:15000
`;

inFolders(test, async (folder) => {
  await standardFiles(folder);
  await runAll(["cert revoke --ca @ca --list @ca.crl"], folder);
  writeFileSync(`${folder}/t.yaml`, GOOD);
  writeFileSync(
    `${folder}/t.json`,
    '{\n  "trust": {"pins": "pins"},\n  "links": {\n    "out": {"side": "client", "listen": "tcp://127.0.0.1:16001", "connect": "tcp://127.0.0.1:16000"}\n  }\n}\n',
  );
});

type Damage = (at: (name: string) => string) => void;

/** A change of the good configuration: what is replaced, by what, and what is said. */
type Edit = readonly [from: string | RegExp, to: string, says: string, fix: string | RegExp];

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
const DAMAGES: readonly (readonly [Damage, says: readonly string[], fix: string | RegExp])[] = [
  // Private keys.
  [
    (at) => chmodSync(at("a.key"), 0o644),
    ["t.yaml:4:17: identity.key: ", "a.key: has mode 0644"],
    /^chmod 600 .*a\.key$/,
  ],
  [(at) => rmSync(at("a.key")), ["t.yaml:4:17: identity.key: ", "a.key: no such file"], "check the path"],
  [(at) => writeFileSync(at("a.key"), ""), ["a.key: holds no QZMQ PRIVATE KEY"], "right file"],
  [
    (at) => change(at("a.key"), (text) => text.replace(/\n(.)/, "\n$1 ")),
    ["a.key: line 2: want 64 characters"],
    "backup",
  ],
  [(at) => change(at("a.key"), (text) => text.slice(0, -10)), ["a.key: line 1: no -----END"], "backup"],
  [
    (at) => changeOctets(at("a.key"), (octets) => octets.with(0, 9)),
    ["a.key: private key: unknown version"],
    "backup",
  ],
  [
    (at) => changeOctets(at("a.key"), (octets) => octets.subarray(0, 40)),
    ["a.key: seed: 32 octets announced, 5 left"],
    "backup",
  ],
  [
    (at) => writeFileSync(at("a.key"), readFileSync(at("a.pub"))),
    ["a.key: holds a QZMQ PUBLIC KEY, where"],
    "qzmq cert show",
  ],
  [
    (at) => writeFileSync(at("a.key"), readFileSync(at("locked.key"))),
    ["t.yaml:4:17: identity.key: ", "no terminal"],
    "passphrase_file",
  ],
  [
    (at) => writeFileSync(at("a.key"), readFileSync(at("b.key"))),
    ["t.yaml:4:38: identity.certificates: ", "not for the signer's key"],
    "for this key",
  ],
  [(at) => symlinkSyncOver(at("a.key"), at("a.key")), ["a.key: too many symbolic links"], "path"],
  [(at) => mkdirOver(at("a.key")), ["a.key: is a folder"], "the path of a file"],
  // Certificates.
  [(at) => rmSync(at("a.crt")), ["t.yaml:4:38: identity.certificates: ", "a.crt: no such file"], "path"],
  [
    (at) => change(at("a.crt"), (text) => text.replace(/(\n.{64}\n.)./, "$1!")),
    ["a.crt: line 3: not base64"],
    "backup",
  ],
  [
    (at) => changeOctets(at("a.crt"), (octets) => octets.with(0, 7)),
    ["a.crt: certificate: unknown version"],
    "backup",
  ],
  [
    (at) => changeOctets(at("a.crt"), (octets) => octets.subarray(0, 100)),
    ["a.crt: public key: 1312 octets announced, 53 left"],
    "backup",
  ],
  [
    (at) => appendFileSync(at("a.crt"), readFileSync(at("other.crt"))),
    ["a.crt: certificate 1 of 2 is not issued by"],
    "end entity first",
  ],
  [
    (at) => writeFileSync(at("a.crt"), readFileSync(at("ca.crt"))),
    ["a.crt: the first certificate is not for"],
    "for this key",
  ],
  [
    (at) => writeFileSync(at("ca.crt"), readFileSync(at("a.crt"))),
    ["t.yaml:5:8: trust: authority broker"],
    "self-issued",
  ],
  [
    (at) => changeOctets(at("ca.crt"), (octets) => octets.with(octets.length - 1, octets.at(-1)! ^ 1)),
    ["t.yaml:5:8: trust: authority root: its certificate's signature is wrong"],
    "self-issued",
  ],
  [
    (at) => writeFileSync(at("ca.crt"), readFileSync(at("ca.key"))),
    ["t.yaml:5:22: trust.authorities: ", "ca.crt: holds a QZMQ PRIVATE KEY"],
    "right file",
  ],
  // Revocation lists.
  [
    (at) => writeFileSync(at("ca.crl"), readFileSync(at("other.crl"))),
    ["t.yaml:5:8: trust: revocation list of ", "no trusted authority"],
    "one of theirs",
  ],
  [
    (at) => changeOctets(at("ca.crl"), (octets) => octets.with(0, 2)),
    ["t.yaml:5:48: trust.revocation_lists: ", "ca.crl: revocation list: unknown version"],
    "backup",
  ],
  [
    (at) => changeOctets(at("ca.crl"), (octets) => octets.with(octets.length - 1, octets.at(-1)! ^ 1)),
    ["revocation list of root: its signature is wrong"],
    "one of theirs",
  ],
  [
    (at) => changeOctets(at("ca.crl"), (octets) => octets.subarray(0, 60)),
    ["ca.crl: signature: 2420 octets announced, 1 left"],
    "backup",
  ],
  [
    (at) => writeFileSync(at("ca.crl"), "-----BEGIN QZMQ REVOCATION LIST-----\n"),
    ["ca.crl: line 1: no -----END"],
    "backup",
  ],
  [
    (at) => appendFileSync(at("ca.crl"), readFileSync(at("ca.crl"))),
    ["ca.crl: holds more than one QZMQ REVOCATION LIST"],
    /./,
  ],
  // Pin files.
  [
    (at) => appendFileSync(at("pins"), "0123\n"),
    ["t.yaml:5:62: trust.pins: ", "pins: line 2: want a pin of 64"],
    "`qzmq pin`",
  ],
  [
    (at) => appendFileSync(at("pins"), `# ours\n${"ab".repeat(32)}, No\n`),
    ["pins: line 3: want a name"],
    "`qzmq pin`",
  ],
  [(at) => change(at("pins"), (text) => text + text), ["pins: line 2: this pin was listed before"], /./],
  [
    (at) => change(at("pins"), (text) => text.toUpperCase()),
    ["pins: line 1: want a pin of 64 lower-case"],
    "`qzmq pin`",
  ],
  [
    (at) => writeFileSync(at("pins"), armor("QZMQ CERTIFICATE", new Uint8Array(100))),
    ["pins: line 1: want a pin"],
    "`qzmq pin`",
  ],
];

function symlinkSyncOver(path: string, target: string): void {
  rmSync(path);
  symlinkSync(target, path);
}

function mkdirOver(path: string): void {
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
}

const JSON_EDITS: readonly Edit[] = [
  ['"side"', "side", "t.json:4:13: a key in double quotes expected", 'write "key": value'],
  ['"client"', "client", "t.json:4:21: client is no JSON value", '"client"'],
  [/\}\n$/, "", 't.json:1:1: "{" is never closed', 'add "}"'],
  ['"pins"},', '"pins"}', 't.json:3:3: "," or "}" expected', "comma between"],
  ["{\n", "{\n  // links of node 7\n", "t.json:2:3: a key in double quotes expected", "write"],
];

const plain = "config check @t.yaml";
const ARGUMENTS: readonly Case[] = [
  { line: "config check", code: 2, says: ["qzmq config check: FILE is missing"], fix: "add FILE" },
  { line: "config chek @t.yaml", code: 2, says: ['"config chek"'], fix: 'did you mean "config check"?' },
  { line: `${plain} @t.json`, code: 2, says: ["unexpected argument"], fix: "at most 1" },
  { line: `${plain} --jsn`, code: 2, says: ["--jsn"], fix: 'did you mean "--json"?' },
  {
    line: "config check @nothing.yaml",
    code: 1,
    says: ["nothing.yaml: no such file"],
    fix: "check the path",
  },
  {
    line: "config check @d",
    code: 1,
    says: ["d: is a folder"],
    fix: "file",
    damage: (at) => mkdirSync(at("d")),
  },
  {
    line: plain,
    ...{ code: 1, says: ["t.yaml:3: not UTF-8"], fix: "UTF-8" },
    damage: (at) =>
      writeFileSync(
        at("t.yaml"),
        Buffer.concat([Buffer.from("a: é\nb: 1\nc: "), Buffer.from([0xff, 0x0a, 0x0a])]),
      ),
  },
  {
    line: plain,
    ...{ code: 1, says: ["t.yaml: is longer than 1048576 octets"], fix: "right file" },
    damage: (at) => writeFileSync(at("t.yaml"), "#".repeat(2 ** 20 + 1)),
  },
  { line: "tunnel", code: 2, says: ["qzmq tunnel: --config is missing"], fix: "add --config FILE" },
  { line: "tunnel --config", code: 2, says: ["--config has no value"], fix: "--config FILE" },
  { line: "tunnel @t.yaml", code: 2, says: ["unexpected argument"], fix: "leave it out" },
  { line: "tunnel --config @none", code: 1, says: ["--config", "none: no such file"], fix: "path" },
  { line: "tunnel --config @t.yaml --log xml", code: 2, says: ["--log xml"], fix: "json, text" },
  { line: "tunnel --config @t.yaml --linger soon", code: 2, says: ["--linger soon"], fix: "number" },
  {
    line: "tunnel --config @t.yaml --passphrase hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  {
    line: "tunnel --config @t.yaml --passphrase-fd 9999",
    ...{
      code: 1,
      says: ["t.yaml:4:17: identity.key: ", "--passphrase-fd 9999: cannot be read"],
      fix: "9999<",
    },
    damage: (at) => writeFileSync(at("a.key"), readFileSync(at("locked.key"))),
  },
  {
    line: "tunnel --config @t.yaml",
    ...{ code: 1, says: ["t.yaml:8:3: links.orders.side: side is missing"], fix: "add side" },
    damage: (at) => change(at("t.yaml"), (text) => text.replace("    side: server\n", "")),
  },
  {
    line: "tunnel --config @t.yaml --check",
    ...{ code: 1, says: ["t.yaml:4:17: identity.key: ", "a.key: has mode 0640"], fix: "chmod 600" },
    damage: (at) => chmodSync(at("a.key"), 0o640),
  },
  {
    line: "tunnel --config @t.yaml",
    ...{ code: 1, says: ["t.yaml: link orders on tcp://192.0.2.1:16000"], fix: "an address of this machine" },
    damage: (at) => change(at("t.yaml"), (text) => text.replace("127.0.0.1:16000", "192.0.2.1:16000")),
  },
  {
    line: "tunnel --config @t.yaml",
    ...{ code: 1, says: ["t.yaml:6: status on 192.0.2.1 port 0"], fix: "status: {enabled: false}" },
    damage: (at) =>
      change(at("t.yaml"), (text) =>
        text
          .replace("{port: 0}", "{address: 192.0.2.1, port: 0, allow_remote: true}")
          .replace(":16000", ":*"),
      ),
  },
];

const edited = (file: string, [from, to, says, fix]: Edit): Case => ({
  line: `config check @${file}`,
  ...{ code: 1, says: [says], fix },
  damage: (at) =>
    change(at(file), (text) => {
      const after = text.replace(from, to);
      assert.is.not(after, text, "nothing was changed");
      return after;
    }),
});

const KINDS: Readonly<Record<string, readonly Case[]>> = {
  yaml: EDITS.map((edit) => edited("t.yaml", edit)),
  json: JSON_EDITS.map((edit) => edited("t.json", edit)),
  files: DAMAGES.map(([damage, says, fix]) => ({
    line: plain,
    code: 1,
    says: ["t.yaml:", ...says],
    fix,
    damage,
  })),
  arguments: ARGUMENTS,
};

for (const [kind, cases] of Object.entries(KINDS)) {
  for (const [index, mistake] of cases.entries()) {
    test(`${kind} ${index}: ${mistake.says.join(" ... ")}`, ({ folder }) => judge(mistake, folder));
  }
}

test("there are more than sixty of them", () => {
  assert.ok(Object.values(KINDS).flat().length >= 100);
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
