import {
  chmodSync,
  chownSync,
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
import { UsageError } from "../../src/errors.ts";
import { hex } from "../../src/mechanism/qzmq/algorithm.ts";
import { issueRevocationList } from "../../src/mechanism/qzmq/revocation.ts";
import { localSigner } from "../../src/mechanism/qzmq/signer.ts";
import {
  loadCertificates,
  loadIdentity,
  loadPins,
  loadPrivateKey,
  loadPublicKey,
  loadRevocationList,
  saveCertificates,
  savePins,
  savePrivateKey,
  savePublicKey,
  saveRevocationList,
} from "../../src/net/identity-files.ts";
import { authority, certify, counting, key, NOW, provider, seedOf } from "../mechanism/qzmq/pki.ts";

const test = suite<{ at: (name: string) => string; folder: string }>("identity files");
test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-files-"));
  context.folder = folder;
  context.at = (name) => join(folder, name);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const PRIVATE = { algorithm: "ML-DSA-44", seed: seedOf("broker") } as const;
const passphrase = utf8("correct horse");
const cost = { logN: 10, r: 2, p: 1 };
const root = await authority("root");
const leaf = await certify("broker", "root");

const usage = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof UsageError && error.code === code && words.test(error.message);

test("a private key comes back from a file that is its owner's alone", ({ at }) => {
  savePrivateKey(provider, at("key"), PRIVATE, null);
  assert.is(statSync(at("key")).mode & 0o777, 0o600);
  assert.equal(loadPrivateKey(provider, at("key"), null), PRIVATE);
});

test("a protected key comes back with its passphrase only, and the seed is not in the file", ({ at }) => {
  savePrivateKey(provider, at("key"), PRIVATE, { passphrase, random: counting(), cost });
  assert.equal(loadPrivateKey(provider, at("key"), passphrase), PRIVATE);
  assert.throws(() => loadPrivateKey(provider, at("key"), null), usage("EINVAL", /needs a passphrase/));
  assert.throws(() => loadPrivateKey(provider, at("key"), utf8("x")), usage("EINVAL", /wrong passphrase/));
});

test("nothing is overwritten", async ({ at }) => {
  const { publicKey } = key("broker");
  const refused = usage("EINVAL", /exists already, and is not overwritten/);
  for (const save of [
    () => savePrivateKey(provider, at("a"), PRIVATE, null),
    () => savePublicKey(at("b"), { algorithm: "ML-DSA-44", publicKey }),
    () => saveCertificates(at("c"), [leaf]),
  ]) {
    save();
    const before = readdirSync(at(".")).map((name) => readFileSync(at(name), "latin1"));
    assert.throws(save, refused);
    assert.equal(
      readdirSync(at(".")).map((name) => readFileSync(at(name), "latin1")),
      before,
    );
  }
});

test("a private key that others may touch is refused, with what to do", ({ at }) => {
  savePrivateKey(provider, at("key"), PRIVATE, null);
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666]) {
    chmodSync(at("key"), mode);
    const words = new RegExp(`mode 0${mode.toString(8)};.*chmod 600`);
    assert.throws(() => loadPrivateKey(provider, at("key"), null), usage("EACCES", words));
  }
  chmodSync(at("key"), 0o400);
  assert.equal(loadPrivateKey(provider, at("key"), null), PRIVATE);
});

test("a private key of another user is refused", ({ at }) => {
  // Only root can give a file away; for everybody else there is nothing to set up.
  if (process.getuid?.() !== 0) return;
  savePrivateKey(provider, at("key"), PRIVATE, null);
  chownSync(at("key"), 12_345, 12_345);
  assert.throws(() => loadPrivateKey(provider, at("key"), null), usage("EACCES", /belongs to user 12345/));
});

test("what counts is the file behind a link", ({ at }) => {
  savePrivateKey(provider, at("key"), PRIVATE, null);
  symlinkSync(at("key"), at("link"));
  assert.equal(loadPrivateKey(provider, at("link"), null), PRIVATE);
  chmodSync(at("key"), 0o644);
  assert.throws(() => loadPrivateKey(provider, at("link"), null), usage("EACCES", /mode 0644/));
});

test("missing, or no file at all", ({ at }) => {
  assert.throws(
    () => loadPrivateKey(provider, at("none"), null),
    usage("EINVAL", /none: cannot be used \(ENOENT\)/),
  );
  mkdirSync(at("folder"));
  assert.throws(() => loadPins(at("folder")), usage("EINVAL", /not a regular file/));
  assert.throws(() => savePins(at("none/pins"), []), usage("EINVAL", /ENOENT/));
});

test("a file beyond the bound is not read", ({ at }) => {
  writeFileSync(at("pins"), "#".repeat(8 * 1024 * 1024 + 1));
  assert.throws(() => loadPins(at("pins")), usage("EINVAL", /longer than/));
});

test("public keys, certificates, pins and lists come back", async ({ at }) => {
  const { publicKey } = key("broker");
  savePublicKey(at("public"), { algorithm: "ML-DSA-44", publicKey });
  assert.equal(loadPublicKey(provider, at("public")), { algorithm: "ML-DSA-44", publicKey });
  saveCertificates(at("chain"), [leaf, root]);
  assert.equal(loadCertificates(provider, at("chain")), [leaf, root]);
  const pins = [{ fingerprint: leaf.keyId, name: "broker" }];
  savePins(at("pins"), pins);
  assert.equal(loadPins(at("pins")), pins);
  const fields = { number: 1, nextUpdate: NOW, serials: [leaf.serial], pins: [] };
  const list = await issueRevocationList(provider, fields, key("root"));
  saveRevocationList(at("list"), list);
  assert.equal(loadRevocationList(at("list")), list);
});

test("pins and lists are replaced whole, and leave nothing behind", ({ at, folder }) => {
  savePins(at("pins"), [{ fingerprint: leaf.keyId, name: "broker" }]);
  savePins(at("pins"), [{ fingerprint: leaf.keyId, name: "other" }]);
  assert.is(readFileSync(at("pins"), "utf8"), `${hex(leaf.keyId)}, other\n`);
  assert.equal(readdirSync(folder), ["pins"]);
});

test("the wrong kind of block, none, or too many are refused by name", ({ at }) => {
  saveCertificates(at("chain"), [leaf, root]);
  chmodSync(at("chain"), 0o600);
  assert.throws(
    () => loadPrivateKey(provider, at("chain"), null),
    usage("EINVAL", /holds a QZMQ CERTIFICATE, where a QZMQ PRIVATE KEY/),
  );
  writeFileSync(at("empty"), "# nothing yet\n");
  assert.throws(() => loadCertificates(provider, at("empty")), usage("EINVAL", /holds no QZMQ CERTIFICATE/));
  savePublicKey(at("one"), { algorithm: "ML-DSA-44", publicKey: key("broker").publicKey });
  writeFileSync(at("two"), readFileSync(at("one"), "utf8").repeat(2));
  assert.throws(() => loadPublicKey(provider, at("two")), usage("EINVAL", /more than one/));
});

test("damaged files are refused with their name and the fault", ({ at }) => {
  writeFileSync(at("pins"), "nonsense\n");
  assert.throws(() => loadPins(at("pins")), usage("EINVAL", /pins: line 1: want a pin/));
  saveCertificates(at("good"), [leaf]);
  const good = readFileSync(at("good"), "utf8");
  writeFileSync(at("cut"), good.slice(0, -10));
  assert.throws(() => loadCertificates(provider, at("cut")), usage("EINVAL", /cut: line 1: no -----END/));
  writeFileSync(at("version"), good.replace("\nA", "\nB"));
  assert.throws(
    () => loadCertificates(provider, at("version")),
    usage("EINVAL", /version: certificate: unknown version/),
  );
});

test("an identity is a key with its certificates, or a bare key", async ({ at }) => {
  savePrivateKey(provider, at("key"), PRIVATE, { passphrase, random: counting(), cost });
  saveCertificates(at("chain"), [leaf, root]);
  const identity = await loadIdentity(provider, { key: at("key"), passphrase, certificates: at("chain") });
  assert.equal(identity.chain, [leaf]);
  assert.is(hex(identity.fingerprint), hex(leaf.keyId));
  const signature = await identity.signer.sign(utf8("m"), utf8("c"));
  assert.ok(provider.signatures["ML-DSA-44"].verify(leaf.publicKey, utf8("m"), utf8("c"), signature));
  const bare = await loadIdentity(provider, { key: at("key"), passphrase }, (algorithm, seed) => {
    return localSigner(provider, algorithm, seed, null);
  });
  assert.is(hex(bare.chain[0]!.issuerKeyId), hex(leaf.keyId));
});

test("certificates of another key make no identity", async ({ at }) => {
  savePrivateKey(provider, at("key"), { ...PRIVATE, seed: seedOf("other") }, null);
  saveCertificates(at("chain"), [leaf]);
  const error = await loadIdentity(provider, { key: at("key"), certificates: at("chain") }).catch(
    (e: unknown) => e,
  );
  assert.ok(usage("EINVAL", /not for the signer's key/)(error), String(error));
});

test.run();
