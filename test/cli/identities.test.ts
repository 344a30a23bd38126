/** Keys, certificates, revocation and pins at the command line, from the first key to a peer that is believed. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { utf8 } from "../../src/bytes/writer.ts";
import { hex } from "../../src/mechanism/qzmq/algorithm.ts";
import { END_OF_TIME } from "../../src/mechanism/qzmq/certificate.ts";
import { Trust } from "../../src/mechanism/qzmq/trust.ts";
import {
  loadCertificates,
  loadIdentity,
  loadPins,
  loadPrivateKey,
  loadRevocationList,
} from "../../src/net/identity-files.ts";
import { NOW, provider } from "../mechanism/qzmq/pki.ts";
import { call, type World } from "./run.ts";

const DAY = 86_400;

interface Context {
  folder: string;
  at: (name: string) => string;
  /** Runs a command that must succeed. Words that begin with `@` are files of the folder. */
  ok: (line: string, world?: World) => Promise<string>;
  /** The same with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it freely
  json: (line: string, world?: World) => Promise<any>;
}
const test = suite<Context>("identities at the command line");
test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-cli-"));
  context.folder = folder;
  context.at = (name) => join(folder, name);
  context.ok = async (line, world) => {
    const argv = line.split(" ").map((word) => (word.startsWith("@") ? join(folder, word.slice(1)) : word));
    const { code, out, err } = await call(argv, world);
    assert.is(code, 0, err);
    return out;
  };
  context.json = async (line, world) => JSON.parse(await context.ok(`${line} --json`, world));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

test("keygen writes a private key for its owner alone, and the public key that belongs to it", async ({
  at,
  ok,
  json,
}) => {
  const { pin, ...rest } = await json("keygen --out @broker");
  assert.equal(rest, {
    key: at("broker.key"),
    publicKey: at("broker.pub"),
    algorithm: "ML-DSA-44",
    protected: false,
  });
  assert.is(mode(at("broker.key")), 0o600);
  assert.is(mode(at("broker.pub")), 0o644);
  const identity = await loadIdentity(provider, { key: at("broker.key") });
  assert.is(hex(identity.fingerprint), pin);
  assert.is(await ok("pin @broker.pub"), `${pin}\n`);
  assert.is(await ok("pin @broker.key"), `${pin}\n`);
});

for (const [spelling, algorithm] of [
  ["mldsa44", "ML-DSA-44"],
  ["ML-DSA-44", "ML-DSA-44"],
  ["mldsa2", "ML-DSA-44"],
  ["mldsa65", "ML-DSA-65"],
  ["mldsa3", "ML-DSA-65"],
  ["ML_DSA_87", "ML-DSA-87"],
  ["mldsa5", "ML-DSA-87"],
  ["Ed25519", "Ed25519"],
] as const) {
  test(`--sig ${spelling} makes a key of ${algorithm}`, async ({ at, json }) => {
    assert.is((await json(`keygen --out @k --sig ${spelling}`)).algorithm, algorithm);
    assert.is(loadPrivateKey(provider, at("k.key"), null).algorithm, algorithm);
  });
}

test("--force replaces both files of a key, and leaves nothing else", async ({ folder, at, ok }) => {
  await ok("keygen --out @k");
  const before = readFileSync(at("k.key"), "utf8");
  await ok("keygen --out @k --force");
  assert.is.not(readFileSync(at("k.key"), "utf8"), before);
  assert.is(mode(at("k.key")), 0o600);
  assert.equal(readdirSync(folder).sort(), ["k.key", "k.pub"]);
});

test("a passphrase is asked for twice, without echo, and opens the key", async ({ at }) => {
  const { code, asked } = await call(["keygen", "--out", at("k"), "--passphrase"], {
    typed: ["horsf\u007fe\r", "horse\r"],
  });
  assert.is(code, 0);
  assert.is(asked, "<New passphrase: >\n<The same again: >\n");
  assert.is(loadPrivateKey(provider, at("k.key"), utf8("horse")).seed.length, 32);
  assert.throws(() => loadPrivateKey(provider, at("k.key"), null), /needs a passphrase/);
});

test("a key under a passphrase is opened at the terminal, and shown without it", async ({ at, ok }) => {
  await ok("keygen --out @k --passphrase", { typed: ["é\n", "e\u0301\n"] });
  // Both spellings of the letter are one passphrase (Unicode normal form C).
  await ok("cert ca --out @k --key @k.key --name root", { typed: ["e\u0301\u0004"] });
  assert.ok(existsSync(at("k.crt")));
  assert.match(await ok("cert show @k.key"), /protection +passphrase/);
  const pin = await ok("pin @k.pub");
  assert.is(await ok("pin @k.key"), pin);
});

test("passphrases that differ, that are empty or interrupted make no key", async ({ folder, at }) => {
  for (const [typed, code] of [
    [["one\r", "two\r"], 1],
    [["\r", "\r"], 1],
    [["one\u0003"], 130],
  ] as const) {
    assert.is((await call(["keygen", "--out", at("k"), "--passphrase"], { typed })).code, code);
    assert.equal(readdirSync(folder), []);
  }
});

test("an authority certifies, and its certificates are believed", async ({ at, ok, json }) => {
  const ca = await json("cert ca --out @ca --name root.example.org");
  assert.is(ca.algorithm, "ML-DSA-65");
  assert.is(ca.notAfter, NOW + 3650 * DAY);
  assert.is(mode(at("ca.key")), 0o600);
  await ok("keygen --out @broker");
  const issued = await json(
    "cert issue --ca @ca --pub @broker.pub --name broker --alt a.example --alt b.example --role server",
  );
  assert.is(issued.certificate, at("broker.crt"));
  assert.is(issued.notAfter, NOW + 365 * DAY);

  const chain = loadCertificates(provider, at("broker.crt"));
  assert.is(chain.length, 1);
  assert.equal(chain[0]!.alternativeNames, ["a.example", "b.example"]);
  const trust = new Trust(provider, {
    mode: "hybrid",
    authorities: loadCertificates(provider, at("ca.crt")),
  });
  const identity = await loadIdentity(provider, { key: at("broker.key"), certificates: at("broker.crt") });
  const verdict = trust.verifyAtOnce(
    identity.chain.map(({ encoded }) => encoded),
    { role: "server", algorithms: ["ML-DSA-44"], name: { value: "b.example", from: "endpoint" } },
    NOW,
  );
  assert.is(verdict.kind, "certified");

  for (const name of ["broker", "a.example"]) {
    const good = await json(`cert verify @broker.crt --ca @ca.crt --name ${name}`);
    assert.equal(good, { file: at("broker.crt"), verdict: "certified", identity: "broker", pin: issued.pin });
  }
});

test("roles, modes, names and dates decide", async ({ at, ok }) => {
  await ok("cert ca --out @ca --name root --sig ed25519 --days 100");
  await ok("keygen --out @k");
  await ok("cert issue --ca @ca --pub @k.pub --name worker --role client --days 10");
  const verify = async (line: string) => {
    const argv = ["cert", "verify", at("k.crt"), "--ca", at("ca.crt"), "--json", ...line.split(" ")];
    const { out } = await call(argv);
    return JSON.parse(out);
  };
  assert.is((await verify("--mode classical --role client")).verdict, "certified");
  assert.is((await verify("--mode classical --name worker")).cause, "usage");
  assert.is((await verify("--mode classical --role client --at 2099-01-01")).cause, "expired");
  assert.is((await verify("--mode classical --role client --at 2001-01-01")).cause, "not-yet-valid");
  assert.is((await verify("--mode classical --role client --require-crl")).cause, "revocation-missing");
  const refused = await call([
    "cert",
    "verify",
    at("k.crt"),
    "--ca",
    at("ca.crt"),
    "--role",
    "client",
    "--pq-only",
  ]);
  assert.is(refused.code, 1);
  assert.match(refused.err, /Ed25519 is not allowed in mode pq-only/);
});

test("an authority below another issues chains, as deep as it is allowed", async ({ at, ok }) => {
  await ok("cert ca --out @root --name root --path-length 1");
  await ok("keygen --out @mid");
  await ok("cert issue --ca @root --pub @mid.pub --name mid --authority");
  await ok("keygen --out @k");
  await ok("cert issue --ca @mid --pub @k.pub --name broker --role both");
  assert.equal(
    loadCertificates(provider, at("k.crt")).map(({ subject }) => subject),
    ["broker", "mid"],
  );
  assert.match(await ok("cert verify @k.crt --ca @root.crt --name broker"), /good, certified as broker/);
  const argv = [
    "cert",
    "issue",
    "--ca",
    at("mid"),
    "--pub",
    at("k.pub"),
    "--name",
    "x",
    "--authority",
    "--out",
    at("x"),
  ];
  const { code, err } = await call(argv);
  assert.is(code, 1);
  assert.match(err, /--ca mid: its certificate allows 0 authorities below it/);
});

test("a certificate by default ends with its authority's", async ({ ok, json }) => {
  const { notAfter } = await json("cert ca --out @ca --name root --days 30");
  await ok("keygen --out @k");
  assert.is((await json("cert issue --ca @ca --pub @k.pub --name a --role server")).notAfter, notAfter);
  await ok("cert ca --out @ever --name ever --until never");
  const args = "cert issue --ca @ever --pub @k.pub --name a --role server --force";
  assert.is((await json(`${args} --until never`)).notAfter, END_OF_TIME);
  assert.is((await json(`${args} --until 2030-01-31`)).notAfter, Date.UTC(2030, 0, 31) / 1000);
  assert.is(
    (await json(`${args} --from 2028-02-29T12:00:00Z --days 1`)).notAfter,
    Date.UTC(2028, 2, 1, 12) / 1000,
  );
});

test("a renewed authority keeps its key, and what it issued before", async ({ at, ok }) => {
  await ok("cert ca --out @ca --name root --days 30");
  await ok("keygen --out @k");
  await ok("cert issue --ca @ca --pub @k.pub --name broker --role server");
  const key = readFileSync(at("ca.key"), "utf8");
  await ok("cert ca --out @ca --key @ca.key --name root --force");
  assert.is(readFileSync(at("ca.key"), "utf8"), key);
  await ok("cert verify @k.crt --ca @ca.crt --name broker");
});

test("a revoked certificate is refused, and the list counts up", async ({ at, ok, json }) => {
  await ok("cert ca --out @ca --name root");
  for (const name of ["a", "b", "c"]) {
    await ok(`keygen --out @${name}`);
    await ok(`cert issue --ca @ca --pub @${name}.pub --name ${name} --role server`);
  }
  const causes = async () => {
    const found = [];
    for (const name of ["a", "b", "c"]) {
      const argv = [
        "cert",
        "verify",
        at(`${name}.crt`),
        "--ca",
        at("ca.crt"),
        "--crl",
        at("crl"),
        "--name",
        name,
        "--json",
      ];
      found.push(JSON.parse((await call(argv)).out).cause ?? "good");
    }
    return found;
  };
  const first = await json("cert revoke --ca @ca --list @crl");
  assert.equal(first, { list: at("crl"), number: 1, nextUpdate: NOW + 30 * DAY, serials: 0, pins: 0 });
  assert.equal(await causes(), ["good", "good", "good"]);
  assert.is((await json("cert revoke --ca @ca --list @crl @a.crt")).number, 2);
  assert.equal(await causes(), ["revoked", "good", "good"]);
  const pin = (await ok("pin @b.pub")).trim();
  await ok(`cert revoke --ca @ca --list @crl --pin ${pin} --days 5`);
  const serial = hex(loadCertificates(provider, at("c.crt"))[0]!.serial);
  const last = await json(`cert revoke --ca @ca --list @crl --serial ${serial} @a.crt`);
  assert.equal([last.number, last.serials, last.pins], [4, 2, 1]);
  assert.equal(await causes(), ["revoked", "revoked", "revoked"]);
  assert.is(loadRevocationList(at("crl")).number, 4);
  assert.match(await ok("cert show @crl"), new RegExp(`number +4\\n.*serial +${serial}.*pin +${pin}`, "s"));
});

test("pins gather in a file, which keeps its comments, and are believed", async ({ at, ok, json }) => {
  await ok("keygen --out @a");
  await ok("cert ca --out @b --name b");
  writeFileSync(at("pins"), "# whom we know");
  await ok("pin @a.key --name broker --add @pins");
  const text = readFileSync(at("pins"), "utf8");
  assert.match(text, /^# whom we know\n[0-9a-f]{64}, broker\n$/);
  assert.is(await ok("pin @a.pub --name broker --add @pins"), `${text.split("\n")[1]}\n`);
  assert.is(readFileSync(at("pins"), "utf8"), text, "a pin is listed once");
  await ok("pin @b.crt --add @pins");
  assert.equal(
    loadPins(at("pins")).map(({ name }) => name),
    ["broker", null],
  );
  await ok("pin @a.pub --add @fresh");
  assert.is(loadPins(at("fresh")).length, 1);

  await ok("cert issue --ca @b --pub @a.pub --name whoever --role server --out @a.crt");
  const verdict = await json("cert verify @a.crt --pins @pins --name broker");
  assert.equal([verdict.verdict, verdict.identity], ["pinned", "broker"]);
});

test("a pin file and a revocation list stay where they are, as they are: over a symbolic link, with mode and comments", async ({
  at,
  ok,
}) => {
  await ok("cert ca --out @ca --name root");
  await ok("keygen --out @a");
  mkdirSync(at("real"));
  const comment = Buffer.from("# caf\xe9, in latin1", "latin1");
  writeFileSync(at("real/pins"), comment, { mode: 0o600 });
  symlinkSync("real/pins", at("pins"));
  await ok("pin @a.pub --add @pins");
  await ok("cert revoke --ca @ca --list @real/crl");
  symlinkSync("real/crl", at("crl"));
  await ok("cert revoke --ca @ca --list @crl");
  assert.equal(readdirSync(at("real")).sort(), ["crl", "pins"]);
  for (const name of ["pins", "crl"]) assert.ok(lstatSync(at(name)).isSymbolicLink(), name);
  assert.is(mode(at("real/pins")), 0o600);
  const octets = readFileSync(at("real/pins"));
  assert.ok(octets.subarray(0, comment.length).equals(comment));
  assert.is(loadPins(at("pins")).length, 1);
  assert.is(loadRevocationList(at("real/crl")).number, 2);
});

test("cert show tells everything that a file says, and nothing of the private key", async ({
  at,
  ok,
  json,
}) => {
  await ok("cert ca --out @ca --name root --path-length 2");
  await ok("keygen --out @k");
  await ok("cert issue --ca @ca --pub @k.pub --name broker --alt other --role both --days 3");
  const [certificate, root, key, publicKey] = await json("cert show @k.crt @ca.crt @k.key @k.pub");
  const { subject, alternativeNames, roles, notBefore, notAfter, state, algorithm, pin, issuer } =
    certificate;
  assert.equal(
    { subject, alternativeNames, roles, notBefore, notAfter, state, algorithm, pin, issuer },
    {
      ...{ subject: "broker", alternativeNames: ["other"], roles: ["server", "client"], state: "valid" },
      ...{
        notBefore: NOW,
        notAfter: NOW + 3 * DAY,
        algorithm: "ML-DSA-44",
        pin: publicKey.pin,
        issuer: root.pin,
      },
    },
  );
  assert.equal([root.pathLength, root.issuer], [2, root.pin]);
  assert.equal(key, { file: at("k.key"), type: "private key", algorithm, pin, protection: "none" });
  const { seed } = loadPrivateKey(provider, at("k.key"), null);
  const shown = JSON.stringify(key) + (await ok("cert show @k.key"));
  for (const secret of [hex(seed), Buffer.from(seed).toString("base64")]) assert.not.match(shown, secret);
  assert.match(await ok("cert show @k.crt", { now: NOW + 4 * DAY }), /\(ended\)/);
  assert.match(await ok("cert show @k.crt", { now: NOW - 1 }), /\(not yet valid\)/);
  assert.match(await ok("cert show @ca.crt"), /issuer +self-issued/);
});

test.run();
