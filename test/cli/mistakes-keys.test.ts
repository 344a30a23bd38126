/** Private keys that cannot be used, and authorities that cannot do what is asked of them. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import {
  type Broken,
  type Case,
  change,
  changeOctets,
  inFolders,
  judgeAll,
  standardFiles,
} from "./broken.ts";

const test = suite<Broken>("mistakes: keys");
inFolders(test, standardFiles);

const issue = "cert issue --ca @ca --pub @b.pub --name b --role server";

const CASES: readonly Case[] = [
  // Private keys.
  {
    line: issue,
    ...{ code: 1, says: ["--ca", "ca.key: has mode 0644"], fix: /chmod 600 .*ca\.key/ },
    damage: (at) => chmodSync(at("ca.key"), 0o644),
  },
  {
    line: issue,
    code: 1,
    says: ["ca.key: no such file"],
    fix: "check the path",
    damage: (at) => rmSync(at("ca.key")),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: holds no QZMQ PRIVATE KEY"], fix: /name the right file/ },
    damage: (at) => writeFileSync(at("ca.key"), ""),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: line 1: want -----BEGIN QZMQ"], fix: "backup" },
    damage: (at) => change(at("ca.key"), (text) => text.slice(1)),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: line 2: want 64 characters"], fix: "backup" },
    damage: (at) => change(at("ca.key"), (text) => text.replace(/\n(.)/, "\n$1 ")),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: line 1: no -----END"], fix: "backup" },
    damage: (at) => change(at("ca.key"), (text) => text.slice(0, -10)),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: private key: the seed is not that of the key id"], fix: "backup" },
    damage: (at) => changeOctets(at("ca.key"), (octets) => octets.with(40, octets[40]! ^ 1)),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key: private key: unknown version"], fix: "backup" },
    damage: (at) => changeOctets(at("ca.key"), (octets) => octets.with(0, 9)),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.key", "seed"], fix: "backup" },
    damage: (at) => changeOctets(at("ca.key"), (octets) => octets.subarray(0, 50)),
  },
  {
    line: issue,
    ...{
      code: 1,
      says: ["ca.key: holds a QZMQ CERTIFICATE, where a QZMQ PRIVATE KEY"],
      fix: "qzmq cert show",
    },
    damage: (at) => change(at("ca.key"), () => readFileSync(at("ca.crt"), "latin1")),
  },
  {
    line: "cert ca --out @new --key @locked.key --name new",
    ...{ code: 2, says: ["locked.key", "no terminal"], fix: "--passphrase-fd N" },
  },
  {
    line: "cert ca --out @new --key @locked.key --name new",
    ...{ code: 1, says: ["--key", "locked.key", "wrong passphrase"], fix: "again" },
    world: { typed: ["wrong\r"] },
  },
  {
    line: "cert ca --out @new --key @locked.key --name new",
    ...{ code: 1, says: ["the terminal: an empty passphrase"], fix: "not empty" },
    world: { typed: ["\r"] },
  },
  // Authorities and what they issue.
  { line: "cert ca --out @new", code: 2, says: ["--name is missing"], fix: "--name SUBJECT" },
  { line: "cert ca --out @new --name Root", code: 2, says: ['--name "Root"'], fix: "a-z" },
  { line: "cert ca --out @new --name x --path-length 4", code: 2, says: ["--path-length 4"], fix: "number" },
  { line: "cert ca --out @new --name x --days 0", code: 2, says: ["--days 0"], fix: "number" },
  { line: "cert ca --out @new --name x --days 1.5", code: 2, says: ["--days 1.5"], fix: "number" },
  {
    line: "cert ca --out @new --name x --until 2027-02-30",
    code: 2,
    says: ["--until 2027-02-30"],
    fix: "2027-01-31",
  },
  {
    line: "cert ca --out @new --name x --until tomorrow",
    code: 2,
    says: ["--until tomorrow"],
    fix: "2027-01-31",
  },
  {
    line: "cert ca --out @new --name x --until 2001-01-01",
    code: 2,
    says: ["--until 2001-01-01"],
    fix: "after",
  },
  {
    line: "cert ca --out @new --name x --until 2031-01-01 --days 3",
    ...{ code: 2, says: ["--days and --until"], fix: "leave one" },
  },
  {
    line: "cert ca --out @new --name x --key @a.key --sig mldsa65",
    ...{ code: 2, says: ["--key and --sig"], fix: "leave one" },
  },
  {
    line: "cert issue --pub @b.pub --name b --role server",
    code: 2,
    says: ["--ca is missing"],
    fix: "--ca NAME",
  },
  {
    line: "cert issue --ca @ca --name b --role server",
    code: 2,
    says: ["--pub is missing"],
    fix: "--pub FILE",
  },
  {
    line: "cert issue --ca @ca --pub @b.pub --name b",
    code: 2,
    says: ["--role is missing"],
    fix: "--role server",
  },
  {
    line: "cert issue --ca @ca --pub @b.pub --name b --role broker",
    ...{ code: 2, says: ["--role broker"], fix: "server, client, both" },
  },
  { line: `${issue} --authority`, code: 2, says: ["--role and --authority"], fix: "leave one" },
  { line: `${issue} --path-length 0`, code: 2, says: ["--path-length"], fix: "--authority" },
  { line: `${issue} --alt b.b --alt B`, code: 2, says: ['--alt "B"'], fix: "a-z" },
  { line: `${issue} --days 101`, code: 1, says: ["--ca root: is valid from"], fix: "fewer --days" },
  { line: `${issue} --from 2040-01-01`, code: 1, says: ["--ca root: is valid from"], fix: "--from" },
  {
    line: issue.replace("@b.pub", "@b.key"),
    code: 1,
    says: ["--pub", "b.key: holds a QZMQ PRIVATE KEY"],
    fix: "right file",
  },
  {
    line: issue,
    ...{ code: 1, says: ["b.pub: public key: 1 octets too many"], fix: "backup" },
    damage: (at) => changeOctets(at("b.pub"), (octets) => Uint8Array.from([...octets, 0])),
  },
  { line: `${issue} --out @a.crt`, code: 1, says: ["--out", "a.crt: exists already"], fix: "--force" },
  {
    line: issue.replace("--ca @ca", "--ca @a"),
    ...{ code: 1, says: ["a.crt: certificate 1 (broker) is not an authority's"], fix: "qzmq cert ca" },
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.crt: certificate 1 (root) is not for the key in"], fix: "one authority" },
    damage: (at) => writeFileSync(at("ca.key"), readFileSync(at("other.key"))),
  },
  {
    line: issue,
    ...{ code: 1, says: ["ca.crt: line 3: not base64"], fix: "backup" },
    damage: (at) => change(at("ca.crt"), (text) => text.replace(/(\n.{64}\n.)./, "$1!")),
  },
];
judgeAll(test, CASES);

test.run();
