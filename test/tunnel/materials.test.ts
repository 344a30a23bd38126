/** What becomes of keys that were read when something goes wrong that is no fault of a file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfiguration } from "../../src/config/parse.ts";
import type { Identity } from "../../src/mechanism/qzmq/identity.ts";
import { LoadedIdentities } from "../../src/tunnel/identities.ts";
import { loadMaterials } from "../../src/tunnel/materials.ts";
import { call } from "../cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "qzmq-materials-"));
const CONTEXT = new Uint8Array(0);
const { load } = LoadedIdentities.prototype;

const test = suite<{ loaded: Identity[] }>("materials");
test.before(async () => {
  const make = (name: string, ...more: string[]) =>
    call(["keygen", "--out", join(folder, name), ...more], { typed: ["x\r", "x\r"] });
  for (const made of [await make("old"), await make("new"), await make("locked", "--passphrase")]) {
    assert.is(made.code, 0, made.err);
  }
});
test.after(() => rmSync(folder, { recursive: true }));
test.before.each((context) => {
  context.loaded = [];
  LoadedIdentities.prototype.load = async function (...args) {
    const identity = await load.apply(this, args);
    context.loaded.push(identity);
    return identity;
  };
});
test.after.each(() => {
  LoadedIdentities.prototype.load = load;
});

async function configuration(...keys: string[]) {
  const links = keys.map((key, i) => [
    `link${i}`,
    {
      ...{ side: "server", listen: `tcp://127.0.0.1:${i + 1}`, connect: "tcp://127.0.0.1:9" },
      ...{ identity: { key }, client_auth: "none" },
    },
  ]);
  const text = JSON.stringify({ links: Object.fromEntries(links) });
  const parsed = await parseConfiguration(text, { file: "t.json", folder });
  assert.equal(parsed.problems, []);
  return parsed.configuration!;
}

const broken = () => Promise.reject(new Error("the terminal is gone"));

test("keys read before something unexpected are overwritten, those in use are not", async ({ loaded }) => {
  const former = (await loadMaterials(await configuration("old.key"), null, broken, 0)).identities;
  try {
    await loadMaterials(await configuration("old.key", "new.key", "locked.key"), former, broken, 0);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "the terminal is gone");
  }
  const [, shared, fresh] = loaded;
  assert.throws(() => fresh!.signer.sign(CONTEXT, CONTEXT), /wiped/);
  assert.ok(await shared!.signer.sign(CONTEXT, CONTEXT));
  former.dispose();
});

test.run();
