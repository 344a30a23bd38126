/**
 * Broken keys, certificates, revocation lists, pin files and arguments that a tunnel is given: each is refused with one message that
 * names the file, the place in it and the mend, and leaves everything as it was.
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
import { armor } from "../../src/mechanism/qzmq/armor.ts";
import { type Broken, type Case, change, changeOctets } from "./broken.ts";
import { inConfiguredFolders, judgeEach, plain } from "./broken-configuration.ts";

const test = suite<Broken>("broken files and arguments of a tunnel");
inConfiguredFolders(test);

type Damage = (at: (name: string) => string) => void;

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

judgeEach(test, {
  files: DAMAGES.map(([damage, says, fix]) => ({
    line: plain,
    code: 1,
    says: ["t.yaml:", ...says],
    fix,
    damage,
  })),
  arguments: ARGUMENTS,
});

test.run();
