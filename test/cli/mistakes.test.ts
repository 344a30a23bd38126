/**
 * What goes wrong: each message names the file or option, the place in it and the mend, the exit code says whose
 * mistake it is, and the folder stays as it was.
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
import * as assert from "uvu/assert";
import { armor } from "../../src/mechanism/qzmq/armor.ts";
import { type Broken, type Case, change, changeOctets, inFolders, judge, standardFiles } from "./broken.ts";
import { call } from "./run.ts";

const test = suite<Broken>("mistakes at the command line");
inFolders(test, standardFiles);

const issue = "cert issue --ca @ca --pub @b.pub --name b --role server";
const verify = "cert verify @a.crt --name broker";

const CASES: readonly Case[] = [
  // The command line.
  { line: "", code: 2, says: ["no such command"], fix: "qzmq help" },
  { line: "frobnicate", code: 2, says: ['"frobnicate"'], fix: "qzmq help" },
  { line: "keygn --out @x", code: 2, says: ['"keygn"'], fix: 'did you mean "keygen"?' },
  { line: "cert isue", code: 2, says: ['"cert isue"'], fix: 'did you mean "cert issue"?' },
  { line: "help certs", code: 2, says: ['"certs"'], fix: 'did you mean "cert"?' },
  { line: "keygen", code: 2, says: ["qzmq keygen: --out is missing"], fix: "--out NAME" },
  { line: "keygen --out", code: 2, says: ["--out has no value"], fix: "--out NAME" },
  {
    line: "keygen --out --force",
    code: 2,
    says: ["--out has no value: --force follows"],
    fix: "--out=--force",
  },
  { line: "keygen --out @x --out @y", code: 2, says: ["--out is given twice"], fix: "leave one" },
  { line: "keygen --out @x --forse", code: 2, says: ["--forse"], fix: 'did you mean "--force"?' },
  { line: "keygen --out @x -f", code: 2, says: ["-f: no such option"], fix: 'did you mean "--force"?' },
  {
    line: "bench latency -suite=mlkem1024",
    code: 2,
    says: ["-suite: no such option"],
    fix: 'mean "--suite"',
  },
  { line: "bench latency -pq-only=true", code: 2, says: ["-pq-only: no such"], fix: 'mean "--pq-only"' },
  { line: "keygen --out @x --force=yes", code: 2, says: ["--force takes no value"], fix: "--force alone" },
  { line: "keygen --out @x extra", code: 2, says: ['"extra"'], fix: "leave it out" },
  { line: "keygen --out @x --sig rsa", code: 2, says: ["--sig rsa"], fix: "mldsa44" },
  {
    line: "keygen --out @x --passphrase=hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  {
    line: "keygen --out @x --passphrase hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  {
    line: "keygen --out @x --password hunter2",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  { line: "keygen --out @x --passphrase", code: 2, says: ["no terminal"], fix: "--passphrase-fd N" },
  {
    line: "keygen --out @x --passphrase-fd x",
    code: 2,
    says: ["--passphrase-fd x: not a whole number"],
    fix: "number",
  },
  {
    line: "keygen --out @x --passphrase-fd 9999",
    code: 1,
    says: ["--passphrase-fd 9999: cannot be read"],
    fix: "9999<",
  },
  {
    line: "keygen --out @x --passphrase --passphrase-fd 3",
    ...{ code: 2, says: ["--passphrase and --passphrase-fd"], fix: "leave one" },
  },
  // Where files go.
  { line: "keygen --out @a", code: 1, says: ["--out", "a.key: exists already"], fix: "--force" },
  {
    line: "keygen --out @b",
    ...{ code: 1, says: ["b.pub: exists already"], fix: "--force", damage: (at) => rmSync(at("b.key")) },
  },
  { line: "cert ca --out @other --name x", code: 1, says: ["other.key: exists already"], fix: "--force" },
  {
    line: "keygen --out @missing/k",
    code: 1,
    says: ["missing/k.key: no such file or folder"],
    fix: "folder",
  },
  { line: "keygen --out @a.key/k", code: 1, says: ["a.key/k.key"], fix: "check the path" },
  {
    line: "keygen --out @dangling",
    ...{ code: 1, says: ["dangling.key: exists already"], fix: "--force" },
    damage: (at) => symlinkSync(at("nowhere"), at("dangling.key")),
  },
  {
    line: "keygen --out @d --force",
    ...{ code: 1, says: ["d.key"], fix: "path" },
    damage: (at) => mkdirSync(at("d.key")),
  },
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
  // Sockets: nothing is sent before the whole command line is understood.
  { line: "push", code: 2, says: ["neither --bind nor --connect"], fix: "--connect tcp" },
  { line: "pull --bind nowhere", code: 2, says: ["--bind nowhere"], fix: "tcp://host:port" },
  { line: "pull --bind tcp://127.0.0.1", code: 2, says: ["--bind tcp://127.0.0.1"], fix: "tcp://host:port" },
  {
    line: "pull --connect tcp://127.0.0.1:70000",
    code: 2,
    says: ["--connect tcp://127.0.0.1:70000"],
    fix: "tcp://host:port",
  },
  { line: "pull --connect udp://127.0.0.1:7000", code: 2, says: ["--connect udp"], fix: "ipc://path" },
  { line: "pull --connect inproc://x", code: 2, says: ["--connect inproc://x"], fix: "ipc://path" },
  { line: "pull --bind ipc://@d/s", code: 1, says: ["--bind ipc://"], fix: "folder" },
  {
    line: "pull --bind tcp://192.0.2.1:5555",
    code: 1,
    says: ["--bind tcp://192.0.2.1:5555"],
    fix: "127.0.0.1",
  },
  { line: "pull --connect ipc://x --count 0", code: 2, says: ["--count 0"], fix: "number" },
  { line: "pull --connect ipc://x --timeout soon", code: 2, says: ["--timeout soon"], fix: "number" },
  { line: "push --connect ipc://x --linger -2", code: 2, says: ["--linger -2"], fix: "number" },
  { line: "pull --connect ipc://x --linger 5", code: 2, says: ["--linger"], fix: "--help" },
  {
    line: "pull --connect ipc://x --format xml",
    code: 2,
    says: ["--format xml"],
    fix: "lines, json, hex, binary",
  },
  { line: "router --connect ipc://x --format lines", code: 2, says: ["--format lines"], fix: "json or hex" },
  { line: "req --connect ipc://x --identity=", code: 2, says: ["--identity"], fix: "255" },
  {
    line: "send --connect ipc://x --type pull",
    code: 2,
    says: ["--type pull"],
    fix: "push, pub, pair, dealer",
  },
  { line: "send --connect ipc://x --topic t", code: 2, says: ["--topic"], fix: "--type pub" },
  { line: "recv --connect ipc://x --subscribe t", code: 2, says: ["--subscribe"], fix: "--type sub" },
  { line: "rep --connect ipc://x --echo again", code: 2, says: ["--echo and FRAMEs"], fix: "leave one" },
  {
    line: "pull --connect ipc://x --plain-server",
    code: 2,
    says: ["--plain-server"],
    fix: "--plain-username",
  },
  {
    line: "pull --connect ipc://x --plain-username u",
    code: 2,
    says: ["Password of u", "no terminal"],
    fix: "--plain-password-fd N",
  },
  {
    line: "pull --connect ipc://x --plain-username u --plain-password-fd 0",
    code: 2,
    says: ["--plain-password-fd 0"],
    fix: "number",
  },
  {
    line: "pull --connect ipc://x --plain-password pw",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  // QZMQ.
  {
    line: "pull --bind ipc://x --suite mlkem768",
    code: 2,
    says: ["--suite alone secures nothing"],
    fix: "--identity-file",
  },
  {
    line: "pull --bind ipc://x --trust @ca.crt",
    code: 2,
    says: ["a server without an identity"],
    fix: "--identity-file",
  },
  {
    line: "pull --connect ipc://x --identity-file @a.key",
    code: 2,
    says: ["no server is trusted"],
    fix: "--trust FILE",
  },
  {
    line: "pull --connect ipc://x --bind ipc://y --identity-file @a.key --trust @ca.crt",
    ...{ code: 2, says: ["--bind and --connect at once"], fix: "--role" },
  },
  {
    line: "pull --connect ipc://x --trust @ca.crt --role peer",
    code: 2,
    says: ["--role peer"],
    fix: "server, client",
  },
  {
    line: "pull --connect ipc://x --trust @a.key",
    code: 1,
    says: ["--trust", "a.key: holds a QZMQ PRIVATE KEY"],
    fix: "right file",
  },
  { line: "pull --connect ipc://x --trust @a.crt", code: 1, says: ["authority broker"], fix: "self-issued" },
  {
    line: "pull --connect ipc://x --pins @none",
    code: 1,
    says: ["--pins", "none: no such file"],
    fix: "path",
  },
  { line: "pull --connect ipc://x --pin abc", code: 2, says: ["--pin abc"], fix: "qzmq pin" },
  {
    line: `pull --connect ipc://x --pin ${"ab".repeat(32)} --crl @other.crl`,
    ...{ code: 2, says: ["--pin and --crl"], fix: "--pins" },
  },
  {
    line: "pull --connect ipc://x --trust @ca.crt --crl @other.crl",
    ...{ code: 1, says: ["no trusted authority"], fix: "one of theirs" },
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --crl @other.crl",
    code: 2,
    says: ["--crl without an authority"],
    fix: "--trust",
  },
  {
    line: "pull --bind ipc://x --certificate @a.crt --pins @pins",
    code: 2,
    says: ["--certificate without its key"],
    fix: "--identity-file",
  },
  {
    line: "pull --bind ipc://x --identity-file @b.key --certificate @a.crt",
    ...{
      code: 1,
      says: ["--certificate", "a.crt: the first certificate is not for the signer's key"],
      fix: "b.key",
    },
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key",
    ...{ code: 1, says: ["--identity-file", "a.key: has mode 0640"], fix: "chmod 600" },
    damage: (at) => chmodSync(at("a.key"), 0o640),
  },
  {
    line: "pull --bind ipc://x --identity-file @locked.key",
    code: 2,
    says: ["locked.key", "no terminal"],
    fix: "--passphrase-fd N",
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --server-name x",
    code: 2,
    says: ["--server-name is for clients"],
    fix: "leave it out",
  },
  {
    line: "pull --connect ipc://x --trust @ca.crt --server-name X!",
    code: 2,
    says: ['--server-name "X!"'],
    fix: "a-z",
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --suite rsa",
    code: 2,
    says: ["--suite rsa"],
    fix: "hybrid768",
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --suite mlkem768/rsa",
    code: 2,
    says: ["--suite mlkem768/rsa"],
    fix: "hybrid768",
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --aead rc4",
    code: 2,
    says: ["--aead rc4"],
    fix: "aes256gcm",
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --suite hybrid768 --pq-only",
    ...{ code: 2, says: ["no suite in mode pq-only"], fix: "--mode" },
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --suite mlkem1024",
    ...{ code: 1, says: ["--identity-file: a key of ML-DSA-44, which no suite"], fix: "--sig" },
  },
  {
    line: "pull --bind ipc://x --identity-file @a.key --plain-username u",
    ...{ code: 2, says: ["PLAIN and of QZMQ exclude"], fix: "--plain" },
  },
  { line: "bench latency --pq-only", code: 2, says: ["--pq-only alone secures nothing"], fix: "--qzmq" },
  {
    line: "bench latency --qzmq --endpoint inproc://x",
    code: 2,
    says: ["--qzmq over inproc://x"],
    fix: "tcp or ipc",
  },
  { line: "proxy", code: 2, says: ["KIND is missing"], fix: "add KIND" },
  {
    line: "proxy broker --frontend ipc://x",
    code: 2,
    says: ["broker: no such proxy"],
    fix: "queue, forwarder, streamer",
  },
  {
    line: "proxy queue --frontend ipc://@f",
    code: 2,
    says: ["neither --backend nor --backend-connect"],
    fix: "--backend tcp",
  },
  {
    line: "proxy queue --frontend x --backend ipc://y",
    code: 2,
    says: ["--frontend x"],
    fix: "tcp://host:port",
  },
  { line: "bench", code: 2, says: ["MEASURE is missing"], fix: "add MEASURE" },
  { line: "bench speed", code: 2, says: ["speed: no such measure"], fix: "throughput or latency" },
  { line: "bench latency --size -1", code: 2, says: ["--size -1"], fix: "number" },
  { line: "bench latency --endpoint x", code: 2, says: ["--endpoint x"], fix: "tcp://host:port" },
];

for (const [index, mistake] of CASES.entries()) {
  test(`${index}: qzmq ${mistake.line}`, ({ folder }) => judge(mistake, folder));
}

test("no command at all", async () => {
  const { code, err } = await call([]);
  assert.is(code, 2);
  assert.match(err, /^qzmq: no command\n {2}fix: `qzmq help`/);
});

test("what others wrote cannot move the cursor", async () => {
  const { err } = await call(["cert", "show", "x\u001b[2J\u0085y"]);
  assert.match(err, /x\\x1b\[2J\\x85y: no such file/);
});

test.run();
