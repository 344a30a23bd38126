/** What the tests of broken configurations share. */
import { writeFileSync } from "node:fs";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { type Broken, type Case, change, inFolders, judge, runAll, standardFiles } from "./broken.ts";

/** As it is when it is fine. */
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

/** Each test of `test` has a folder with a configuration as YAML and as JSON, and all that they name. */
export function inConfiguredFolders(test: Test<Broken>): void {
  inFolders(test, async (folder) => {
    await standardFiles(folder);
    await runAll(["cert revoke --ca @ca --list @ca.crl"], folder);
    writeFileSync(`${folder}/t.yaml`, GOOD);
    writeFileSync(
      `${folder}/t.json`,
      '{\n  "trust": {"pins": "pins"},\n  "links": {\n    "out": {"side": "client", "listen": "tcp://127.0.0.1:16001", "connect": "tcp://127.0.0.1:16000"}\n  }\n}\n',
    );
  });
}

/** A change of the good configuration: what is replaced, by what, and what is said. */
export type Edit = readonly [from: string | RegExp, to: string, says: string, fix: string | RegExp];

/** As a case. */
export const edited = (file: string, [from, to, says, fix]: Edit): Case => ({
  line: `config check @${file}`,
  ...{ code: 1, says: [says], fix },
  damage: (at) =>
    change(at(file), (text) => {
      const after = text.replace(from, to);
      assert.is.not(after, text, "nothing was changed");
      return after;
    }),
});

/** What is judged, unless a case says otherwise. */
export const plain = "config check @t.yaml";

/** Each case is a test. */
export function judgeEach(test: Test<Broken>, kinds: Readonly<Record<string, readonly Case[]>>): void {
  test("there are fifty of them", () => assert.ok(Object.values(kinds).flat().length >= 50));
  for (const [kind, cases] of Object.entries(kinds)) {
    for (const [index, mistake] of cases.entries()) {
      test(`${kind} ${index}: ${mistake.says.join(" ... ")}`, ({ folder }) => judge(mistake, folder));
    }
  }
}
