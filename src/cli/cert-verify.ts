/** `qzmq cert verify`: whether we would believe a peer that shows these certificates. */
import type { CryptoProvider } from "../crypto/provider.ts";
import { cryptoProvider } from "../crypto/select.ts";
import { hex, signaturesOfMode } from "../mechanism/qzmq/algorithm.ts";
import type { Role } from "../mechanism/qzmq/certificate.ts";
import { Trust, type TrustOptions } from "../mechanism/qzmq/trust.ts";
import type { Expected, RefusalCause } from "../mechanism/qzmq/verdict.ts";
import { loadCertificates, loadPins, loadRevocationList } from "../net/identity-files.ts";
import type { Args } from "./args.ts";
import type { Command } from "./command.ts";
import { Fault } from "./fault.ts";
import { dateOf, MODE_OPTIONS, modeOf, nameOf } from "./names.ts";
import { JSON_OPTION, print } from "./print.ts";
import { reading } from "./trouble.ts";

const MENDS: Partial<Readonly<Record<RefusalCause, string>>> = {
  untrusted: "trust its authority with --ca, or its key with --pins; `qzmq pin FILE` prints the pin",
  algorithm: "issue it for a key that the mode allows, or choose another --mode",
  issuer: "put the certificates in order: end entity first, each issued by the next",
  "not-yet-valid": "check the clock, or wait",
  expired: "issue it again: qzmq cert issue",
  usage: "issue it for this role: qzmq cert issue --role",
  name: "name it with --name as its certificate does, or issue it for that name",
  "revocation-missing": "give the authority's list with --crl",
  "revocation-expired": "get the authority's newest list (qzmq cert revoke)",
  revoked: "do not trust it; its holder needs a new key and certificate",
};

/** See the head of this file. */
export const certVerify: Command = {
  operands: { name: "FILE", min: 1, max: 1 },
  options: [
    {
      name: "ca",
      kind: "values",
      value: "FILE",
      about: "certificates of trusted authorities; may be repeated",
    },
    { name: "pins", kind: "values", value: "FILE", about: "a pin file; may be repeated" },
    { name: "crl", kind: "values", value: "FILE", about: "an authority's revocation list; may be repeated" },
    { name: "require-crl", kind: "flag", about: "refuse when the authority has no current list" },
    { name: "role", kind: "value", value: "ROLE", about: "server (default) or client" },
    { name: "name", kind: "value", value: "NAME", about: "the name that a server is expected to have" },
    { name: "at", kind: "value", value: "DATE", about: "judge as of that time; default now" },
    ...MODE_OPTIONS,
    JSON_OPTION,
  ],
  async run(args, io) {
    const provider = cryptoProvider("auto");
    const [path] = args.operands as [string];
    const expected = expectedOf(args);
    const at = args.text("at");
    const now = at === undefined ? io.now() : dateOf("--at", at);
    const trust = trustOf(provider, args);
    const chain = reading("", path, () => loadCertificates(provider, path));
    const verdict = trust.verifyAtOnce(
      chain.map(({ encoded }) => encoded),
      expected,
      now,
    );
    if (verdict.kind === "refused") {
      const { cause, detail } = verdict;
      const mend = MENDS[cause] ?? "look at it with `qzmq cert show`, and issue it again";
      if (args.has("json")) await print(args, io, { file: path, verdict: "refused", cause, detail }, []);
      throw new Fault("failed", `${path}: refused (${cause}): ${detail}`, mend);
    }
    const { kind, identity, fingerprint } = verdict;
    await print(args, io, { file: path, verdict: kind, identity, pin: hex(fingerprint) }, [
      `${path}: good, ${kind} as ${identity}`,
    ]);
  },
};

function expectedOf(args: Args): Expected {
  const role = args.choice<Role>("role", ["server", "client"], "server");
  const name = args.text("name");
  if (role === "client" && name !== undefined) {
    throw new Fault("usage", "--name is for servers: no name is expected of a client", "leave it out");
  }
  const value = name === undefined ? null : nameOf("--name", name);
  return {
    role,
    algorithms: signaturesOfMode(modeOf(args)),
    name: role === "client" ? "any" : value === null ? null : { value, from: "configured" },
  };
}

function trustOf(provider: CryptoProvider, args: Args): Trust {
  if (!args.has("ca") && !args.has("pins")) {
    throw new Fault("usage", "nothing is trusted", "add --ca FILE, --pins FILE, or both");
  }
  const options: TrustOptions = {
    mode: modeOf(args),
    authorities: args
      .texts("ca")
      .flatMap((path) => reading("--ca", path, () => loadCertificates(provider, path))),
    pins: args.texts("pins").flatMap((path) => reading("--pins", path, () => loadPins(path))),
    revocationLists: args.texts("crl").map((path) => reading("--crl", path, () => loadRevocationList(path))),
    revocation: args.has("require-crl") ? "required" : "optional",
  };
  try {
    return new Trust(provider, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault(
      "failed",
      `${args.texts("ca").concat(args.texts("pins"), args.texts("crl")).join(", ")}: ${error.message}`,
      "give self-issued certificates of authorities, each pin once, and lists that these authorities signed",
    );
  }
}
