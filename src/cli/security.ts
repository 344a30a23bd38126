/** Security of the commands' sockets: {@link securityFrom} is the one place that reads these options. */
import type { Args, OptionSpec } from "./args.ts";
import type { Io } from "./command.ts";
import type { Security } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { KEY_LOG_OPTION } from "./names.ts";
import { OPEN_OPTION } from "./passphrase.ts";
import { PLAIN_OPTIONS, plainFrom } from "./plain.ts";
import { SUITE_OPTIONS } from "./suites.ts";

const QZMQ_OPTIONS: readonly OptionSpec[] = [
  { name: "identity-file", kind: "value", value: "FILE", about: "QZMQ: our private key, from qzmq keygen" },
  {
    name: "certificate",
    kind: "value",
    value: "FILE",
    about: "our certificates; without, peers must pin the key",
  },
  OPEN_OPTION,
  {
    name: "trust",
    kind: "values",
    value: "FILE",
    about: "certificates of authorities to trust; may be repeated",
  },
  { name: "pins", kind: "values", value: "FILE", about: "a pin file of keys to trust; may be repeated" },
  { name: "crl", kind: "values", value: "FILE", about: "an authority's revocation list; may be repeated" },
  { name: "require-crl", kind: "flag", about: "refuse peers whose authority has no current list" },
  { name: "pin", kind: "values", value: "HEX", about: "a key to trust, instead of files; may be repeated" },
  {
    name: "server-name",
    kind: "value",
    value: "NAME",
    about: "the name the server must have; default the endpoint's host",
  },
  {
    name: "role",
    kind: "value",
    value: "ROLE",
    about: "server or client, when that is not who binds and who connects",
  },
  KEY_LOG_OPTION,
  ...SUITE_OPTIONS,
];

/** Those that ask for QZMQ; the others say more of it. */
const SWITCHES = ["identity-file", "trust", "pins", "pin"];

/** For commands that make sockets. */
export const SECURITY_OPTIONS: readonly OptionSpec[] = [...QZMQ_OPTIONS, ...PLAIN_OPTIONS];

/** What help says of them. */
export const SECURITY_NOTES: readonly string[] = [
  "QZMQ is on when an identity or trust is given. The side that binds plays the server, and needs an identity; the",
  "side that connects plays the client, and needs trust. Servers that trust want to know each client.",
  "PLAIN sends the password as it is: use it on networks that nobody can listen to.",
];

/** The security that the options ask for. Throws {@link Fault}. */
export async function securityFrom(args: Args, io: Io): Promise<Security> {
  const wanted = SWITCHES.some((name) => args.has(name));
  const idle = QZMQ_OPTIONS.find(({ name }) => args.has(name));
  if (!wanted && idle !== undefined) {
    throw new Fault(
      "usage",
      `--${idle.name} alone secures nothing`,
      "add --identity-file, or --trust, --pins or --pin",
    );
  }
  // Loaded for those who use it: it brings all of QZMQ's cryptography.
  const qzmq = wanted ? await (await import("./secure.ts")).qzmqFrom(args, io) : null;
  if (qzmq !== null && PLAIN_OPTIONS.some(({ name }) => args.has(name))) {
    qzmq.close();
    throw new Fault(
      "usage",
      "options of PLAIN and of QZMQ exclude each other",
      "leave out those that begin --plain",
    );
  }
  return qzmq ?? (await plainFrom(args, io)) ?? { apply: () => {}, close: () => {} };
}
