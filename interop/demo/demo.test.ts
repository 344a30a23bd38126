/** The demonstration as `make demo` runs it: it ends well, and has shown what the README says that it shows. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { within } from "../../test/support/within.ts";

/** Ample: it takes a few seconds. */
const LIMIT = 55_000;

/** What must be said in the exchange of each title; within a process in this order. */
const SHOWN: Readonly<Record<string, readonly (readonly [who: string, ...lines: RegExp[]])[]>> = {
  "REP <-> REQ over QZMQ: a rotation, then a resumed connection": [
    [
      "rep",
      /^bound tcp:/,
      /^authenticated client-7, x25519\+mlkem768\/mldsa44\//,
      /^resumed with client-7, /,
    ],
    [
      ...(["req", /^authenticated server\.example, /, /^7 squared is 49$/, /^12 squared is 144$/] as const),
      ...[/^wants new keys$/, /^99 squared is 9801, /, /^100 squared is 10000, keys of epoch [1-9]$/],
      ...[/^resumed with server\.example, /, /^7 squared is 49$/, /^12 squared is 144$/],
    ],
  ],
  "PUB <-> SUB over QZMQ": [["sub", /^authenticated server/, /ACME 100$/, /ACME 101$/, /ACME 102$/]],
  "PUSH <-> PULL over QZMQ": [["pull", /^authenticated server/, /^pulled 10000 tasks in order/]],
  "Clients that must be refused": [
    ["rep", /^refused: /, /^refused: /, /^authenticated client-7, /],
    [
      ...(["intruders", /^wanted another server: .*not for "another\.example"$/] as const),
      ...[/^without a certificate: .*requires a certificate/, /^pinned another.*the key is not pinned/],
    ],
  ],
  ...inBothDirections("PUB", "SUB", /ACME 100$/, /ACME 101$/, /ACME 102$/, /ACME 103$/, /ACME 104$/),
  ...inBothDirections("REP", "REQ", /^7 squared is 49$/, /^12 squared is 144$/, /^99 squared is 9801$/),
  ...inBothDirections("PUSH", "PULL", /^pulled 10000 tasks, all in order$/),
};

/** With libzmq at either end; the lines are those of the process that connects. */
function inBothDirections(binder: string, connecter: string, ...lines: RegExp[]) {
  const pairs = [
    ["qzmq", "libzmq"],
    ["libzmq", "qzmq"],
  ] as const;
  return Object.fromEntries(
    pairs.map(([a, b]) => [
      `${binder} (${a}) <-> ${connecter} (${b})`,
      [[`${connecter.toLowerCase()} ${b}`, ...lines] as const],
    ]),
  );
}

/** What each process said, by the title of the exchange and its name. */
function spoken(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let title = "";
  for (const line of output.split("\n")) {
    const [, who, said] = /^ {2}(.{12}) \| (.*)$/.exec(line) ?? [];
    if (who === undefined) {
      if (line !== "") title = line;
      continue;
    }
    const key = `${title}, ${who.trim()}`;
    found.set(key, [...(found.get(key) ?? []), said!]);
  }
  return found;
}

test("the demonstration shows what it promises, and says that it went well", async () => {
  // A group of its own, so that its processes can be ended with it.
  const child = spawn(process.execPath, [join(import.meta.dirname, "demo.js")], {
    ...{ detached: true, stdio: ["ignore", "pipe", "pipe"] },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    errors += text;
  });
  try {
    const [code] = (await within(LIMIT, once(child, "close"), "the end of the demonstration")) as [number];
    assert.equal([code, errors], [0, ""], output);
  } catch (error) {
    console.log(output, errors);
    throw error;
  } finally {
    if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
  }
  assert.match(output, /\$ qzmq cert ca [\s\S]*\$ qzmq keygen [\s\S]*\$ qzmq cert issue /);
  const said = spoken(output);
  for (const [title, processes] of Object.entries(SHOWN)) {
    for (const [who, ...lines] of processes) {
      const all = said.get(`${title}, ${who}`) ?? [];
      let at = 0;
      for (const line of lines) {
        const found = all.findIndex((text, i) => i >= at && line.test(text));
        assert.ok(found !== -1, `${title}, ${who}: ${line} in ${JSON.stringify(all)}`);
        at = found + 1;
      }
    }
  }
  assert.match(output, /\nEverything went as it should\.\n$/);
});

test.run();
