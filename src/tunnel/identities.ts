/** Identities from files, one for each key, shared by the links that name it and renewed while they run. */
import { wipe } from "../bytes/constant-time.ts";
import type { FileAt, IdentitySettings } from "../config/configuration.ts";
import { needsPassphrase } from "../config/file-trouble.ts";
import { bareIdentity, type Identity, makeIdentity } from "../mechanism/qzmq/identity.ts";
import type { PrivateKey } from "../mechanism/qzmq/keyfile.ts";
import type { Signer } from "../mechanism/qzmq/signer.ts";
import { identitySigner } from "../net/adaptive-signer.ts";
import { fileVersion, loadCertificates, loadPassphrase, loadPrivateKey } from "../net/identity-files.ts";
import { PROVIDER } from "../security.ts";

/** The passphrase of a key, the receiver's to wipe; rejects when there is nobody to ask. */
export type AskPassphrase = (keyFile: string) => Promise<Uint8Array>;

interface Loaded {
  readonly identity: Identity;
  readonly signer: Signer;
  /** Of the key file, as it was read. */
  readonly keyVersion: string;
}

/** Which files an identity is made of. */
function nameOf({ key, certificates, passphraseFile }: IdentitySettings): string {
  return JSON.stringify([key.file, certificates?.file, passphraseFile?.file]);
}

/** What was read of a set of identities, not in use yet. */
export class LoadedIdentities {
  readonly #loaded = new Map<string, Loaded>();
  readonly #former: ReadonlyMap<string, Loaded>;

  /** A key that `former` has, and whose file is as it was, is not read again: its passphrase need not be known. */
  constructor(former: LoadedIdentities | null) {
    this.#former = former === null ? new Map() : former.#loaded;
  }

  /** The identity of these files, read when they are first asked for. Rejects as {@link PartFault} says. */
  async load(settings: IdentitySettings, ask: AskPassphrase): Promise<Identity> {
    const name = nameOf(settings);
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.identity;
    const { key, certificates } = settings;
    const chain =
      certificates === null ? null : part(certificates, () => loadCertificates(PROVIDER, certificates.file));
    const keyVersion = part(key, () => fileVersion(key.file));
    const former = this.#former.get(name);
    const signer = former?.keyVersion === keyVersion ? former.signer : await open(settings, ask);
    try {
      const identity = chain === null ? await bareIdentity(PROVIDER, signer) : makeIdentity(signer, chain);
      this.#loaded.set(name, { identity, signer, keyVersion });
      return identity;
    } catch (error) {
      if (signer !== former?.signer) void signer.dispose?.();
      throw new PartFault(certificates ?? key, error);
    }
  }

  /** The identity of these files, if they were loaded. */
  find(settings: IdentitySettings): Identity | undefined {
    return this.#loaded.get(nameOf(settings))?.identity;
  }

  /** Overwrites the private keys that `others` do not have. */
  dispose(others: LoadedIdentities | null = null): void {
    const kept = new Set(others === null ? [] : [...others.#loaded.values()].map(({ signer }) => signer));
    for (const { signer } of this.#loaded.values()) if (!kept.has(signer)) void signer.dispose?.();
  }
}

/** Something that the configuration names could not be used; `cause` says why. */
export class PartFault extends Error {
  override readonly name = "PartFault";
  readonly file: FileAt;

  constructor(file: FileAt, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.file = file;
  }
}

/** Runs what reads a file. Throws {@link PartFault}. */
export function part<T>(file: FileAt, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new PartFault(file, error);
  }
}

async function open(settings: IdentitySettings, ask: AskPassphrase): Promise<Signer> {
  const { algorithm, seed } = await openKey(settings, ask);
  try {
    return identitySigner(PROVIDER, algorithm, seed);
  } finally {
    wipe(seed);
  }
}

async function openKey({ key, passphraseFile }: IdentitySettings, ask: AskPassphrase): Promise<PrivateKey> {
  try {
    return loadPrivateKey(PROVIDER, key.file, null);
  } catch (error) {
    if (!needsPassphrase(error)) throw new PartFault(key, error);
  }
  const passphrase =
    passphraseFile === null
      ? await ask(key.file)
      : part(passphraseFile, () => loadPassphrase(passphraseFile.file));
  try {
    return part(key, () => loadPrivateKey(PROVIDER, key.file, passphrase));
  } finally {
    wipe(passphrase);
  }
}
