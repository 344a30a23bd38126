/** Certificates, revocation lists and pins that are wrong, or that nobody should believe. */
import { appendFileSync, mkdirSync } from "node:fs";
import { suite } from "uvu";
import { armor } from "../../src/mechanism/qzmq/armor.ts";
import { type Broken, type Case, changeOctets, inFolders, judgeAll, standardFiles } from "./broken.ts";

const test = suite<Broken>("mistakes: certificates");
inFolders(test, standardFiles);

const verify = "cert verify @a.crt --name broker";

const CASES: readonly Case[] = [
  // Showing and verifying.
  { line: "cert show", code: 2, says: ["FILE is missing"], fix: "add FILE" },
  { line: "cert show @nothing", code: 1, says: ["nothing: no such file"], fix: "check the path" },
  { line: "cert show @pins", code: 1, says: ["pins: line 1"], fix: "that qzmq made" },
  { line: "cert show @a.key/x", code: 1, says: ["a.key/x"], fix: "check the path" },
  {
    line: "cert show @d",
    code: 1,
    says: ["d: is a folder"],
    fix: "file",
    damage: (at) => mkdirSync(at("d")),
  },
  {
    line: "cert show @a.crt",
    ...{ code: 1, says: ["a.crt: block 1: ", "unknown version"], fix: "backup" },
    damage: (at) => changeOctets(at("a.crt"), (octets) => octets.with(0, 7)),
  },
  {
    line: "cert show @a.crt",
    ...{ code: 1, says: ["a.crt: block 2: certificate: unknown version"], fix: "backup" },
    damage: (at) => appendFileSync(at("a.crt"), armor("QZMQ CERTIFICATE", Uint8Array.of(0, 1))),
  },
  { line: verify, code: 2, says: ["nothing is trusted"], fix: "--ca FILE" },
  { line: `${verify} --ca @other.crt`, code: 1, says: ["a.crt: refused (untrusted)"], fix: "--ca" },
  { line: "cert verify @a.crt --ca @ca.crt", code: 1, says: ["refused (name)"], fix: "--name" },
  {
    line: "cert verify @a.crt --ca @ca.crt --name x",
    code: 1,
    says: ['refused (name): the certificate is not for "x"'],
    fix: "--name",
  },
  {
    line: "cert verify @a.crt --ca @ca.crt --role client",
    code: 1,
    says: ["refused (usage)"],
    fix: "--role",
  },
  {
    line: "cert verify @a.crt --ca @ca.crt --role client --name x",
    code: 2,
    says: ["--name"],
    fix: "leave it out",
  },
  {
    line: `${verify} --ca @ca.crt --at 2001-01-01`,
    code: 1,
    says: ["refused (not-yet-valid)"],
    fix: "clock",
  },
  {
    line: `${verify} --ca @ca.crt --mode quantum`,
    code: 2,
    says: ["--mode quantum"],
    fix: "hybrid, pq-only, classical",
  },
  {
    line: `${verify} --ca @ca.crt --mode hybrid --pq-only`,
    code: 2,
    says: ["--mode and --pq-only"],
    fix: "leave one",
  },
  { line: `${verify} --ca @a.crt`, code: 1, says: ["a.crt: authority broker"], fix: "self-issued" },
  {
    line: `${verify} --ca @ca.crt --crl @other.crl`,
    code: 1,
    says: ["other.crl", "no trusted authority"],
    fix: "lists",
  },
  {
    line: `${verify} --ca @ca.crt --crl @ca.crt`,
    code: 1,
    says: ["--crl", "ca.crt: holds a QZMQ CERTIFICATE"],
    fix: "right file",
  },
  {
    line: `${verify} --ca @ca.crt --require-crl`,
    code: 1,
    says: ["refused (revocation-missing)"],
    fix: "--crl",
  },
  {
    line: `${verify} --ca @ca.crt`,
    ...{ code: 1, says: ["a.crt: refused (signature): certificate 0"], fix: "qzmq cert show" },
    damage: (at) => changeOctets(at("a.crt"), (octets) => octets.with(octets.length - 1, octets.at(-1)! ^ 1)),
  },
  {
    line: `${verify} --pins @pins`,
    ...{ code: 1, says: ["--pins", "pins: line 2: want a pin of 64"], fix: "qzmq pin" },
    damage: (at) => appendFileSync(at("pins"), "0123\n"),
  },
  // Revoking.
  { line: "cert revoke --ca @ca", code: 2, says: ["--list is missing"], fix: "--list FILE" },
  {
    line: "cert revoke --ca @ca --list @crl --serial xyz",
    code: 2,
    says: ["--serial xyz"],
    fix: "qzmq cert show",
  },
  { line: "cert revoke --ca @ca --list @crl --pin 00", code: 2, says: ["--pin 00"], fix: "qzmq pin" },
  {
    line: "cert revoke --ca @ca --list @other.crl",
    code: 1,
    says: ["other.crl: not signed by root"],
    fix: "own list",
  },
  {
    line: "cert revoke --ca @other --list @other.crl @a.crt",
    code: 1,
    says: ["a.crt: not issued under other"],
    fix: "--ca",
  },
  {
    line: "cert revoke --ca @ca --list @crl @ca.crt",
    code: 1,
    says: ["ca.crt: not issued under root"],
    fix: "--pin",
  },
  {
    line: "cert revoke --ca @ca --list @a.pub",
    code: 1,
    says: ["--list", "a.pub: holds a QZMQ PUBLIC KEY"],
    fix: "right file",
  },
  {
    line: "cert revoke --ca @other --list @other.crl",
    ...{ code: 1, says: ["other.crl: revocation list: unknown version"], fix: "backup" },
    damage: (at) => changeOctets(at("other.crl"), (octets) => octets.with(0, 2)),
  },
  // Pins.
  { line: "pin", code: 2, says: ["FILE is missing"], fix: "add FILE" },
  { line: "pin @other.crl", code: 1, says: ["other.crl: holds no key"], fix: "name a key" },
  { line: "pin @a.pub --name Broker", code: 2, says: ['--name "Broker"'], fix: "a-z" },
  {
    line: "pin @a.pub --name else --add @pins",
    code: 1,
    says: ["--add", "pins: has", "already, as broker"],
    fix: "by hand",
  },
  {
    line: "pin @b.pub --add @pins",
    ...{ code: 1, says: ["pins: line 3: want a name"], fix: "qzmq pin" },
    damage: (at) => appendFileSync(at("pins"), `\n${"ab".repeat(32)}, No\n`),
  },
];
judgeAll(test, CASES);

test.run();
