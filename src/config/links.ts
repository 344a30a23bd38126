/** One link: what it says, joined with what all share, complete and safe. */
import { join } from "node:path";
import { parseEndpoint } from "../net/endpoint.ts";
import type { FileAt, IdentitySettings, LinkConfiguration, TrustSettings } from "./configuration.ts";
import { staysHere } from "./hosts.ts";
import type { Got } from "./kinds.ts";
import { type CommonPolicy, policyOf } from "./policy.ts";
import { type At, below, type Report } from "./report.ts";
import type { IdentityReading, LimitsReading, LinkReading, RootReading, TrustReading } from "./schema.ts";

/** What all links share. */
export interface Common {
  readonly root: RootReading;
  readonly policy: CommonPolicy;
  /** Absolute, of the configuration file; relative paths start here. */
  readonly folder: string;
}

/** The whole link; `null` when too little of it is right, which has been reported. */
export function linkOf(reading: Got<LinkReading>, common: Common, report: Report): LinkConfiguration | null {
  const { value: link, path, place } = reading;
  const at = { path, place };
  const { name, side, listen, connect } = link;
  need(name, at, "name", "the link", "add name: NAME", report);
  need(
    side,
    at,
    "side",
    "the link",
    "add side: client to accept plain connections here, or side: server",
    report,
  );
  need(listen, at, "listen", "the link", "add listen: tcp://127.0.0.1:PORT", report);
  need(connect, at, "connect", "the link", "add connect: tcp://HOST:PORT", report);
  if (name === undefined || side === undefined || listen === undefined || connect === undefined) return null;
  const phase = link.phase?.value ?? 1;
  const server = side.value === "server";
  refuseOtherSide(link, server, report);
  refuseRemotePlain(link, server ? connect : listen, server, report);
  const identity = identityOf(link.identity ?? common.root.identity, common.folder, report);
  const trust = trustOf(link.trust ?? common.root.trust, common.folder, report);
  const clientAuth = link.client_auth?.value ?? "required";
  const parts = { at, identity, trust, clientAuth };
  if (server) checkServer(parts, link, report);
  else checkClient(parts, link, connect, report);
  return {
    at,
    name: name.value,
    side: side.value,
    listen: listen.value,
    connect: connect.value,
    serverName: link.server_name?.value ?? null,
    phase,
    old: oldOf(link, report),
    clientAuth: server ? clientAuth : "none",
    ...policyOf(link, at, common.policy, phase, report),
    identity,
    trust,
    limits: limitsOf(link.limits?.value ?? {}, common.root.limits?.value ?? {}, at, report),
  };
}

/** Reports a key that is missing, unless it is there and wrong. */
function need(got: unknown, at: At, key: string, whose: string, mend: string, report: Report): void {
  if (got !== undefined || report.spoils(below(at.path, key))) return;
  report.add({ ...at, path: below(at.path, key) }, `${key} is missing: ${whose} needs it`, mend);
}

/** Keys that mean something on the other side only. */
function refuseOtherSide(link: LinkReading, server: boolean, report: Report): void {
  const foreign = server ? [link.server_name] : [link.client_auth, link.old, link.anti_dos];
  for (const got of foreign) {
    if (got === undefined) continue;
    const key = got.path.slice(got.path.lastIndexOf(".") + 1);
    report.add(
      got,
      `${key} is for links of side ${server ? "client" : "server"}`,
      "leave it out, or change side",
    );
  }
}

/** The plain leg carries everything in clear. */
function refuseRemotePlain(link: LinkReading, plain: Got<string>, server: boolean, report: Report): void {
  if (link.allow_remote?.value === true || staysHere(plain.value, server ? "connect" : "bind")) return;
  report.add(
    plain,
    `${JSON.stringify(plain.value)} is reached over a network, and this leg of the link is not protected`,
    "use tcp://127.0.0.1:PORT or ipc://PATH; or add allow_remote: true to the link if that network is your own",
  );
}

interface Parties {
  readonly at: At;
  readonly identity: IdentitySettings | null;
  readonly trust: TrustSettings | null;
  readonly clientAuth: LinkConfiguration["clientAuth"];
}

function checkServer({ at, identity, trust, clientAuth }: Parties, link: LinkReading, report: Report): void {
  if (identity === null && !spoiled(at, "identity", report)) {
    report.add(
      { ...at, path: below(at.path, "identity") },
      "identity is missing: a server shows who it is",
      "add identity: {key: FILE, certificates: FILE}, here or for all links; `qzmq keygen` makes a key",
    );
  }
  if (trust !== null || clientAuth === "none" || spoiled(at, "trust", report)) return;
  report.add(
    link.client_auth ?? { ...at, path: below(at.path, "trust") },
    "trust is missing: anybody could connect to the program behind this link",
    "add trust: {authorities: [FILE]} or {pins: [FILE]}, here or for all links; or client_auth: none to let anybody in",
  );
}

function checkClient({ at, trust }: Parties, link: LinkReading, connect: Got<string>, report: Report): void {
  if (trust === null) {
    if (spoiled(at, "trust", report)) return;
    report.add(
      { ...at, path: below(at.path, "trust") },
      "trust is missing: a client believes no server without it",
      "add trust: {authorities: [FILE]} or {pins: [FILE]}, here or for all links",
    );
    return;
  }
  const named = link.server_name !== undefined || spoiled(at, "server_name", report);
  if (named || trust.pins.length > 0 || parseEndpoint(connect.value, "connect").transport === "tcp") return;
  report.add(
    connect,
    `${JSON.stringify(connect.value)} has no host, so there is no name that the server's certificate must have`,
    "add server_name: NAME to the link",
  );
}

/** Whether the link's key, or the one for all links that stands in for it, is there and wrong. */
function spoiled(at: At, key: string, report: Report): boolean {
  return report.spoils(below(at.path, key)) || report.spoils(key);
}

function fileOf(got: Got<string>, folder: string): FileAt {
  const { value, path, place } = got;
  return { path, place, file: value.startsWith("/") ? value : join(folder, value) };
}

function identityOf(
  got: Got<IdentityReading> | undefined,
  folder: string,
  report: Report,
): IdentitySettings | null {
  if (got === undefined) return null;
  const { key, certificates, passphrase_file: passphrase } = got.value;
  need(key, got, "key", "an identity", "add key: FILE; `qzmq keygen` makes one", report);
  if (key === undefined) return null;
  return {
    key: fileOf(key, folder),
    certificates: certificates === undefined ? null : fileOf(certificates, folder),
    passphraseFile: passphrase === undefined ? null : fileOf(passphrase, folder),
  };
}

function trustOf(got: Got<TrustReading> | undefined, folder: string, report: Report): TrustSettings | null {
  if (got === undefined) return null;
  const { pins, authorities, revocation_lists: lists, revocation } = got.value;
  const files = (list: Got<readonly Got<string>[]> | undefined) =>
    (list?.value ?? []).map((file) => fileOf(file, folder));
  const trust = {
    at: { path: got.path, place: got.place },
    pins: files(pins),
    authorities: files(authorities),
    revocationLists: files(lists),
    revocation: revocation?.value ?? ("optional" as const),
  };
  if (report.spoils(got.path)) return null;
  if (trust.pins.length + trust.authorities.length === 0) {
    report.add(
      got,
      "nobody is trusted: neither authorities nor pins",
      "add authorities: [FILE], or pins: [FILE]",
    );
    return null;
  }
  if (trust.authorities.length === 0 && (lists !== undefined || trust.revocation === "required")) {
    const idle = lists ?? revocation!;
    report.add(
      idle,
      "revocation without an authority that revokes",
      "add authorities: [FILE], or leave this out",
    );
  }
  return trust;
}

function oldOf(link: LinkReading, report: Report): LinkConfiguration["old"] {
  if (link.old === undefined) return null;
  const { listen, connect } = link.old.value;
  need(
    listen,
    link.old,
    "listen",
    "the old link",
    "add listen: the endpoint that programs use so far",
    report,
  );
  need(connect, link.old, "connect", "the old link", "add connect: where the old program listens", report);
  return listen === undefined || connect === undefined
    ? null
    : { listen: listen.value, connect: connect.value };
}

function limitsOf(
  own: LimitsReading,
  common: LimitsReading,
  at: At,
  report: Report,
): LinkConfiguration["limits"] {
  const of = (key: keyof LimitsReading, otherwise: number) => (own[key] ?? common[key])?.value ?? otherwise;
  const limits = {
    maxConnections: of("max_connections", 1024),
    highWaterMark: of("high_water_mark", 1000),
    maxQueuedBytes: of("max_queued_bytes", 16 * 1024 * 1024),
    maxMessageSize: of("max_message_size", 256 * 1024 * 1024),
    handshakeInterval: of("handshake_interval_ms", 30_000),
    heartbeatInterval: of("heartbeat_interval_ms", 10_000),
    heartbeatTimeout: of("heartbeat_timeout_ms", 30_000),
  };
  if (limits.heartbeatInterval > limits.heartbeatTimeout) {
    report.add(
      own.heartbeat_timeout_ms ??
        own.heartbeat_interval_ms ??
        common.heartbeat_timeout_ms ??
        common.heartbeat_interval_ms ??
        at,
      `a heartbeat each ${limits.heartbeatInterval} ms comes after its timeout of ${limits.heartbeatTimeout} ms`,
      "set heartbeat_timeout_ms to more than heartbeat_interval_ms",
    );
  }
  return limits;
}
