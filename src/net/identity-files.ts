/** Identities and trust in files: private keys with a safe mode, nothing overwritten unasked, lists read again when they change. */
import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { wipe } from "../bytes/constant-time.ts";
import { LayoutError } from "../bytes/reader.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import { UsageError, type UsageErrorCode } from "../errors.ts";
import { type ArmorBlock, type ArmorLabel, armor, dearmor, MAX_ARMOR } from "../mechanism/qzmq/armor.ts";
import { type Certificate, decodeCertificate } from "../mechanism/qzmq/certificate.ts";
import { bareIdentity, type Identity, makeIdentity } from "../mechanism/qzmq/identity.ts";
import {
  decodePrivateKey,
  decodePublicKey,
  encodePrivateKey,
  encodePublicKey,
  KeyFileError,
  type PrivateKey,
  type Protection,
  type PublicKey,
} from "../mechanism/qzmq/keyfile.ts";
import { formatPins, type Pin, parsePins } from "../mechanism/qzmq/pins.ts";
import { decodeRevocationList, type RevocationList } from "../mechanism/qzmq/revocation.ts";
import { localSigner, type Signer } from "../mechanism/qzmq/signer.ts";
import { passphraseOf, withoutLineEnd } from "./passphrase.ts";
import { readSmallFile } from "./small-file.ts";

/** Group's and others' bits of a file's mode. */
const NOT_OWNER = 0o077;

/**
 * Writes a private key into a new file of mode 0600. Throws {@link UsageError} `EINVAL` when the file exists.
 * The armoured seed passes through a string, which JavaScript cannot overwrite; a passphrase avoids that.
 */
export function savePrivateKey(
  provider: CryptoProvider,
  path: string,
  key: PrivateKey,
  protection: Protection | null,
): void {
  const octets = encodePrivateKey(provider, key, protection);
  try {
    writeNew(path, armor("QZMQ PRIVATE KEY", octets), 0o600);
  } finally {
    wipe(octets);
  }
}

/**
 * Reads a private key. `passphrase` is UTF-8 in Unicode normal form C, `null` for none. Throws {@link UsageError}
 * `EACCES` when anybody but its owner may touch the file, or when it belongs to another user; `EINVAL` otherwise.
 */
export function loadPrivateKey(
  provider: CryptoProvider,
  path: string,
  passphrase: Uint8Array | null,
): PrivateKey {
  const [block] = readBlocks(path, "QZMQ PRIVATE KEY", "one", "secret");
  try {
    return parse(path, () => decodePrivateKey(provider, block!.octets, passphrase));
  } finally {
    wipe(block!.octets);
  }
}

/**
 * Reads a passphrase from a file that is its owner's alone, without the line end after it; the caller's to wipe. Throws
 * {@link UsageError} as {@link loadPrivateKey} does.
 */
export function loadPassphrase(path: string): Uint8Array {
  const octets = readOctets(path, "secret");
  try {
    return parse(path, () => passphraseOf(withoutLineEnd(octets)));
  } finally {
    wipe(octets);
  }
}

/** Writes a public key into a new file. Throws {@link UsageError} `EINVAL` when the file exists. */
export function savePublicKey(path: string, key: PublicKey): void {
  writeNew(path, armor("QZMQ PUBLIC KEY", encodePublicKey(key)), 0o644);
}

/** Reads a public key. Throws {@link UsageError} `EINVAL`. */
export function loadPublicKey(provider: CryptoProvider, path: string): PublicKey {
  const [block] = readBlocks(path, "QZMQ PUBLIC KEY", "one");
  return parse(path, () => decodePublicKey(provider, block!.octets));
}

/** Writes certificates, end entity first, into a new file. Throws {@link UsageError} `EINVAL` when the file exists. */
export function saveCertificates(path: string, chain: readonly Certificate[]): void {
  writeNew(path, chain.map(({ encoded }) => armor("QZMQ CERTIFICATE", encoded)).join(""), 0o644);
}

/** Reads one certificate or more, in the order of the file. Throws {@link UsageError} `EINVAL`. */
export function loadCertificates(provider: CryptoProvider, path: string): Certificate[] {
  const blocks = readBlocks(path, "QZMQ CERTIFICATE", "some");
  return parse(path, () => blocks.map(({ octets }) => decodeCertificate(provider, octets)));
}

/** Writes a revocation list, in place of the one before it if any, never half. */
export function saveRevocationList(path: string, list: RevocationList): void {
  replace(path, armor("QZMQ REVOCATION LIST", list.encoded));
}

/** Reads a revocation list. Throws {@link UsageError} `EINVAL`. */
export function loadRevocationList(path: string): RevocationList {
  const [block] = readBlocks(path, "QZMQ REVOCATION LIST", "one");
  return parse(path, () => decodeRevocationList(block!.octets));
}

/** Writes a pin file, in place of the one before it if any, never half. Comments that were in it are lost. */
export function savePins(path: string, pins: readonly Pin[]): void {
  replace(path, formatPins(pins));
}

/** Reads a pin file. Throws {@link UsageError} `EINVAL`, naming the line at fault. */
export function loadPins(path: string): Pin[] {
  const text = read(path, "public");
  return parse(path, () => parsePins(text));
}

/** Where an identity is kept. */
export interface IdentityFiles {
  /** The private key. */
  readonly key: string;
  /** Its passphrase, UTF-8 in Unicode normal form C. */
  readonly passphrase?: Uint8Array;
  /** Its certificates, end entity first; without, the key travels bare, for peers that pin it. */
  readonly certificates?: string;
}

/** Makes a signer of a private key; copies the seed. */
export type SignerMaker = (algorithm: SignatureName, seed: Uint8Array) => Signer;

/**
 * Reads an identity. `makeSigner` says where its key goes, such as to a `WorkerSigner`; by default it stays in this
 * thread and signs hedged. Rejects with {@link UsageError}, also when the certificates are not for the key.
 */
export async function loadIdentity(
  provider: CryptoProvider,
  files: IdentityFiles,
  makeSigner: SignerMaker = (algorithm, seed) => localSigner(provider, algorithm, seed, provider.random),
): Promise<Identity> {
  const chain = files.certificates === undefined ? null : loadCertificates(provider, files.certificates);
  const { algorithm, seed } = loadPrivateKey(provider, files.key, files.passphrase ?? null);
  try {
    const signer = makeSigner(algorithm, seed);
    if (chain === null) return await bareIdentity(provider, signer);
    return parse(files.certificates!, () => makeIdentity(signer, chain));
  } finally {
    wipe(seed);
  }
}

function readBlocks(
  path: string,
  label: ArmorLabel,
  count: "one" | "some",
  secrecy: "secret" | "public" = "public",
): ArmorBlock[] {
  const text = read(path, secrecy);
  const blocks = parse(path, () => dearmor(text));
  const other = blocks.find((block) => block.label !== label);
  if (other !== undefined) throw fault("EINVAL", path, `holds a ${other.label}, where a ${label} is wanted`);
  if (blocks.length === 0) throw fault("EINVAL", path, `holds no ${label}`);
  if (count === "one" && blocks.length > 1) throw fault("EINVAL", path, `holds more than one ${label}`);
  return blocks;
}

/** The text of a file. */
function read(path: string, secrecy: "secret" | "public"): string {
  const octets = readOctets(path, secrecy);
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
  if (secrecy === "secret") wipe(octets);
  return text;
}

/** What is in a file. */
function readOctets(path: string, secrecy: "secret" | "public"): Uint8Array {
  return parse(path, () =>
    attempt(path, () =>
      readSmallFile(path, MAX_ARMOR, ({ mode, uid }) => {
        if (secrecy === "secret") checkOwnership(path, mode, uid);
      }),
    ),
  );
}

function checkOwnership(path: string, mode: number, uid: number): void {
  // Windows has neither: `getuid` is what tells.
  if (process.getuid === undefined) return;
  if ((mode & NOT_OWNER) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, "0");
    throw fault("EACCES", path, `has mode ${octal}; a private key must be its owner's alone (chmod 600)`);
  }
  if (uid !== process.getuid() && uid !== 0) {
    throw fault("EACCES", path, `belongs to user ${uid}; a private key must be ours or root's`);
  }
}

function writeNew(path: string, text: string, mode: number): void {
  attempt(path, () => writeFileSync(path, text, { flag: "wx", mode }));
}

function replace(path: string, text: string): void {
  const fresh = `${path}.${process.pid}.new`;
  try {
    writeNew(fresh, text, 0o644);
    attempt(path, () => renameSync(fresh, path));
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Which version of a file is there now: it changes whenever the file does. */
export function fileVersion(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = attempt(path, () => statSync(path, { bigint: true }));
  return `${dev}.${ino}.${size}.${mtimeNs}.${ctimeNs}`;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof UsageError) throw error;
    if (code === "EEXIST") throw fault("EINVAL", path, "exists already, and is not overwritten", error);
    if (code === "EACCES" || code === "EPERM") throw fault("EACCES", path, "cannot be accessed", error);
    throw fault("EINVAL", path, `cannot be used (${code})`, error);
  }
}

function parse<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const ours = error instanceof LayoutError || error instanceof KeyFileError || error instanceof RangeError;
    if (!ours) throw error;
    throw fault("EINVAL", path, error.message, error);
  }
}

function fault(code: UsageErrorCode, path: string, what: string, cause?: unknown): UsageError {
  const error = new UsageError(code, `${path}: ${what}`);
  if (cause !== undefined) error.cause = cause;
  return error;
}
