/** Files of QZMQ as people look at them: what each block holds, in words and for programs. */
import { LayoutError } from "../bytes/reader.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { hex, keyFingerprint } from "../mechanism/qzmq/algorithm.ts";
import { type ArmorBlock, dearmor, MAX_ARMOR } from "../mechanism/qzmq/armor.ts";
import { type Certificate, decodeCertificate, verifyCertificate } from "../mechanism/qzmq/certificate.ts";
import { decodePublicKey, describePrivateKey } from "../mechanism/qzmq/keyfile.ts";
import { decodeRevocationList } from "../mechanism/qzmq/revocation.ts";
import { isRoot } from "./authority.ts";
import { Fault } from "./fault.ts";
import { showDate } from "./names.ts";
import { readFile } from "./trouble.ts";

/** What one block says: `rows` for people, `value` for programs, and the pin of the key in it if it has one. */
export interface Description {
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
  readonly value: Readonly<Record<string, unknown>>;
  readonly pin: Uint8Array | null;
}

/** Describes each block of a file. `now` is Unix seconds. Throws {@link Fault}. */
export function inspect(provider: CryptoProvider, path: string, now: number): Description[] {
  const text = Buffer.from(readFile("", path, MAX_ARMOR)).toString("latin1");
  try {
    const blocks = dearmor(text);
    if (blocks.length > 0) return blocks.map((block, i) => described(provider, block, i, now));
  } catch (error) {
    if (!(error instanceof LayoutError) && !(error instanceof BlockError)) throw error;
    throw unfit(path, error.message);
  }
  throw unfit(path, "holds no block of QZMQ");
}

class BlockError extends Error {}

function described(provider: CryptoProvider, block: ArmorBlock, index: number, now: number): Description {
  try {
    return describe(provider, block, now);
  } catch (error) {
    throw new BlockError(`block ${index + 1}: ${(error as Error).message}`);
  }
}

function describe(provider: CryptoProvider, { label, octets }: ArmorBlock, now: number): Description {
  switch (label) {
    case "QZMQ CERTIFICATE":
      return describeCertificate(provider, decodeCertificate(provider, octets), now);
    case "QZMQ PUBLIC KEY": {
      const { algorithm, publicKey } = decodePublicKey(provider, octets);
      return describeKey("public key", algorithm, keyFingerprint(provider, algorithm, publicKey), {});
    }
    case "QZMQ PRIVATE KEY": {
      const { algorithm, keyId, protection } = describePrivateKey(octets);
      return describeKey("private key", algorithm, keyId, { protection });
    }
    case "QZMQ REVOCATION LIST":
      return describeList(octets, now);
  }
}

function describeKey(
  title: string,
  algorithm: string,
  pin: Uint8Array,
  more: Readonly<Record<string, string>>,
): Description {
  const rows = [["algorithm", algorithm], ["pin", hex(pin)], ...Object.entries(more)] as [string, string][];
  return { title, rows, value: { type: title, ...Object.fromEntries(rows) }, pin };
}

function describeCertificate(provider: CryptoProvider, certificate: Certificate, now: number): Description {
  const { subject, alternativeNames, usage, notBefore, notAfter, algorithm, extensions } = certificate;
  const [pin, issuer, serial] = [certificate.keyId, certificate.issuerKeyId, certificate.serial].map(hex);
  const roles = usage.kind === "authority" ? ["authority"] : usage.roles;
  const state = now < notBefore ? "not yet valid" : now > notAfter ? "ended" : "valid";
  const root = isRoot(certificate);
  const own = root
    ? verifyCertificate(provider, certificate, certificate)
      ? "self-issued"
      : "SIGNATURE WRONG"
    : "";
  const rows: [string, string][] = [
    ["subject", subject],
    ...alternativeNames.map((name): [string, string] => ["also", name]),
    ["usage", roles.join(", ")],
    ...(usage.kind === "authority" ? [["path length", String(usage.pathLength)] as [string, string]] : []),
    ["from", showDate(notBefore)],
    ["until", `${showDate(notAfter)} (${state})`],
    ["algorithm", algorithm],
    ["pin", pin!],
    ["issuer", own === "" ? issuer! : own],
    ["serial", serial!],
    ...extensions.map(({ type, data }): [string, string] => [`extension ${type}`, hex(data)]),
  ];
  const value = {
    type: "certificate",
    ...{ subject, alternativeNames, roles, notBefore, notAfter, state, algorithm, pin, issuer, serial },
    ...(usage.kind === "authority" ? { pathLength: usage.pathLength } : {}),
    extensions: extensions.map(({ type, data }) => ({ type, data: hex(data) })),
  };
  return { title: "certificate", rows, value, pin: certificate.keyId };
}

function describeList(octets: Uint8Array, now: number): Description {
  const { issuerKeyId, number, nextUpdate, serials, pins } = decodeRevocationList(octets);
  const state = now > nextUpdate ? "overdue" : "current";
  const rows: [string, string][] = [
    ["issuer", hex(issuerKeyId)],
    ["number", String(number)],
    ["next update", `${showDate(nextUpdate)} (${state})`],
    ...serials.map((serial): [string, string] => ["serial", hex(serial)]),
    ...pins.map((pin): [string, string] => ["pin", hex(pin)]),
  ];
  const value = {
    type: "revocation list",
    ...{
      issuer: hex(issuerKeyId),
      number,
      nextUpdate,
      state,
      serials: serials.map(hex),
      pins: pins.map(hex),
    },
  };
  return { title: "revocation list", rows, value, pin: null };
}

function unfit(path: string, what: string): Fault {
  return new Fault(
    "failed",
    `${path}: ${what}`,
    "name a file that qzmq made, take it from a backup, or make it again",
  );
}
