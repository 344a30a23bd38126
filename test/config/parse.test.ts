/** From text to a configuration: the documents' own snippets, every key, and what links inherit. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sameLink } from "../../src/config/configuration.ts";
import { FULL, SEED_CRYPTO, SEED_QZMQ } from "./documents.ts";
import { BASE, bad, good, json, jsonBad, LINK, one } from "./reading.ts";

test("the first document's snippet: its 2^50 octets are too many, and the message says so and how many are not", async () => {
  const problems = await bad(
    `${SEED_CRYPTO}identity: {key: k}\ntrust: {pins: p}\nlinks: {a: ${JSON.stringify(LINK)}}\n`,
  );
  assert.is(problems.length, 1);
  assert.match(
    problems[0]!,
    /^t\.yaml:10:16: crypto\.key_update\.max_bytes: 1125899906842624 .*2\^40 octets.*AES-256-GCM/,
  );
  assert.match(problems[0]!, /=> set max_bytes to 1099511627776 \(2\^40\) or less$/);
  const mended = SEED_CRYPTO.replace("1125899906842624", "1099511627776");
  const { links } = await good(
    `${mended}identity: {key: k}\ntrust: {pins: p}\nlinks: {a: ${JSON.stringify(LINK)}}\n`,
  );
  assert.equal(links[0]!.suites, ["x25519+mlkem768/mldsa44/aes256gcm/sha256"]);
  assert.equal(links[0]!.keyLimits, { maxMessages: 2 ** 32, maxBytes: 2 ** 40, maxAge: 600_000 });
  assert.is(links[0]!.mode, "hybrid");
});

test("the second document's snippet works as it stands", async () => {
  const { links } = await good(
    `${SEED_QZMQ}identity: {key: k}\ntrust: {pins: p}\nlinks: {a: ${JSON.stringify(LINK)}}\n`,
  );
  const [link] = links;
  assert.equal(link!.suites, ["x25519+mlkem768/mldsa44/aes256gcm/sha256"]);
  assert.equal(link!.keyLimits, { maxMessages: 2 ** 32, maxBytes: 2 ** 40, maxAge: 600_000 });
  assert.equal(link!.antiDos, { cookieTimeout: 60_000, maxHandshakes: 10_000 });
  assert.equal(await bad(SEED_QZMQ), [
    "t.yaml:1:1: links: links is missing: there is nothing to run => add links: with a name, side, listen and connect for each",
  ]);
});

test("a file with every key comes out whole, the same from YAML and JSON", async () => {
  const fromYaml = await good(FULL.yaml);
  const fromJson = await json(FULL.value);
  for (const { links, status, logLevel } of [fromYaml, fromJson]) {
    assert.is(logLevel, "debug");
    const { at: _, ...served } = status!;
    assert.equal(served, { address: "0.0.0.0", port: 9090, hosts: ["gw.example"] });
    assert.is(links.length, 2);
  }
  assert.ok(fromYaml.links.every((link, i) => sameLink(link, fromJson.links[i]!)));
  const [server, client] = fromYaml.links;
  assert.is(server!.identity!.key.file, "/etc/qzmq/keys/a.key");
  assert.is(server!.identity!.passphraseFile!.file, "/run/secrets/pass");
  assert.equal(server!.identity!.key.place, { line: 31, column: 23 });
  assert.equal(server!.old, { listen: "tcp://*:5001", connect: "tcp://127.0.0.1:5000" });
  assert.is(server!.phase, 2);
  assert.is(server!.clientAuth, "optional");
  assert.equal(server!.keyLimits, { maxMessages: 1000, maxBytes: 65_536, maxAge: 60_000 });
  assert.equal(server!.limits, {
    ...{ maxConnections: 5, highWaterMark: 10, maxQueuedBytes: 1_000_000, maxMessageSize: -1 },
    ...{ handshakeInterval: 1000, heartbeatInterval: 500, heartbeatTimeout: 2000 },
  });
  assert.equal(
    server!.trust!.authorities.map(({ file }) => file),
    ["/etc/qzmq/ca.crt", "/etc/qzmq/ca2.crt"],
  );
  assert.is(server!.trust!.revocation, "required");
  assert.is(client!.serverName, "server.example");
  assert.is(client!.mode, "pq-only");
  assert.equal(client!.suites, ["mlkem768/mldsa44/aes256gcm/sha256", "mlkem1024/mldsa87/aes256gcm/sha384"]);
});

test("what a link says goes before what all share: lists and files as a whole, numbers one by one", async () => {
  const { links } = await json({
    crypto: { suite: "mlkem768", key_update: { max_msgs: 100, max_age_s: 5 } },
    identity: { key: "/k", certificates: "c" },
    trust: { authorities: "a", revocation: "required" },
    limits: { max_connections: 7, high_water_mark: 8 },
    links: {
      plain: LINK,
      own: {
        ...{
          ...LINK,
          listen: "tcp://*:6001",
          suite: "hybrid1024",
          identity: { key: "/o" },
          trust: { pins: ["x"] },
        },
        ...{ key_update: { max_age_s: 9 }, limits: { high_water_mark: 9 } },
      },
    },
  });
  const [plain, own] = links;
  assert.is(plain!.identity!.certificates!.file, "/etc/qzmq/c");
  assert.is(own!.identity!.certificates, null);
  assert.equal([own!.trust!.authorities, own!.trust!.revocation], [[], "optional"]);
  assert.equal(own!.keyLimits, { maxMessages: 100, maxBytes: 2 ** 40, maxAge: 9000 });
  assert.equal([own!.limits.maxConnections, own!.limits.highWaterMark], [7, 9]);
  assert.ok(plain!.suites.every((name) => name.startsWith("mlkem768/")));
  assert.ok(own!.suites.every((name) => name.startsWith("x25519+mlkem1024/")));
  assert.ok(!sameLink(plain!, own!));
});

test("a list of links and a map of links are the same", async () => {
  const listed = await json({ ...BASE, links: [{ name: "a", ...LINK }] });
  const mapped = await json({ ...BASE, links: { a: LINK } });
  assert.ok(sameLink(listed.links[0]!, mapped.links[0]!));
});

test("every spelling of an algorithm", async () => {
  for (const [suite, name] of [
    [{ kem: "x25519+mlkem768", sig: "mldsa2" }, "x25519+mlkem768/mldsa44/aes256gcm/sha256"],
    [{ kem: "hybrid768", sig: "ML-DSA-65" }, "x25519+mlkem768/mldsa65/aes256gcm/sha256"],
    [
      { kem: "X25519MLKEM768", sig: "mldsa3", aead: "ChaCha20-Poly1305" },
      "x25519+mlkem768/mldsa65/chacha20poly1305/sha256",
    ],
    [{ kem: "ML-KEM-1024", hash: "SHA-384", sig: "mldsa5" }, "mlkem1024/mldsa87/aes256gcm/sha384"],
    [
      { aead: "aes-256-gcm", kem: "mlkem_768", hash: "sha384", sig: "mldsa44" },
      "mlkem768/mldsa44/aes256gcm/sha384",
    ],
    ["4,2,2,1", "x25519+mlkem768/mldsa44/chacha20poly1305/sha256"],
    ["hybrid1024", "x25519+mlkem1024/mldsa65/aes256gcm/sha384"],
    [["mlkem768", "hybrid768"], "mlkem768/mldsa44/aes256gcm/sha256"],
  ] as const) {
    const { links } = await json(one({ suite }));
    assert.is(links[0]!.suites[0], name);
  }
});

test("phases: by number or by name; 3 and 4 are pq-only, and 4 may stay hybrid if the link itself says so", async () => {
  const modeOf = async (link: object, rest: object = {}) => (await json(one(link, rest))).links[0]!.mode;
  assert.is(await modeOf({ phase: "observe" }), "hybrid");
  assert.is(await modeOf({ phase: 2 }, { crypto: { pq_only: true } }), "pq-only");
  assert.is(await modeOf({ phase: 3 }), "pq-only");
  assert.is(await modeOf({ phase: "pq-only" }, { crypto: { pq_only: false } }), "pq-only");
  assert.is(await modeOf({ phase: "refuse-old" }), "pq-only");
  assert.is(await modeOf({ phase: 4, pq_only: false }), "hybrid");
  assert.match((await jsonBad(one({ phase: 3, pq_only: false })))[0]!, /links\.a\.pq_only: false in phase 3/);
  assert.match(
    (await jsonBad(one({ phase: 3, mode: "classical" })))[0]!,
    /links\.a\.mode: classical in phase 3/,
  );
  const own = await jsonBad(one({ phase: 3, suite: "hybrid768" }));
  assert.match(
    own[0]!,
    /links\.a\.suite: a suite with a classical part, which pq-only excludes; phase 3 is pq-only => /,
  );
  const common = await jsonBad(one({ phase: 4 }, { crypto: { suite: { kem: "hybrid768" } } }));
  assert.match(
    common[0]!,
    /crypto\.suite: .*phase 4 is pq-only \(for links\.a\) => give links\.a a suite of its own/,
  );
});

test("which format a file is in: by its name, else by its text", async () => {
  const text = JSON.stringify(one({}));
  await good(text, "x.json");
  await good(text, "x.conf");
  await good(text, "x.yml");
  await good(`\uFEFF${text}`, "x.json");
  await good(`identity: {key: k}\ntrust: {pins: p}\nlinks: {a: ${JSON.stringify(LINK)}}`, "x.conf");
  assert.match((await bad("a: 1", "x.json"))[0]!, /x\.json:1:1: a is no JSON value/);
  assert.match((await bad("", "x.yaml"))[0]!, /x\.yaml:1:1: nothing where a map/);
  assert.match((await bad("  \n", "x.json"))[0]!, /x\.json:2:1: the text ends/);
  assert.match((await bad(" ".repeat(2 ** 20 + 1), "x.json"))[0]!, /longer than 1048576/);
});

test.run();
