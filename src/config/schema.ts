/** Every key of a configuration file, with its kind and its default: the one place that spec/operation/configuration.md is held to. */
import { UsageError } from "../errors.ts";
import { isName, NAME_RULE } from "../mechanism/qzmq/name.ts";
import { octetByName } from "../mechanism/qzmq/suite.ts";
import { isAddress, parseEndpoint } from "../net/endpoint.ts";
import {
  BOOLEAN,
  choice,
  field,
  integer,
  type Kind,
  list,
  named,
  type Reading,
  record,
  text,
} from "./kinds.ts";
import type { Report } from "./report.ts";
import { KEM_WORDS, type Wish, wishOf } from "./suites.ts";
import type { Tree } from "./tree.ts";

/** Links in one file. */
export const MAX_LINKS = 256;
const MAX_FILES = 16;
const MAX_PATH = 4096;
/** A host name has 253, a path of a Unix socket 107. */
const MAX_ENDPOINT = 300;
const GCM = 'above 2^40 octets one AES-256-GCM key protects too much (spec, "Limits of a key")';
const RECORDS = 'above 2^32 records one AES-256-GCM key protects too much (spec, "Limits of a key")';

/** A path; a relative one starts at the folder of the configuration file. */
const PATH = text("the path of a file", "write a path, such as keys/server.key", (value) =>
  value !== "" && value.length <= MAX_PATH && !value.includes("\0") ? value : undefined,
);

const PATHS = list(PATH, MAX_FILES);

/** Names of links: they appear in logs and as labels of metrics. */
const LINK_NAME = text("a name of 1 to 64 of A-Z a-z 0-9 _ . -", "use these characters only", (value) =>
  /^[\w.-]{1,64}$/.test(value) ? value : undefined,
);

const PEER_NAME = text(`a name of ${NAME_RULE}`, "write the name as it is in the certificate", (value) =>
  isName(value.toLowerCase()) ? value.toLowerCase() : undefined,
);

const ADDRESS = text("an IP address, or localhost", "write 127.0.0.1", (value) =>
  isAddress(value) || value === "localhost" ? value : undefined,
);

const HOST = text(
  "a host name, without port",
  "write it as browsers show it, such as gw7.example",
  (value) => (/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(value) ? value.toLowerCase() : undefined),
);

function endpoint(use: "bind" | "connect"): Kind<string> {
  const forms =
    use === "bind"
      ? "tcp://127.0.0.1:5555, tcp://*:5555, or ipc:///run/x"
      : "tcp://host:5555, or ipc:///run/x";
  return text(`an endpoint to ${use === "bind" ? "listen on" : "connect to"}`, `write ${forms}`, (value) => {
    if (value.length > MAX_ENDPOINT) return undefined;
    try {
      return parseEndpoint(value, use).transport === "inproc" ? undefined : value;
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
  });
}

const LISTEN = endpoint("bind");
const CONNECT = endpoint("connect");

function part(place: 0 | 1 | 2 | 3, says: string): Kind<number> {
  return text(says, "write one of these", (value) => octetByName(place, value));
}

const WORD = text(
  `${KEM_WORDS}, or a whole suite`,
  'write one of these, or a whole one such as "x25519+mlkem768/mldsa44/aes256gcm/sha256"',
  (value): Wish | undefined => {
    try {
      return wishOf(value);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  },
);
const WORDS = list(WORD, 16);
const SUITE_PARTS = {
  kem: field(part(0, "x25519+mlkem768, x25519+mlkem1024, mlkem768, mlkem1024, or x25519"), "any of the mode"),
  sig: field(
    part(1, "mldsa44, mldsa65, mldsa87 (also mldsa2, mldsa3, mldsa5), or ed25519"),
    "any of the mode",
  ),
  aead: field(part(2, "aes256gcm or chacha20poly1305"), "any of the mode"),
  hash: field(part(3, "sha256 or sha384"), "any of the mode"),
};
const PARTS_MAP = record(SUITE_PARTS);

/** A map of the parts, or names. */
const SUITE: Kind<readonly Wish[]> = {
  says: "a map of kem, sig, aead and hash; or names of suites, the best first",
  fields: SUITE_PARTS,
  read(tree: Tree, path: string, report: Report) {
    const named = tree.kind === "list" || (tree.kind === "scalar" && tree.value !== null);
    if (named) return WORDS.read(tree, path, report)?.map(({ value }) => value);
    const parts = PARTS_MAP.read(tree, path, report);
    if (parts === undefined) return undefined;
    return [Object.fromEntries(Object.entries(parts).map(([key, { value }]) => [key, value]))];
  },
};

const MAX_MESSAGES = field(integer(8, 2 ** 32, RECORDS), "4294967296");
const MAX_BYTES = field(integer(65_536, 2 ** 40, GCM), "1099511627776");
const MAX_AGE = field(integer(1, 604_800, "keys that live long protect the past less"), "600");

/** What may be said for all links and for each. */
const POLICY = {
  suite: field(SUITE, "all of the mode"),
  mode: field(choice(["hybrid", "pq-only", "classical"] as const), "hybrid"),
  pq_only: field(BOOLEAN, "false"),
  key_update: field(record({ max_msgs: MAX_MESSAGES, max_bytes: MAX_BYTES, max_age_s: MAX_AGE })),
  key_rotation: field(record({ max_messages: MAX_MESSAGES, max_bytes: MAX_BYTES, max_age_s: MAX_AGE })),
  anti_dos: field(
    record({
      cookie_timeout_s: field(integer(1, 3600), "60"),
      max_concurrent: field(integer(1, 1_000_000), "10000"),
    }),
  ),
};

const SECTION = record({ ...POLICY, default_suite: field(SUITE), enabled: field(BOOLEAN, "true") });

const IDENTITY = record({ key: field(PATH), certificates: field(PATH), passphrase_file: field(PATH) });

const TRUST = record({
  pins: field(PATHS),
  authorities: field(PATHS),
  revocation_lists: field(PATHS),
  revocation: field(choice(["optional", "required"] as const), "optional"),
});

const MAX_SIZE = 2 ** 40;
const LIMITS = record({
  max_connections: field(integer(1, 100_000), "1024"),
  high_water_mark: field(integer(1, 1_000_000), "1000"),
  max_queued_bytes: field(integer(65_536, MAX_SIZE), "16777216"),
  max_message_size: field(integer(-1, MAX_SIZE), "268435456"),
  handshake_interval_ms: field(integer(100, 600_000), "30000"),
  heartbeat_interval_ms: field(integer(0, 3_600_000), "10000"),
  heartbeat_timeout_ms: field(integer(100, 3_600_000), "30000"),
});

const OLD = record({ listen: field(LISTEN), connect: field(CONNECT) });

const LINK_FIELDS = {
  name: field(LINK_NAME),
  side: field(choice(["client", "server"] as const)),
  listen: field(LISTEN),
  connect: field(CONNECT),
  server_name: field(PEER_NAME, "host of connect"),
  phase: field(choice([1, 2, 3, 4] as const, { deploy: 1, observe: 2, "pq-only": 3, "refuse-old": 4 }), "1"),
  client_auth: field(choice(["required", "optional", "none"] as const), "required"),
  allow_remote: field(BOOLEAN, "false"),
  old: field(OLD),
  ...POLICY,
  identity: field(IDENTITY),
  trust: field(TRUST),
  limits: field(LIMITS),
};

const ROOT_FIELDS = {
  crypto: field(SECTION),
  qzmq: field(SECTION),
  identity: field(IDENTITY),
  trust: field(TRUST),
  status: field(
    record({
      enabled: field(BOOLEAN, "true"),
      address: field(ADDRESS, "127.0.0.1"),
      port: field(integer(0, 65_535), "8080"),
      allow_remote: field(BOOLEAN, "false"),
      hosts: field(list(HOST, 16), "none"),
    }),
  ),
  log: field(record({ level: field(choice(["debug", "info", "warn", "error"] as const), "info") })),
  limits: field(LIMITS),
  links: field(named(LINK_FIELDS, LINK_NAME, MAX_LINKS)),
};

/** The whole file. */
export const ROOT = record(ROOT_FIELDS);

/** What was read of the whole file. */
export type RootReading = Reading<typeof ROOT_FIELDS>;
/** And of a link. */
export type LinkReading = Reading<typeof LINK_FIELDS>;
/** Of `crypto` or `qzmq`. */
export type SectionReading = ReturnType<typeof SECTION.read> & object;
/** What a section and a link have in common. */
export type PolicyReading = Reading<typeof POLICY>;
/** Of `identity`. */
export type IdentityReading = ReturnType<typeof IDENTITY.read> & object;
/** Of `trust`. */
export type TrustReading = ReturnType<typeof TRUST.read> & object;
/** Of `limits`. */
export type LimitsReading = ReturnType<typeof LIMITS.read> & object;
