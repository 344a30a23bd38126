/** QZMQ at the command line: who we are, whom we believe, and which suites will do. */
import { wipe } from "../bytes/constant-time.ts";
import { UsageError } from "../errors.ts";
import { qzmq } from "../index.ts";
import { bareIdentity, type Identity, makeIdentity } from "../mechanism/qzmq/identity.ts";
import type { Signer } from "../mechanism/qzmq/signer.ts";
import { identitySigner } from "../net/adaptive-signer.ts";
import { loadCertificates, loadPins, loadRevocationList } from "../net/identity-files.ts";
import { PROVIDER } from "../security.ts";
import type { Socket } from "../sockets.ts";
import type { Args } from "./args.ts";
import type { Io } from "./command.ts";
import type { Security, Sides } from "./endpoints.ts";
import { Fault } from "./fault.ts";
import { openKey } from "./keygen.ts";
import { modeOf, nameOf, octetsOf } from "./names.ts";
import { suitesOf } from "./suites.ts";
import { keyLogFault, reading } from "./trouble.ts";

const FILES = ["trust", "pins", "crl", "require-crl"];

/** QZMQ as the options say. Throws {@link Fault}. */
export async function qzmqFrom(args: Args, io: Io): Promise<Security> {
  const settings = { mode: modeOf(args), suites: suitesOf(args), keyLog: args.has("keylog") };
  const serverName = args.has("server-name") ? nameOf("--server-name", args.text("server-name")!) : undefined;
  const trust = trustOf(args);
  const { identity, signer } = await identityOf(args, io);
  const made: qzmq.Security[] = [];

  const secure = (role: "server" | "client"): qzmq.Security => {
    if (role === "client") {
      if (trust === null)
        throw new Fault("usage", "no server is trusted", "add --trust FILE, --pins FILE or --pin HEX");
      return qzmq.client({
        ...settings,
        trust,
        ...(identity === null ? {} : { identity }),
        ...(serverName === undefined ? {} : { serverName }),
      });
    }
    if (identity === null)
      throw new Fault("usage", "a server without an identity", "add --identity-file FILE");
    if (serverName !== undefined) {
      throw new Fault(
        "usage",
        "--server-name is for clients",
        "leave it out: a server shows its certificate",
      );
    }
    checkSuites(settings.suites, identity);
    return qzmq.server({ ...settings, identity, ...(trust === null ? {} : { trust }) });
  };
  return {
    apply(socket: Socket, sides: Sides): void {
      const security = unlessUnfit(() => secure(roleOf(args, sides)));
      made.push(security);
      socket.security = security;
    },
    close(): void {
      for (const security of made) security.dispose();
      void signer?.dispose?.();
    },
  };
}

/** The role of a socket: that of `--role`, else it follows from who binds. */
function roleOf(args: Args, { bind, connect }: Sides): "server" | "client" {
  if (args.has("role")) return args.choice("role", ["server", "client"] as const, "server");
  if (args.has(bind) && args.has(connect)) {
    throw new Fault(
      "usage",
      `--${bind} and --${connect} at once: server or client?`,
      "add --role server or --role client",
    );
  }
  return args.has(bind) ? "server" : "client";
}

async function identityOf(
  args: Args,
  io: Io,
): Promise<{ readonly identity: Identity | null; readonly signer: Signer | null }> {
  const path = args.text("identity-file");
  const certificates = args.text("certificate");
  if (path === undefined) {
    if (certificates === undefined) return { identity: null, signer: null };
    throw new Fault("usage", "--certificate without its key", "add --identity-file FILE");
  }
  const chain =
    certificates === undefined
      ? null
      : reading("--certificate", certificates, () => loadCertificates(PROVIDER, certificates));
  const { algorithm, seed } = await openKey(PROVIDER, "--identity-file", path, args, io);
  const signer = identitySigner(PROVIDER, algorithm, seed);
  wipe(seed);
  try {
    return {
      identity: chain === null ? await bareIdentity(PROVIDER, signer) : makeIdentity(signer, chain),
      signer,
    };
  } catch (error) {
    void signer.dispose?.();
    if (!(error instanceof RangeError)) throw error;
    throw new Fault(
      "failed",
      `--certificate ${certificates}: ${error.message}`,
      `give the certificates that were issued for ${path}, end entity first`,
    );
  }
}

function trustOf(args: Args): qzmq.TrustInput | null {
  if (args.has("pin")) {
    const file = FILES.find((name) => args.has(name));
    if (file !== undefined) {
      throw new Fault(
        "usage",
        `--pin and --${file} exclude each other`,
        "put the pin into a file, for --pins",
      );
    }
    return {
      pins: args.texts("pin").map((text) => ({ fingerprint: octetsOf("--pin", text, 32), name: null })),
    };
  }
  const [authorities, pins, revocationLists] = [args.texts("trust"), args.texts("pins"), args.texts("crl")];
  if (authorities.length + pins.length === 0) {
    const idle = ["crl", "require-crl"].find((name) => args.has(name));
    if (idle === undefined) return null;
    throw new Fault("usage", `--${idle} without an authority`, "add --trust FILE");
  }
  // Read once here, so that what is wrong with one is told by its option; then again whenever one changes.
  for (const path of authorities) reading("--trust", path, () => loadCertificates(PROVIDER, path));
  for (const path of pins) reading("--pins", path, () => loadPins(path));
  for (const path of revocationLists) reading("--crl", path, () => loadRevocationList(path));
  const revocation = args.has("require-crl") ? "required" : "optional";
  return { files: { authorities, pins, revocationLists, revocation } };
}

function checkSuites(suites: readonly qzmq.Suite[], { signer }: Identity): void {
  if (suites.some(({ signature }) => signature === signer.algorithm)) return;
  throw new Fault(
    "failed",
    `--identity-file: a key of ${signer.algorithm}, which no suite that is left has`,
    "make a key for the suite (qzmq keygen --sig), or choose another --suite or --mode",
  );
}

/** What the files say together may be unfit though each of them is well. */
function unlessUnfit<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof UsageError) throw keyLogFault(error);
    if (!(error instanceof RangeError)) throw error;
    throw new Fault(
      "failed",
      `QZMQ: ${error.message}`,
      "see that authorities are self-issued, allowed by --mode, and that each list is one of theirs",
    );
  }
}
