/** `qzmq cert ca`: a new authority, or a new certificate for an old one. */
import { wipe } from "../bytes/constant-time.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";
import { hex } from "../mechanism/qzmq/algorithm.ts";
import { armor } from "../mechanism/qzmq/armor.ts";
import { type CertificateFields, issueCertificate } from "../mechanism/qzmq/certificate.ts";
import type { PrivateKey } from "../mechanism/qzmq/keyfile.ts";
import { localSigner } from "../mechanism/qzmq/signer.ts";
import type { Args } from "./args.ts";
import { type Command, type Io, NO_OPERANDS } from "./command.ts";
import { FORCE_OPTION, type NewFile, writeFiles } from "./files.ts";
import { freshKey, openKey } from "./keygen.ts";
import { nameOf, SIG_OPTION, showDate, signatureOf } from "./names.ts";
import { PROTECT_OPTIONS } from "./passphrase.ts";
import { JSON_OPTION, print } from "./print.ts";
import { VALIDITY_OPTIONS, validityOf } from "./validity.ts";

const DAYS = 3650;

/** See the head of this file. */
export const certCa: Command = {
  operands: NO_OPERANDS,
  options: [
    { name: "out", kind: "value", value: "NAME", about: "the files' name, without .key, .pub and .crt" },
    { name: "name", kind: "value", value: "SUBJECT", about: "what the authority is called" },
    {
      name: "path-length",
      kind: "value",
      value: "N",
      about: "authorities that may follow below it: 0 (default) to 3",
    },
    {
      name: "key",
      kind: "value",
      value: "FILE",
      about: "certify this private key again instead of making one",
    },
    { ...SIG_OPTION, about: `${SIG_OPTION.about}; default mldsa65` },
    ...VALIDITY_OPTIONS.map((spec) =>
      spec.name === "days" ? { ...spec, about: `${spec.about}; default ${DAYS}` } : spec,
    ),
    ...PROTECT_OPTIONS,
    FORCE_OPTION,
    JSON_OPTION,
  ],
  notes: [
    "Peers trust NAME.crt. Keep NAME.key where nobody else can read it, under a passphrase (--passphrase).",
  ],
  async run(args, io) {
    const base = args.required("out", "NAME");
    const subject = nameOf("--name", args.required("name", "SUBJECT, such as root.example.org"));
    const pathLength = args.integer("path-length", 0, 3) ?? 0;
    const validity = validityOf(args, io.now(), DAYS);
    const provider = cryptoProvider("auto");
    const { key, files } = await keyOf(provider, base, args, io);
    const signer = localSigner(provider, key.algorithm, key.seed, provider.random);
    wipe(key.seed);
    const fields: CertificateFields = {
      serial: provider.random(16),
      subject,
      alternativeNames: [],
      usage: { kind: "authority", pathLength },
      ...validity,
      algorithm: signer.algorithm,
      publicKey: signer.publicKey,
      extensions: [],
    };
    const certificate = await issueCertificate(provider, fields, signer).finally(() => signer.dispose());
    const file = `${base}.crt`;
    const text = armor("QZMQ CERTIFICATE", certificate.encoded);
    writeFiles(
      "--out",
      [...files, { path: file, text, secrecy: "public" }],
      args.has("force") ? "replace" : "new",
    );
    const pin = hex(certificate.keyId);
    const value = {
      certificate: file,
      key: args.text("key") ?? `${base}.key`,
      subject,
      algorithm: signer.algorithm,
      pin,
    };
    await print(args, io, { ...value, notAfter: validity.notAfter }, [
      ...files.map(
        ({ path, secrecy }) =>
          `${path}: ${secrecy === "secret" ? "private" : "public"} key, ${key.algorithm}`,
      ),
      `${file}: authority ${subject}, until ${showDate(validity.notAfter)}`,
      `pin ${pin}`,
    ]);
  },
};

/** The authority's key, made or opened, with the files that are still to be written for it. */
async function keyOf(
  provider: CryptoProvider,
  base: string,
  args: Args,
  io: Io,
): Promise<{ readonly key: PrivateKey; readonly files: readonly NewFile[] }> {
  args.atMostOneOf("key", "sig");
  args.atMostOneOf("key", "passphrase");
  const path = args.text("key");
  if (path !== undefined) return { key: await openKey(provider, "--key", path, args, io), files: [] };
  return freshKey(provider, signatureOf(args, "ML-DSA-65"), base, args, io);
}
