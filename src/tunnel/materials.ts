/** Keys, certificates and trust of a configuration, read and checked: what its links need beside their settings. */
import type { Configuration, FileAt, LinkConfiguration, TrustSettings } from "../config/configuration.ts";
import { fileTrouble } from "../config/file-trouble.ts";
import { type At, type Problem, Report } from "../config/report.ts";
import { UsageError } from "../errors.ts";
import { signaturesOfMode } from "../mechanism/qzmq/algorithm.ts";
import type { Identity } from "../mechanism/qzmq/identity.ts";
import { suiteByName } from "../mechanism/qzmq/suite.ts";
import { loadCertificates, loadPins, loadRevocationList } from "../net/identity-files.ts";
import { TrustFiles } from "../net/trust-files.ts";
import { PROVIDER } from "../security.ts";
import { type AskPassphrase, LoadedIdentities, PartFault, part } from "./identities.ts";

/** A key whose passphrase nobody could be asked for; the message says what to do. */
export class NoPassphrase extends Error {
  override readonly name = "NoPassphrase";
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.mend = mend;
  }
}

/** What the files hold. Whoever gets it disposes of the identities, also when there are problems. */
export interface Materials {
  readonly identities: LoadedIdentities;
  /** What keeps the configuration from running. */
  readonly problems: readonly Problem[];
  /** What an operator should know all the same. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads all files that the links name; an identity that is one of `former`'s is shared with it. `now` is Unix time in
 * seconds. When it rejects nobody has to dispose of anything.
 */
export async function loadMaterials(
  { links }: Configuration,
  former: LoadedIdentities | null,
  ask: AskPassphrase,
  now: number,
): Promise<Materials> {
  const identities = new LoadedIdentities(former);
  try {
    return await loadAll(links, identities, ask, now);
  } catch (error) {
    identities.dispose(former);
    throw error;
  }
}

async function loadAll(
  links: readonly LinkConfiguration[],
  identities: LoadedIdentities,
  ask: AskPassphrase,
  now: number,
): Promise<Materials> {
  const [report, warnings] = [new Report(), new Report()];
  // A passphrase is asked for once, however many links have the key.
  const failed = new Set<string>();
  const checked = new Set<string>();
  for (const link of links) {
    if (link.identity !== null && !failed.has(link.identity.key.file)) {
      try {
        const identity = await identities.load(link.identity, ask);
        checkIdentity(link, identity, report);
        warnOfDates(link, identity, now, warnings);
      } catch (error) {
        failed.add(link.identity.key.file);
        addPart(error, link.identity.key, report);
      }
    }
    const trust = JSON.stringify([link.trust, link.mode]);
    if (link.trust !== null && !checked.has(trust)) checkTrust(link, link.trust, report);
    checked.add(trust);
  }
  return { identities, problems: report.problems, warnings: warnings.problems };
}

function addPart(error: unknown, key: FileAt, report: Report): void {
  if (error instanceof NoPassphrase) report.add(key, `${key.file}: ${error.message}`, error.mend);
  else if (!(error instanceof PartFault)) throw error;
  else addFile(error, report);
}

function addFile({ file, cause }: PartFault, report: Report): void {
  if (cause instanceof UsageError) {
    const { what, mend } = fileTrouble(file.file, cause);
    report.add(file, `${file.file}: ${what}`, mend);
  } else if (cause instanceof RangeError) {
    const mend = "give the certificates that were issued for this key, end entity first";
    report.add(file, `${file.file}: ${cause.message}`, mend);
  } else throw cause;
}

/** The suites of a server have its signature; a client's key is one that servers of its mode accept. */
function checkIdentity(
  { at, name, side, mode, suites }: LinkConfiguration,
  { signer }: Identity,
  report: Report,
): void {
  const { algorithm } = signer;
  const usable =
    side === "server"
      ? suites.some((suite) => suiteByName(suite).signature === algorithm)
      : signaturesOfMode(mode).includes(algorithm);
  if (usable) return;
  report.add(
    at,
    `the key of link ${name} is of ${algorithm}, which none of its suites has`,
    "make a key for the suite (`qzmq keygen --sig`), or choose another sig in suite",
  );
}

function warnOfDates(
  { identity }: LinkConfiguration,
  { chain }: Identity,
  now: number,
  warnings: Report,
): void {
  const file = identity?.certificates ?? null;
  if (file === null) return;
  for (const { subject, notBefore, notAfter } of chain) {
    if (now >= notBefore && now <= notAfter) continue;
    const when = now < notBefore ? "is not valid yet" : "has expired";
    warnings.add(
      file,
      `${file.file}: the certificate of ${subject} ${when}: peers refuse it`,
      "issue another one (`qzmq cert issue`), or set the clock",
    );
  }
}

/** First each file by itself, so that what is wrong with one is told by its place; then all together. */
function checkTrust(link: LinkConfiguration, trust: TrustSettings, report: Report): void {
  const read = (files: readonly FileAt[], load: (file: string) => unknown) =>
    files.map((file) => tried(file, load, report)).every((fine) => fine);
  const fine = [
    read(trust.pins, loadPins),
    read(trust.authorities, (file) => loadCertificates(PROVIDER, file)),
    read(trust.revocationLists, loadRevocationList),
  ];
  if (fine.includes(false)) return;
  try {
    new TrustFiles(PROVIDER, { ...trustFilesOf(trust), mode: link.mode }, () => {});
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof UsageError)) throw error;
    const mend =
      "see that authorities are self-issued, allowed by the mode, and that each list is one of theirs";
    report.add(trust.at satisfies At, error.message, mend);
  }
}

function tried(file: FileAt, load: (file: string) => unknown, report: Report): boolean {
  try {
    part(file, () => load(file.file));
    return true;
  } catch (error) {
    if (!(error instanceof PartFault)) throw error;
    addFile(error, report);
    return false;
  }
}

/** The files of a link's trust, as a socket's `trust` wants them. */
export function trustFilesOf({ pins, authorities, revocationLists, revocation }: TrustSettings) {
  const files = (list: readonly FileAt[]) => list.map(({ file }) => file);
  return {
    pins: files(pins),
    authorities: files(authorities),
    revocationLists: files(revocationLists),
    revocation,
  };
}
