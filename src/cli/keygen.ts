/** `qzmq keygen`: a new signing key. Also what other commands need to make and open keys. */
import { wipe } from "../bytes/constant-time.ts";
import { needsPassphrase } from "../config/file-trouble.ts";
import type { CryptoProvider, SignatureName } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";
import { hex, keyFingerprint } from "../mechanism/qzmq/algorithm.ts";
import { armor } from "../mechanism/qzmq/armor.ts";
import { encodePrivateKey, encodePublicKey, type PrivateKey } from "../mechanism/qzmq/keyfile.ts";
import { loadPrivateKey } from "../net/identity-files.ts";
import type { Args } from "./args.ts";
import { type Command, type Io, NO_OPERANDS } from "./command.ts";
import { FORCE_OPTION, type NewFile, writeFiles } from "./files.ts";
import { SIG_OPTION, signatureOf } from "./names.ts";
import { newPassphrase, oldPassphrase, PROTECT_OPTIONS } from "./passphrase.ts";
import { JSON_OPTION, print } from "./print.ts";
import { reading } from "./trouble.ts";

/** A key that was just made, and its files, not written yet. Whoever gets it wipes the seed. */
export interface FreshKey {
  readonly key: PrivateKey;
  readonly publicKey: Uint8Array;
  /** 32 octets. */
  readonly fingerprint: Uint8Array;
  readonly protected: boolean;
  readonly files: readonly NewFile[];
}

/** Makes a key for the files `base`.key and `base`.pub, protected as the options say. */
export async function freshKey(
  provider: CryptoProvider,
  algorithm: SignatureName,
  base: string,
  args: Args,
  io: Io,
): Promise<FreshKey> {
  const passphrase = await newPassphrase(args, io);
  const key = { algorithm, seed: provider.random(32) };
  const publicKey = provider.signatures[algorithm].publicKey(key.seed);
  const protection = passphrase === null ? null : { passphrase, random: provider.random };
  const octets = encodePrivateKey(provider, key, protection);
  const files: NewFile[] = [
    { path: `${base}.key`, text: armor("QZMQ PRIVATE KEY", octets), secrecy: "secret" },
    {
      path: `${base}.pub`,
      text: armor("QZMQ PUBLIC KEY", encodePublicKey({ algorithm, publicKey })),
      secrecy: "public",
    },
  ];
  wipe(octets);
  if (passphrase !== null) wipe(passphrase);
  const fingerprint = keyFingerprint(provider, algorithm, publicKey);
  return { key, publicKey, fingerprint, protected: passphrase !== null, files };
}

/** Opens a private key, asking for its passphrase if it has one. Throws {@link Fault}. */
export async function openKey(
  provider: CryptoProvider,
  place: string,
  path: string,
  args: Args,
  io: Io,
): Promise<PrivateKey> {
  try {
    return reading(place, path, () => loadPrivateKey(provider, path, null));
  } catch (error) {
    if (!needsPassphrase(error)) throw error;
  }
  const passphrase = await oldPassphrase(args, io, path);
  try {
    return reading(place, path, () => loadPrivateKey(provider, path, passphrase));
  } finally {
    wipe(passphrase);
  }
}

/** See the head of this file. */
export const keygen: Command = {
  operands: NO_OPERANDS,
  options: [
    { name: "out", kind: "value", value: "NAME", about: "the files' name, without .key and .pub" },
    { ...SIG_OPTION, about: `${SIG_OPTION.about}; default mldsa44` },
    ...PROTECT_OPTIONS,
    FORCE_OPTION,
    JSON_OPTION,
  ],
  notes: [
    "Give NAME.pub to an authority (qzmq cert issue), or its pin (qzmq pin) to your peers.",
    "Keys of ed25519 are for mode classical only: a quantum computer can forge their signatures.",
  ],
  async run(args, io) {
    const base = args.required("out", "NAME");
    const algorithm = signatureOf(args, "ML-DSA-44");
    const fresh = await freshKey(cryptoProvider("auto"), algorithm, base, args, io);
    wipe(fresh.key.seed);
    writeFiles("--out", fresh.files, args.has("force") ? "replace" : "new");
    const pin = hex(fresh.fingerprint);
    const [key, publicKey] = fresh.files.map(({ path }) => path);
    await print(args, io, { key, publicKey, algorithm, pin, protected: fresh.protected }, [
      `${key}: private key, ${algorithm}, ${fresh.protected ? "under a passphrase" : "not under a passphrase"}`,
      `${publicKey}: public key`,
      `pin ${pin}`,
    ]);
  },
};
