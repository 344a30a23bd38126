import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hex } from "../../src/mechanism/qzmq/algorithm.ts";
import { issueRevocationList } from "../../src/mechanism/qzmq/revocation.ts";
import type { Trust } from "../../src/mechanism/qzmq/trust.ts";
import { saveCertificates, savePins, saveRevocationList } from "../../src/net/identity-files.ts";
import { TrustFiles } from "../../src/net/trust-files.ts";
import { authority, certify, key, NOW, provider, seedOf } from "../mechanism/qzmq/pki.ts";

const root = await authority("root");
const leaf = await certify("broker", "root");
const list = (number: number, serials: Uint8Array[] = []) =>
  issueRevocationList(provider, { number, nextUpdate: NOW, serials, pins: [] }, key("root"));
const older = await list(1);
const revoking = await list(2, [leaf.serial]);

function judge(trust: Trust): string {
  const expected = { role: "client", algorithms: ["ML-DSA-44"], name: "any" } as const;
  const verdict = trust.verifyAtOnce([leaf.encoded], expected, NOW);
  return verdict.kind === "refused" ? verdict.cause : `${verdict.kind} ${verdict.identity}`;
}

interface Context {
  folder: string;
  pins: string;
  lists: string;
  errors: Error[];
  files: TrustFiles;
}
const test = suite<Context>("trust files");
test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), "qzmq-trust-"));
  const [pins, lists, authorities] = [
    join(folder, "pins"),
    join(folder, "list"),
    join(folder, "authorities"),
  ];
  savePins(pins, [{ fingerprint: seedOf("nobody"), name: "nobody" }]);
  saveCertificates(authorities, [root]);
  saveRevocationList(lists, older);
  const errors: Error[] = [];
  const options = {
    mode: "hybrid",
    pins: [pins],
    authorities: [authorities],
    revocationLists: [lists],
  } as const;
  const files = new TrustFiles(provider, options, (error) => errors.push(error));
  Object.assign(context, { folder, pins, lists, errors, files });
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("a changed file counts at the next look, and not before five seconds", ({ files, pins, errors }) => {
  const before = files.current(NOW);
  assert.is(judge(before), "certified broker");
  savePins(pins, [{ fingerprint: leaf.keyId, name: "pinned-broker" }]);
  assert.is(files.current(NOW + 4), before);
  const after = files.current(NOW + 5);
  assert.is(judge(after), "pinned pinned-broker");
  assert.is.not(hex(after.digest), hex(before.digest));
  assert.is(files.current(NOW + 10), after);
  assert.equal(errors, []);
});

test("a new revocation list counts, and the trust's digest stays", ({ files, lists }) => {
  const before = files.current(NOW);
  saveRevocationList(lists, revoking);
  const after = files.current(NOW + 5);
  assert.is(judge(after), "revoked");
  assert.is(hex(after.digest), hex(before.digest));
});

test("a revocation list that goes back is refused, and said", ({ files, lists, errors }) => {
  saveRevocationList(lists, revoking);
  files.reload();
  saveRevocationList(lists, older);
  assert.is(judge(files.current(NOW)), "revoked");
  assert.is(errors.length, 1);
  assert.match(errors[0]!.message, /went back from 2 to 1/);
  assert.throws(() => files.reload(), /went back/);
});

test("a file that became unfit, or vanished, leaves trust as it was, is said at each look, and is read when fit again", ({
  files,
  pins,
  errors,
}) => {
  const before = files.current(NOW);
  writeFileSync(pins, "half a li");
  assert.is(files.current(NOW + 5), before);
  rmSync(pins);
  assert.is(files.current(NOW + 10), before);
  assert.match(errors[0]!.message, /line 1: want a pin/);
  assert.match(errors[1]!.message, /ENOENT/);
  savePins(pins, [{ fingerprint: leaf.keyId, name: "pinned-broker" }]);
  assert.is(judge(files.current(NOW + 15)), "pinned pinned-broker");
  assert.is(errors.length, 2);
});

test("reload reads at once", ({ files, pins }) => {
  savePins(pins, [{ fingerprint: leaf.keyId, name: "pinned-broker" }]);
  assert.is(judge(files.reload()), "pinned pinned-broker");
  assert.is(judge(files.current(NOW)), "pinned pinned-broker");
});

test("unfit from the start is an error of the one who starts", ({ folder }) => {
  const make = (options: object) =>
    new TrustFiles(provider, { mode: "hybrid", ...options }, assert.unreachable);
  assert.throws(() => make({}), /nothing is trusted/);
  assert.throws(() => make({ pins: [join(folder, "none")] }), /ENOENT/);
  assert.throws(() => make({ authorities: [join(folder, "pins")] }), /pins: line 1/);
});

test.run();
