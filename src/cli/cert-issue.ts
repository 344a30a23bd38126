/** `qzmq cert issue`: an authority certifies somebody's public key. */
import type { CryptoProvider } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";
import { hex, keyFingerprint } from "../mechanism/qzmq/algorithm.ts";
import { armor } from "../mechanism/qzmq/armor.ts";
import { type CertificateFields, issueCertificate, type Usage } from "../mechanism/qzmq/certificate.ts";
import { MAX_CHAIN } from "../mechanism/qzmq/identity.ts";
import { loadPublicKey } from "../net/identity-files.ts";
import type { Args } from "./args.ts";
import { type Authority, CA_OPTION, openAuthority } from "./authority.ts";
import { type Command, NO_OPERANDS } from "./command.ts";
import { Fault } from "./fault.ts";
import { FORCE_OPTION, writeFiles } from "./files.ts";
import { nameOf, showDate } from "./names.ts";
import { OPEN_OPTION } from "./passphrase.ts";
import { JSON_OPTION, print } from "./print.ts";
import { reading } from "./trouble.ts";
import { VALIDITY_OPTIONS, type Validity, validityOf } from "./validity.ts";

const DAYS = 365;

/** See the head of this file. */
export const certIssue: Command = {
  operands: NO_OPERANDS,
  options: [
    CA_OPTION,
    { name: "pub", kind: "value", value: "FILE", about: "the public key, from qzmq keygen" },
    {
      name: "name",
      kind: "value",
      value: "SUBJECT",
      about: "its holder's identity, such as broker.example.org",
    },
    { name: "alt", kind: "values", value: "NAME", about: "a further name it answers to; may be repeated" },
    { name: "role", kind: "value", value: "ROLE", about: "server, client, or both" },
    { name: "authority", kind: "flag", about: "instead of --role: its holder may issue certificates too" },
    {
      name: "path-length",
      kind: "value",
      value: "N",
      about: "with --authority: authorities that may follow below it; default 0",
    },
    ...VALIDITY_OPTIONS.map((spec) =>
      spec.name === "days"
        ? { ...spec, about: `${spec.about}; default ${DAYS}, not beyond the authority's own end` }
        : spec,
    ),
    {
      name: "out",
      kind: "value",
      value: "FILE",
      about: "where the certificate goes; default: beside FILE.pub, as FILE.crt",
    },
    OPEN_OPTION,
    FORCE_OPTION,
    JSON_OPTION,
  ],
  notes: [
    "The file holds the certificate and those of the authorities between it and the one that peers trust.",
  ],
  async run(args, io) {
    const subject = nameOf("--name", args.required("name", "SUBJECT, such as broker.example.org"));
    const alternativeNames = [...new Set(args.texts("alt"))].map((name) => nameOf("--alt", name));
    const usage = usageOf(args);
    const asked = validityOf(args, io.now(), DAYS);
    const provider = cryptoProvider("auto");
    const { path, key } = publicKeyOf(provider, args);
    const out = args.text("out") ?? path.replace(/(\.pub)?$/, ".crt");
    const authority = await openAuthority(provider, args, io);
    try {
      checkUsage(usage, authority);
      const validity = within(asked, authority, args);
      const fields: CertificateFields = {
        serial: provider.random(16),
        subject,
        alternativeNames: alternativeNames.filter((name) => name !== subject),
        usage,
        ...validity,
        ...key,
        extensions: [],
      };
      const chain = [await issue(provider, fields, authority), ...authority.chain];
      const text = chain.map(({ encoded }) => armor("QZMQ CERTIFICATE", encoded)).join("");
      writeFiles("--out", [{ path: out, text, secrecy: "public" }], args.has("force") ? "replace" : "new");
      const pin = hex(keyFingerprint(provider, key.algorithm, key.publicKey));
      const serial = hex(fields.serial);
      const roles = usage.kind === "authority" ? ["authority"] : usage.roles;
      const until = validity.notAfter;
      await print(args, io, { certificate: out, subject, roles, serial, pin, notAfter: until }, [
        `${out}: ${subject}, ${roles.join(" and ")}, until ${showDate(until)}`,
        `serial ${serial}`,
        `pin ${pin}`,
      ]);
    } finally {
      authority.signer.dispose();
    }
  },
};

function usageOf(args: Args): Usage {
  args.atMostOneOf("role", "authority");
  if (args.has("authority")) {
    return { kind: "authority", pathLength: args.integer("path-length", 0, 3) ?? 0 };
  }
  if (args.has("path-length")) {
    throw new Fault("usage", "--path-length is for authorities only", "add --authority, or leave it out");
  }
  args.required("role", "server, --role client or --role both; or --authority");
  const role = args.choice("role", ["server", "client", "both"], "both");
  return { kind: "end-entity", roles: role === "both" ? ["server", "client"] : [role] };
}

function publicKeyOf(provider: CryptoProvider, args: Args) {
  const path = args.required("pub", "FILE, the public key to certify");
  return { path, key: reading("--pub", path, () => loadPublicKey(provider, path)) };
}

function checkUsage(usage: Usage, { certificate, pathLength, chain }: Authority): void {
  const authority = `--ca ${certificate.subject}`;
  if (usage.kind === "authority" && usage.pathLength >= pathLength) {
    throw new Fault(
      "failed",
      `${authority}: its certificate allows ${pathLength} authorities below it, not ${usage.pathLength + 1}`,
      "use a lower --path-length, or an authority made with a higher one",
    );
  }
  if (chain.length + 1 > MAX_CHAIN) {
    throw new Fault(
      "failed",
      `${authority}: is ${chain.length} deep already`,
      "use an authority nearer to the root",
    );
  }
}

/** The validity, which nobody can use beyond the authority's: a default is cut, a wish refused. */
function within(asked: Validity, { certificate }: Authority, args: Args): Validity {
  const { subject, notBefore, notAfter } = certificate;
  const own = `${showDate(notBefore)} to ${showDate(notAfter)}`;
  if (asked.notBefore > notAfter || asked.notBefore < notBefore) {
    throw new Fault(
      "failed",
      `--ca ${subject}: is valid from ${own} only`,
      "renew it (qzmq cert ca --key), or change --from",
    );
  }
  if (asked.notAfter <= notAfter) return asked;
  if (!args.has("days") && !args.has("until")) return { ...asked, notAfter };
  throw new Fault(
    "failed",
    `--ca ${subject}: is valid from ${own} only`,
    "ask for fewer --days, or an earlier --until",
  );
}

async function issue(provider: CryptoProvider, fields: CertificateFields, { signer }: Authority) {
  try {
    return await issueCertificate(provider, fields, signer);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault("usage", error.message, "give fewer or shorter names (--name, --alt)");
  }
}
