/** Sockets that are to be secured with what does not fit together. */
import { chmodSync } from "node:fs";
import { suite } from "uvu";
import { type Broken, type Case, inFolders, judgeAll, standardFiles } from "./broken.ts";

const test = suite<Broken>("mistakes: security");
inFolders(test, standardFiles);

const CASES: readonly Case[] = [
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
];
judgeAll(test, CASES);

test.run();
