/** A service: which links a new configuration touches, and what is left when one cannot be used. Links are stand-ins; keys and trust are real files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration, showProblem } from "../../src/config/parse.ts";
import { UsageError } from "../../src/errors.ts";
import { unreadiness } from "../../src/observe/status.ts";
import type { LinkSettings } from "../../src/tunnel/link-settings.ts";
import { NoPassphrase } from "../../src/tunnel/materials.ts";
import { Service } from "../../src/tunnel/service.ts";
import { LinkFault, MaterialsFault, type ServiceEvent } from "../../src/tunnel/service-event.ts";
import { call } from "../cli/run.ts";
import { linkStatus } from "../observe/fixtures.ts";
import { within } from "../support/within.ts";

const LIMIT = 20_000;
const folder = mkdtempSync(join(tmpdir(), "qzmq-service-"));
const now = Math.floor(Date.now() / 1000);

/** What links did, in order, such as "start a" and "close a". */
class Stage {
  readonly did: string[] = [];
  readonly events: ServiceEvent[] = [];
  readonly settings = new Map<string, LinkSettings>();
  /** Endpoints where somebody listens already. */
  readonly taken = new Set<string>();
  /** Endpoints of which no link can be made. */
  readonly unfit = new Set<string>();
  /** Settles when links may end. */
  closing: Promise<void> = Promise.resolve();
  asked: string[] = [];
  /** What kept the service from being ready, at each event and each start. */
  readonly unready: string[] = [];
  readonly service: Service = new Service({
    linger: 7,
    onEvent: (event) => {
      this.events.push(event);
      this.look(event.type);
    },
    ask: (file) => {
      this.asked.push(file);
      return Promise.reject(new NoPassphrase("nobody is there", "write it down"));
    },
    makeLink: (settings) => {
      const { name, listen } = settings;
      if (this.unfit.has(listen)) {
        const { security } = settings;
        const dispose = security.dispose.bind(security);
        security.dispose = () => {
          this.did.push(`dispose ${name}`);
          dispose();
        };
        throw new UsageError("EINVAL", "no endpoint of a link", listen);
      }
      return {
        start: async () => {
          this.look(`start ${name}`);
          if (this.taken.has(listen)) throw new UsageError("EADDRINUSE", undefined, listen);
          this.taken.add(listen);
          this.settings.set(name, settings);
          this.did.push(`start ${name}`);
        },
        status: () => linkStatus({ name, listen }),
        close: async (linger) => {
          await this.closing;
          if (this.taken.delete(listen)) this.did.push(`close ${name} ${linger}`);
        },
      };
    },
  });

  look(when: string): void {
    this.unready.push(`${when}: ${unreadiness(this.service.status()).join(", ")}`);
  }

  /** What was done since the last question. */
  since(): string[] {
    return this.did.splice(0);
  }
}

interface Context {
  stage: Stage;
}
const test = suite<Context>("a service");

test.before(async () => {
  for (const line of [
    "cert ca --out @ca --name root",
    "keygen --out @s",
    "cert issue --ca @ca --pub @s.pub --name server --role both",
    "keygen --out @t --sig mldsa65",
  ]) {
    const argv = line.split(" ").map((word) => word.replace(/^@/, `${folder}/`));
    const { code, err } = await call(argv, { now });
    assert.is(code, 0, err);
  }
});
test.after(() => rmSync(folder, { recursive: true }));
test.before.each((context) => {
  context.stage = new Stage();
});
test.after.each(async ({ stage }) => {
  await within(LIMIT, stage.service.close(0), "close");
});

const ends = (port: number) => ({ listen: `tcp://*:${port}`, connect: "tcp://127.0.0.1:5000" });

async function configuration(links: object, rest: object = {}): Promise<Configuration> {
  const whole = {
    identity: { key: "s.key", certificates: "s.crt" },
    trust: { authorities: "ca.crt" },
    ...rest,
    links,
  };
  const parsed = await parseConfiguration(JSON.stringify(whole), { file: "t.json", folder });
  assert.equal(parsed.problems, []);
  return parsed.configuration!;
}

const server = (port: number, more: object = {}) => ({ side: "server", ...ends(port), ...more });

test("links that did not change are not touched, whatever else does and wherever they stand in the file", async ({
  stage,
}) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1), b: server(2), c: server(3) }));
  assert.equal(stage.since(), ["start a", "start b", "start c"]);
  const changes = await service.reload(
    await configuration(
      { d: server(4), c: server(3, { phase: 2 }), a: server(1) },
      { log: { level: "debug" } },
    ),
  );
  assert.equal(changes, { kept: ["a"], changed: ["c"], removed: ["b"], added: ["d"], failed: [] });
  assert.equal(stage.since(), ["close b 7", "close c 7", "start d", "start c"]);
  assert.equal(
    service.status().map(({ name }) => name),
    ["d", "c", "a"],
  );
  assert.is(stage.settings.get("c")!.phase, 2);
});

test("what all links share touches those that go by it", async ({ stage }) => {
  const { service } = stage;
  const own = { key_update: { max_age_s: 9 }, limits: { max_connections: 3 } };
  const with_ = (age: number, max: number) =>
    configuration(
      { a: server(1), b: server(2, own) },
      { crypto: { key_update: { max_age_s: age } }, limits: { max_connections: max } },
    );
  await service.start(await with_(5, 5));
  assert.equal((await service.reload(await with_(6, 5))).changed, ["a"]);
  assert.equal((await service.reload(await with_(6, 6))).changed, ["a"]);
  assert.equal((await service.reload(await with_(6, 6))).changed, []);
});

test("an endpoint may go from one link to another", async ({ stage }) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1), b: server(2) }));
  const changes = await service.reload(await configuration({ a: server(2), b: server(1) }));
  assert.equal([changes.changed, changes.failed], [["a", "b"], []]);
});

test("at the start a link that cannot listen ends those that do, and is named", async ({ stage }) => {
  stage.taken.add("tcp://*:2");
  try {
    await stage.service.start(await configuration({ a: server(1), b: server(2), c: server(3) }));
    assert.unreachable();
  } catch (error) {
    if (!(error instanceof LinkFault)) throw error;
    assert.equal([error.link, error.address], ["b", "tcp://*:2"]);
  }
  assert.equal(stage.since(), ["start a", "close a 0"]);
});

test("at a reload it is reported, shown, and tried again at the next", async ({ stage }) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1) }));
  stage.taken.add("tcp://*:2");
  const next = await configuration({ a: server(1), b: server(2), c: server(3) });
  assert.equal((await service.reload(next)).failed, ["b"]);
  const [event] = stage.events.filter(({ type }) => type === "start:failed");
  assert.ok(
    event?.type === "start:failed" &&
      event.link === "b" &&
      /tcp:\/\/\*:2: Address already/.test(event.error.message),
  );
  const [, shown] = service.status();
  assert.equal([shown!.name, shown!.state], ["b", "not listening"]);
  assert.match(shown!.lastError, /Address already in use/);
  // Metrics have it too, or nobody would be alarmed.
  assert.equal(
    service.sources().map(({ status: { name, state }, security }) => [name, state, security === null]),
    [
      ["a", "listening", false],
      ["c", "listening", false],
      ["b", "not listening", true],
    ],
  );
  stage.since();
  stage.taken.delete("tcp://*:2");
  assert.equal(await service.reload(next), {
    kept: ["a", "c"],
    changed: [],
    removed: [],
    added: ["b"],
    failed: [],
  });
  assert.equal(stage.since(), ["start b"]);
  assert.equal(
    service.status().map(({ state }) => state),
    ["listening", "listening", "listening"],
  );
});

test("a reload that ends and starts links is not ready until they serve, or have failed", async ({
  stage,
}) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1), b: server(2) }));
  const reloading = async (links: object): Promise<string[]> => {
    stage.unready.length = 0;
    await service.reload(await configuration(links));
    return stage.unready;
  };
  const links = { a: server(1, { phase: 2 }), b: server(2), c: server(3) };
  stage.taken.add("tcp://*:3");
  assert.equal(await reloading(links), [
    "stopped: a: not running",
    "start a: a: not running, c: not running",
    "started: c: not running",
    "start c: c: not running",
    "start:failed: c: not listening",
  ]);
  stage.taken.delete("tcp://*:3");
  assert.equal(await reloading(links), ["start c: c: not running", "started: "]);
  await service.close(0);
  assert.equal(service.status(), []);
});

test("a link that cannot even be made is reported likewise, and the others go on", async ({ stage }) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1), b: server(2) }));
  stage.unfit.add("tcp://*:3");
  const { failed } = await service.reload(await configuration({ c: server(3), a: server(1), d: server(4) }));
  assert.equal(failed, ["c"]);
  assert.equal(
    service.status().map(({ name, state, lastError }) => [name, state, lastError]),
    [
      ["c", "not listening", "link c: tcp://*:3: no endpoint of a link"],
      ["a", "listening", ""],
      ["d", "listening", ""],
    ],
  );
  assert.equal(stage.since(), ["start a", "start b", "close b 7", "dispose c", "start d"]);
});

test("a configuration whose files cannot be used changes nothing, and all that is wrong is told", async ({
  stage,
}) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1), b: server(2) }));
  stage.since();
  writeFileSync(join(folder, "bad.key"), "no key\n", { mode: 0o600 });
  const broken = await configuration(
    {
      a: server(1, { phase: 2 }),
      b: server(2, { identity: { key: "bad.key" } }),
      c: server(3, { suite: { sig: "mldsa65" } }),
    },
    { trust: { authorities: ["ca.crt", "gone.crt"] } },
  );
  try {
    await service.reload(broken);
    assert.unreachable();
  } catch (error) {
    if (!(error instanceof MaterialsFault)) throw error;
    const text = error.problems.map((problem) => showProblem("t.json", problem)).join("\n");
    assert.match(text, /gone\.crt: no such file/);
    assert.match(text, /b\.identity\.key: .*bad\.key: line 1/);
    assert.match(text, /links\.c: the key of link c is of ML-DSA-44, which none of its suites has/);
  }
  assert.equal(stage.since(), []);
  assert.equal(
    service.status().map(({ name }) => name),
    ["a", "b"],
  );
});

test("a key under a passphrase is asked for once, and not again while its file is the same", async () => {
  const locked = ["keygen", "--out", `${folder}/locked`, "--passphrase"];
  assert.is((await call(locked, { typed: ["x\r", "x\r"] })).code, 0);
  const passphrases = ["x"];
  const service = new Service({
    ...{
      linger: 0,
      onEvent: () => {},
      makeLink: () => ({ start: async () => {}, status: linkStatus, close: async () => {} }),
    },
    ask: async () => {
      const next = passphrases.shift();
      if (next === undefined) throw new NoPassphrase("nobody is there", "write it down");
      return Buffer.from(next);
    },
  });
  const identity = { key: "locked.key" };
  await service.start(await configuration({ a: server(1), b: server(2) }, { identity }));
  await service.reload(await configuration({ a: server(1), b: server(2, { phase: 2 }) }, { identity }));
  await call([...locked, "--force"], { typed: ["y\r", "y\r"] });
  try {
    await service.reload(await configuration({ a: server(1) }, { identity }));
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof MaterialsFault);
    assert.match(error.problems[0]!.message, /locked\.key: nobody is there/);
  }
  await service.close(0);
});

test("reloads come one after the other, and none after the end", async ({ stage }) => {
  const { service } = stage;
  await service.start(await configuration({ a: server(1) }));
  let release = () => {};
  stage.closing = new Promise((resolve) => {
    release = resolve;
  });
  const first = service.reload(await configuration({ a: server(1, { phase: 2 }) }));
  const second = service.reload(await configuration({ b: server(1) }));
  await new Promise((resolve) => setImmediate(resolve));
  release();
  await within(LIMIT, Promise.all([first, second]), "two reloads");
  assert.equal(stage.since(), ["start a", "close a 7", "start a", "close a 7", "start b"]);
  await within(LIMIT, service.close(3), "close");
  await service.reload(await configuration({ c: server(1) }));
  assert.equal(stage.since(), ["close b 3"]);
  // Nothing is read for it either: nobody would wipe the keys.
  const { added, failed } = await service.reload(
    await configuration({ d: server(1, { identity: { key: "gone.key" } }) }),
  );
  assert.equal([added, failed], [[], []]);
});

test("any two configurations, one after the other: what runs is what the last says", async () => {
  const link = fc.record({ port: fc.integer({ min: 1, max: 4 }), phase: fc.integer({ min: 1, max: 2 }) });
  const links = fc
    .dictionary(fc.constantFrom("a", "b", "c", "d"), link, { minKeys: 1 })
    .filter((all) => new Set(Object.values(all).map(({ port }) => port)).size === Object.keys(all).length);
  const of = (all: Record<string, { port: number; phase: number }>) =>
    configuration(
      Object.fromEntries(
        Object.entries(all).map(([name, { port, phase }]) => [name, server(port, { phase })]),
      ),
    );
  await fc.assert(
    fc.asyncProperty(links, links, async (before, after) => {
      const stage = new Stage();
      await stage.service.start(await of(before));
      stage.since();
      const { kept, changed, removed, added } = await stage.service.reload(await of(after));
      const same = (name: string) =>
        before[name] !== undefined &&
        after[name] !== undefined &&
        JSON.stringify(before[name]) === JSON.stringify(after[name]);
      assert.equal(kept, Object.keys(before).filter(same));
      assert.equal([...kept, ...changed, ...added].sort(), Object.keys(after).sort());
      assert.equal(
        removed,
        Object.keys(before).filter((name) => after[name] === undefined),
      );
      const touched = new Set(stage.since().map((did) => did.split(" ")[1]));
      for (const name of kept) assert.ok(!touched.has(name));
      assert.equal(
        [...stage.taken].sort(),
        Object.values(after)
          .map(({ port }) => `tcp://*:${port}`)
          .sort(),
      );
      await stage.service.close(0);
      assert.is(stage.taken.size, 0);
    }),
    { numRuns: 25 },
  );
});

test.run();
