/** Configurations that are refused, and what is said of each: values, links side by side, keys, numbers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MAX_PROBLEMS } from "../../src/config/report.ts";
import { BASE, bad, CLIENT, good, json, jsonBad, LINK, one, oneClient } from "./reading.ts";

const REFUSED: readonly (readonly [name: string, value: object, says: RegExp])[] = [
  ["classical without its mode", one({ suite: "x25519" }), /suite: a classical suite.*=> .*mode: classical/],
  ["ed25519 without its mode", one({ suite: { sig: "ed25519" } }), /suite: a classical suite/],
  [
    "a combination that is none",
    one({ suite: { kem: "mlkem1024", hash: "sha256" } }),
    /no such combination.*sha384/,
  ],
  [
    "mldsa44 with mlkem1024",
    one({ suite: { kem: "mlkem1024", sig: "mldsa44" } }),
    /no such combination.*mldsa65/,
  ],
  [
    "pq_only against mode",
    one({ mode: "hybrid", pq_only: true }),
    /links\.a\.pq_only: true where mode is hybrid/,
  ],
  [
    "QZMQ switched off",
    one({}, { qzmq: { enabled: false } }),
    /qzmq\.enabled: false would send messages in clear/,
  ],
  ["both sections", one({}, { qzmq: {}, crypto: {} }), /qzmq: qzmq and crypto mean the same/],
  [
    "both names of the suite",
    one({}, { crypto: { suite: "hybrid768", default_suite: "hybrid768" } }),
    /default_suite and suite mean the same/,
  ],
  [
    "both names of rotation",
    one({ key_update: {}, key_rotation: {} }),
    /key_rotation and key_update mean the same/,
  ],
  ["more than 2^32 records", one({ key_update: { max_msgs: 2 ** 32 + 1 } }), /2\^32 records/],
  [
    "a server without identity",
    { trust: { pins: "p" }, links: { a: LINK } },
    /links\.a\.identity: identity is missing/,
  ],
  [
    "a server that lets anybody in unasked",
    { identity: { key: "k" }, links: { a: LINK } },
    /anybody could connect/,
  ],
  ["a client without trust", { links: { a: CLIENT } }, /links\.a\.trust: trust is missing/],
  ["trust in nobody", one({}, { trust: { revocation: "required" } }), /trust: nobody is trusted/],
  [
    "revocation with pins alone",
    one({}, { trust: { pins: "p", revocation: "required" } }),
    /revocation without an authority/,
  ],
  [
    "an identity without its key",
    one({}, { identity: { certificates: "c" } }),
    /identity\.key: key is missing/,
  ],
  [
    "a plain listener for all",
    oneClient({ listen: "tcp://*:6000" }),
    /listen: "tcp:\/\/\*:6000" is reached over a network/,
  ],
  [
    "a plain program far away",
    one({ connect: "tcp://10.0.0.7:1" }),
    /connect: .* is reached over a network.*allow_remote/,
  ],
  [
    "status for all",
    one({}, { status: { address: "0.0.0.0" } }),
    /status\.address: "0\.0\.0\.0" shows status/,
  ],
  [
    "no name for ipc",
    oneClient({ connect: "ipc:///x" }, { trust: { authorities: "a" } }),
    /server_name: NAME/,
  ],
  [
    "a server's name on the server's side",
    one({ server_name: "x" }),
    /server_name is for links of side client/,
  ],
  [
    "an old link on the client's side",
    oneClient({ old: { listen: "ipc://x", connect: "ipc://y" } }),
    /old is for links of side server/,
  ],
  [
    "client_auth on the client's side",
    oneClient({ client_auth: "none" }),
    /client_auth is for links of side server/,
  ],
  ["half an old link", one({ old: { listen: "tcp://*:1" } }), /links\.a\.old\.connect: connect is missing/],
  [
    "a heartbeat after its timeout",
    one({ limits: { heartbeat_timeout_ms: 5000 } }),
    /a heartbeat each 10000 ms/,
  ],
  [
    "its own listener",
    one({ connect: "tcp://127.0.0.1:6000" }),
    /link a leads back to itself: tcp:\/\/\*:6000 -> tcp:\/\/\*:6000/,
  ],
  ["an inproc endpoint", one({ listen: "inproc://x" }), /links\.a\.listen: "inproc:\/\/x" where an endpoint/],
  [
    "a wildcard to connect to",
    one({ connect: "tcp://*:1" }),
    /links\.a\.connect: .*an endpoint to connect to/,
  ],
  [
    "a side that is none",
    one({ side: "sevrer" }),
    /"sevrer" where client or server is expected => did you mean "server"\?/,
  ],
  ["another name than the key's", one({ name: "b" }), /links\.a\.name: "b" where the key says "a"/],
];

for (const [name, value, says] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const problems = await jsonBad(value);
    assert.is(problems.length, 1, problems.join("\n"));
    assert.match(problems[0]!, says);
  });
}

test("links side by side: names, listeners, the old link's and the status page's, and ways that lead back", async () => {
  const found = await jsonBad({
    ...BASE,
    status: { port: 7000 },
    links: [
      { ...LINK, name: "a", listen: "tcp://*:6000" },
      { ...LINK, name: "a", listen: "tcp://127.0.0.1:6000" },
      {
        ...LINK,
        name: "c",
        listen: "tcp://[::]:7000",
        old: { listen: "tcp://*:6000", connect: "tcp://127.0.0.1:1" },
      },
      { ...LINK, name: "d", listen: "tcp://127.0.0.1:1", connect: "tcp://localhost:2" },
      { ...LINK, name: "e", listen: "tcp://127.0.0.1:2", connect: "ipc:///f" },
      { ...LINK, name: "f", listen: "ipc:///f", connect: "tcp://127.0.0.1:1" },
    ],
  });
  const text = found.join("\n");
  assert.match(text, /the name a is taken by the link on line 1/);
  assert.match(text, /link a listens on tcp:\/\/127\.0\.0\.1:6000, as link a does/);
  assert.match(text, /the old link of c listens on tcp:\/\/\*:6000, as link a does/);
  assert.match(
    text,
    /status: status listens on tcp:\/\/127\.0\.0\.1:7000, as link c does|status.*as link c does/,
  );
  assert.match(
    text,
    /link d leads back to itself: tcp:\/\/127\.0\.0\.1:1 -> tcp:\/\/127\.0\.0\.1:2 -> ipc:\/\/\/f -> tcp:\/\/127\.0\.0\.1:1/,
  );
  assert.is(found.length, 7, text);
});

test("ports that the system chooses, and other hosts' ports, are not taken", async () => {
  const { links } = await json({
    ...BASE,
    links: [
      { ...LINK, name: "a", listen: "tcp://127.0.0.1:*", connect: "tcp://127.0.0.1:9" },
      { ...LINK, name: "b", listen: "tcp://127.0.0.1:0", connect: "tcp://127.0.0.1:9" },
      { ...CLIENT, name: "c", listen: "tcp://127.0.0.1:6001", connect: "tcp://10.0.0.1:6001" },
    ],
  });
  assert.is(links.length, 3);
});

test("a chain of links in one file is no loop", async () => {
  await json({
    ...BASE,
    links: [
      { ...CLIENT, name: "a", listen: "tcp://127.0.0.1:1", connect: "tcp://127.0.0.1:2" },
      { ...LINK, name: "b", listen: "tcp://127.0.0.1:2", connect: "tcp://127.0.0.1:3" },
    ],
  });
});

test("all mistakes are told, in the order of the file, up to a bound, and what follows from one is not", async () => {
  const found = await bad(
    "links:\n  a: {side: x, listen: 1, connect: q}\nfoo: 1\ncrypto: {suite: {kem: rsa}, pqonly: true}\ntrust: 3\n",
  );
  assert.equal(
    found.map((line) => line.replace(/^t\.yaml:(\d+:\d+: [^ ]*:).*/, "$1")),
    [
      "2:13: links.a.side:",
      "2:24: links.a.listen:",
      "2:36: links.a.connect:",
      "3:1: foo:",
      "4:23: crypto.suite.kem:",
      "4:29: crypto.pqonly:",
      "5:8: trust:",
    ],
  );
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key${i}`, 1]));
  assert.is((await jsonBad({ ...one({}), ...many })).length, MAX_PROBLEMS);
});

test("an unknown key is answered with the one that was meant", async () => {
  for (const [wrong, meant] of [
    ["conect", "connect"],
    ["Listen", "listen"],
    ["pqonly", "pq_only"],
    ["server-name", "server_name"],
  ] as const) {
    assert.match(
      (await jsonBad(one({ [wrong]: 1 })))[0]!,
      new RegExp(`no such key: "${wrong}" => did you mean "${meant}"\\?`),
    );
  }
  assert.match(
    (await jsonBad(one({ frobnicate: 1 })))[0]!,
    /=> leave it out; the keys here are name, side, /,
  );
});

test("status: an address is an address; a name would be asked of the network", async () => {
  const status = (address: string) => one({}, { status: { address, allow_remote: true } });
  for (const address of ["face", "be.de", "999.1.1.1", "127.0.0.1 ", "[::1]", "1", "::1::"]) {
    assert.match(
      (await jsonBad(status(address)))[0]!,
      /status\.address: .* where an IP address, or localhost/,
    );
  }
  for (const address of ["localhost", "127.0.0.1", "::1", "::", "192.0.2.7"]) {
    assert.is((await json(status(address))).status!.address, address);
  }
});

test("numbers: what is none is refused in JSON and in YAML alike, and -0 is 0", async () => {
  for (const number of ["1e400", "-1e400", "1.5", "9007199254740993", '"8080"', "-1", "65536", "1e5"]) {
    const text = JSON.stringify(one({}, { status: { port: 1 } })).replace('"port":1', `"port": ${number}`);
    for (const file of ["t.json", "t.yaml"]) {
      assert.match(
        (await bad(text, file))[0]!,
        /status\.port: .* where a whole number of 0 to 65535/,
        number,
      );
    }
  }
  for (const number of [".nan", ".inf", "1_000", "8080 # \n x", "0b11"]) {
    const text = JSON.stringify(one({}, { status: { port: 1 } })).replace('"port":1', `"port": ${number}\n`);
    assert.ok((await bad(text, "t.yaml")).length > 0, number);
  }
  const zero = JSON.stringify(one({}, { status: { port: 1 } })).replace('"port":1', '"port":-0');
  for (const file of ["t.json", "t.yaml"]) assert.ok(Object.is((await good(zero, file)).status!.port, 0));
});

test("names of JavaScript's own are no keys", async () => {
  for (const key of ["__proto__", "constructor", "toString"]) {
    const text = JSON.stringify(one({})).replace(/^\{/, `{"${key}": {"x": 1},`);
    assert.match((await bad(text, "t.json"))[0]!, new RegExp(`t\\.json:1:2: ${key}: no such key`));
  }
});

test("a key that is no word is in quotes wherever it is named, and not longer than a line", async () => {
  for (const [key, shown] of [
    ["a\nb", '"a\\nb"'],
    ["", ""],
    ["x".repeat(70), `"${"x".repeat(70)}"`],
    ["x".repeat(100_000), `"${"x".repeat(76)}...`],
  ] as const) {
    const text = `{${JSON.stringify(key)}: 1, ${JSON.stringify(one({})).slice(1)}`;
    const [said] = await bad(text, "t.json");
    assert.ok(said!.includes(shown) && said!.length < 400, said!.slice(0, 500));
    assert.not.match(said!, "\n");
  }
});

test.run();
