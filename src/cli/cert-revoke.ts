/** `qzmq cert revoke`: an authority's next revocation list. */
import { existsSync } from "node:fs";
import type { CryptoProvider } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";
import { hex } from "../mechanism/qzmq/algorithm.ts";
import { armor } from "../mechanism/qzmq/armor.ts";
import {
  issueRevocationList,
  MAX_REVOKED,
  type RevocationList,
  verifyRevocationList,
} from "../mechanism/qzmq/revocation.ts";
import { loadCertificates, loadRevocationList } from "../net/identity-files.ts";
import { type Authority, CA_OPTION, isRoot, openAuthority } from "./authority.ts";
import type { Command } from "./command.ts";
import { Fault } from "./fault.ts";
import { updateFile, writeFiles } from "./files.ts";
import { octetsOf, showDate } from "./names.ts";
import { OPEN_OPTION } from "./passphrase.ts";
import { JSON_OPTION, print } from "./print.ts";
import { reading } from "./trouble.ts";

const DAY = 86_400;
const DAYS = 30;

/** See the head of this file. */
export const certRevoke: Command = {
  operands: { name: "CERTIFICATE", min: 0, max: 1000 },
  options: [
    { ...CA_OPTION, about: `${CA_OPTION.about}; the one that peers trust` },
    {
      name: "list",
      kind: "value",
      value: "FILE",
      about: "the revocation list, replaced as a whole; made if missing",
    },
    {
      name: "serial",
      kind: "values",
      value: "HEX",
      about: "revoke the certificate with this serial; may be repeated",
    },
    {
      name: "pin",
      kind: "values",
      value: "HEX",
      about: "revoke this key, however it is trusted; may be repeated",
    },
    {
      name: "days",
      kind: "value",
      value: "N",
      about: `when the next list is due at the latest; default ${DAYS}`,
    },
    OPEN_OPTION,
    JSON_OPTION,
  ],
  notes: [
    "Of each file CERTIFICATE the first certificate is revoked. With nothing to revoke, the list is renewed.",
    "The number of the list grows by one each time; peers refuse a list whose number goes back.",
  ],
  async run(args, io) {
    const path = args.required("list", "FILE, where the authority's revocation list is");
    const days = args.integer("days", 1, 3650) ?? DAYS;
    const serials = args.texts("serial").map((text) => octetsOf("--serial", text, 16));
    const pins = args.texts("pin").map((text) => octetsOf("--pin", text, 32));
    const provider = cryptoProvider("auto");
    const authority = await openAuthority(provider, args, io);
    try {
      checkRoot(authority);
      for (const file of args.operands) serials.push(serialIn(provider, file, authority));
      const former = formerList(provider, path, authority);
      const fields = {
        number: (former?.number ?? 0) + 1,
        nextUpdate: io.now() + days * DAY,
        serials: distinct([...(former?.serials ?? []), ...serials]),
        pins: distinct([...(former?.pins ?? []), ...pins]),
      };
      checkSize("serials", fields.serials.length);
      checkSize("pins", fields.pins.length);
      const list = await issueRevocationList(provider, fields, authority.signer);
      const text = armor("QZMQ REVOCATION LIST", list.encoded);
      if (former === null) writeFiles("--list", [{ path, text, secrecy: "public" }], "new");
      else updateFile("--list", path, text);
      const { number, nextUpdate } = fields;
      const counts = { serials: fields.serials.length, pins: fields.pins.length };
      await print(args, io, { list: path, number, nextUpdate, ...counts }, [
        `${path}: list ${number}, ${counts.serials} certificates and ${counts.pins} keys revoked`,
        `next list due by ${showDate(nextUpdate)}`,
      ]);
    } finally {
      authority.signer.dispose();
    }
  },
};

/** Peers look at the lists of authorities that they trust themselves, and at no others. */
function checkRoot({ certificate }: Authority): void {
  if (isRoot(certificate)) return;
  throw new Fault(
    "failed",
    `--ca ${certificate.subject}: not self-issued, so peers would not look at its list`,
    "let the authority that peers trust revoke: its list holds for everything below it",
  );
}

function serialIn(provider: CryptoProvider, path: string, { certificate }: Authority): Uint8Array {
  const chain = reading("", path, () => loadCertificates(provider, path));
  const under = chain.some(({ issuerKeyId }) => hex(issuerKeyId) === hex(certificate.keyId));
  if (under && !isRoot(chain[0]!)) return chain[0]!.serial;
  throw new Fault(
    "failed",
    `${path}: not issued under ${certificate.subject}`,
    "name the authority that issued it (--ca), or revoke its key with --pin",
  );
}

function formerList(
  provider: CryptoProvider,
  path: string,
  { certificate }: Authority,
): RevocationList | null {
  if (!existsSync(path)) return null;
  const list = reading("--list", path, () => loadRevocationList(path));
  if (verifyRevocationList(provider, list, certificate)) return list;
  throw new Fault(
    "failed",
    `--list ${path}: not signed by ${certificate.subject}`,
    "name this authority's own list; each authority has one",
  );
}

function distinct(items: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(items.map((item) => [hex(item), item])).values()];
}

function checkSize(what: string, count: number): void {
  if (count <= MAX_REVOKED) return;
  throw new Fault(
    "failed",
    `--list: over ${MAX_REVOKED} ${what}`,
    "make a new authority, and let certificates run out sooner",
  );
}
