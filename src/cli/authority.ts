/** An authority as commands use it: NAME.key and NAME.crt, opened and checked. */
import { equalSecret, wipe } from "../bytes/constant-time.ts";
import type { CryptoProvider } from "../crypto/provider.ts";
import type { Certificate } from "../mechanism/qzmq/certificate.ts";
import { type LocalSigner, localSigner } from "../mechanism/qzmq/signer.ts";
import { loadCertificates } from "../net/identity-files.ts";
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";
import { Fault } from "./fault.ts";
import { openKey } from "./keygen.ts";
import { reading } from "./trouble.ts";

/** For commands in which an authority signs. */
export const CA_OPTION: OptionSpec = {
  name: "ca",
  kind: "value",
  value: "NAME",
  about: "the authority: its key is in NAME.key, its certificate in NAME.crt",
};

/** An authority that can sign. */
export interface Authority {
  readonly certificate: Certificate;
  readonly pathLength: number;
  /** What goes below a certificate that it issues: its own chain, without a self-issued certificate. */
  readonly chain: readonly Certificate[];
  /** Whoever gets it disposes of it. */
  readonly signer: LocalSigner;
}

/** Opens the authority of `--ca`. Throws {@link Fault}. */
export async function openAuthority(provider: CryptoProvider, args: Args, io: Io): Promise<Authority> {
  const base = args.required("ca", "NAME, for the authority in NAME.key and NAME.crt");
  const path = `${base}.crt`;
  const chain = reading("--ca", path, () => loadCertificates(provider, path));
  const certificate = chain[0]!;
  const { usage, algorithm, publicKey } = certificate;
  if (usage.kind !== "authority") {
    throw new Fault(
      "failed",
      `--ca ${path}: certificate 1 (${certificate.subject}) is not an authority's`,
      "name an authority: make one with `qzmq cert ca`, or issue a certificate with --authority",
    );
  }
  const key = await openKey(provider, "--ca", `${base}.key`, args, io);
  const signer = localSigner(provider, key.algorithm, key.seed, provider.random);
  wipe(key.seed);
  if (key.algorithm !== algorithm || !equalSecret(signer.publicKey, publicKey)) {
    signer.dispose();
    throw new Fault(
      "failed",
      `--ca ${path}: certificate 1 (${certificate.subject}) is not for the key in ${base}.key`,
      "put the two files of one authority side by side",
    );
  }
  return { certificate, pathLength: usage.pathLength, chain: chain.filter((c) => !isRoot(c)), signer };
}

/** Whether a certificate is self-issued, as those are that people trust. */
export function isRoot(certificate: Certificate): boolean {
  return equalSecret(certificate.keyId, certificate.issuerKeyId);
}
