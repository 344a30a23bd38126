/** The `security` option of a socket: QZMQ for each connection that the socket makes or accepts. */
import type { CryptoProvider } from "./crypto/provider.ts";
import { type CryptoChoice, cryptoProvider } from "./crypto/select.ts";
import { Admission, type AdmissionOptions } from "./mechanism/qzmq/admission.ts";
import type { Mode } from "./mechanism/qzmq/algorithm.ts";
import type { Certificate } from "./mechanism/qzmq/certificate.ts";
import type { CommonOptions, EarlyDelivery, KeyLimits, TicketPolicy } from "./mechanism/qzmq/config.ts";
import type { Counters } from "./mechanism/qzmq/counters.ts";
import type { ClientAuth } from "./mechanism/qzmq/extensions.ts";
import type { Identity } from "./mechanism/qzmq/identity.ts";
import { type QzmqFactory, qzmqClient, qzmqServer } from "./mechanism/qzmq/index.ts";
import { type Pin, parsePins } from "./mechanism/qzmq/pins.ts";
import type { RevocationList } from "./mechanism/qzmq/revocation.ts";
import { type Suite, suiteByName } from "./mechanism/qzmq/suite.ts";
import { TicketStore } from "./mechanism/qzmq/ticket-store.ts";
import { Trust } from "./mechanism/qzmq/trust.ts";
import { monotonic, unixTime } from "./net/clock.ts";
import { keyLogOfEnvironment } from "./net/key-log-file.ts";
import { TrustFiles, type TrustFilesOptions } from "./net/trust-files.ts";
import { property } from "./wire/metadata.ts";

/** Primitives for whoever names no back end; each is probed when it is first used. */
export const PROVIDER: CryptoProvider = cryptoProvider("auto");

/** Whom to believe: values, or files that are read again when they change. At least one pin or authority. */
export type TrustInput =
  | Trust
  | {
      /** Fingerprints of keys: 64 hex digits, `"hex, name"` as in a pin file, or pins. */
      readonly pins?: readonly (string | Pin)[];
      /** Self-issued certificates of authorities. */
      readonly authorities?: readonly Certificate[];
      readonly revocationLists?: readonly RevocationList[];
      /** `required` refuses peers while their authority's list is missing or expired; default `optional`. */
      readonly revocation?: "required" | "optional";
      /** Tolerance for differing clocks, seconds; default 300. */
      readonly clockSkew?: number;
    }
  | { readonly files: Omit<TrustFilesOptions, "mode">; readonly onError?: (error: Error) => void };

/** The trust as of now; `reload` looks even if it has just looked. */
interface TrustSource {
  readonly current: () => Trust;
  readonly reload: () => Trust;
}

/** What both roles set. Times in milliseconds. */
export interface SecurityCommon extends KeyLimits {
  /** `hybrid` (default), `pq-only`, or `classical`, which no quantum computer respects. */
  readonly mode?: Mode;
  /** The most preferred first, such as `"x25519+mlkem768/mldsa44/aes256gcm/sha256"`; default all of the mode. */
  readonly suites?: readonly (string | Suite)[];
  /** Back end of the primitives; default `auto`. */
  readonly crypto?: CryptoChoice;
  /** Largest record plaintext to accept, 4096..262144 octets. */
  readonly recordLimit?: number;
  /** Milliseconds for the whole handshake; default 30 000. */
  readonly handshakeTimeout?: number;
  /**
   * Writes the secrets of all connections into the file that the environment variable `QZMQKEYLOGFILE` names, for
   * debugging: whoever reads that file reads the traffic. Default false. See spec/operation/keylog.md.
   */
  readonly keyLog?: boolean;
}

/** Settings of the side that plays the server, whether it binds or connects. */
export interface ServerSecurityOptions extends SecurityCommon {
  /** Who we are; several for several signature algorithms or names. A function is asked at each connection. */
  readonly identity: Identity | readonly Identity[] | (() => readonly Identity[]);
  /** Whether clients show who they are; default `required` when `trust` is given, else `none`. */
  readonly clientAuth?: ClientAuth;
  /** Whom to believe among clients. */
  readonly trust?: TrustInput;
  /** Tickets for resumption; `false` for none. Lifetime in seconds. */
  readonly tickets?: false | (TicketPolicy & { readonly lifetime?: number });
  /** Milliseconds from the connection until the client's first message is there, greeting included; default 5000. */
  readonly helloTimeout?: number;
  /** Limits before authentication. */
  readonly limits?: AdmissionOptions;
}

/** Settings of the side that plays the client, whether it binds or connects. */
export interface ClientSecurityOptions extends SecurityCommon {
  /** Whom to believe among servers. */
  readonly trust: TrustInput;
  /** Who we are; without, the client is anonymous. A function is asked at each connection. */
  readonly identity?: Identity | (() => Identity);
  /** The name that the server's certificate must have; default the endpoint's host. */
  readonly serverName?: string;
  /** Resume earlier sessions; default true. A store may be shared by sockets. */
  readonly resumption?: boolean | TicketStore;
  /** Send waiting messages with the first flight of a resumed handshake; default false. */
  readonly earlyData?: boolean;
  /** `immediate` for a server that delivers early data at once: what it refuses is lost, not sent again; default `held`. */
  readonly earlyDelivery?: EarlyDelivery;
  /** Send waiting messages before the server has finished; default false. */
  readonly fastStart?: boolean;
}

/** One of a socket's live QZMQ connections: what was negotiated, and what can be done with it. */
export interface SecureConnection {
  /** Suite, mode, peer, epoch, resumed and so on; also in the `handshake` event. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** What the peer calls itself, as a ROUTER addresses it; empty when it gave none. With `facts`: who is behind it. */
  readonly routingId: Buffer;
  /** Rotates the keys now, or as soon as the last rotation is over. */
  rotate(): void;
  /** Keying material bound to this connection, the same at both ends (spec, "Exporter"). */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
}

/** QZMQ for one socket: give it as `security`. */
export class Security {
  /** What the socket makes its connections' mechanisms with. */
  readonly mechanism: QzmqFactory;
  /** Tickets that no other socket uses. */
  readonly #ownTickets: TicketStore | null;
  readonly #trust: TrustSource | null;
  /** Those that were shown last. */
  readonly #identities: () => readonly Identity[];

  constructor(
    mechanism: QzmqFactory,
    identities: () => readonly Identity[],
    trust: TrustSource | null = null,
    ownTickets: TicketStore | null = null,
  ) {
    this.mechanism = mechanism;
    this.#identities = identities;
    this.#trust = trust;
    this.#ownTickets = ownTickets;
  }

  /** Which algorithms are taken. */
  get mode(): Mode {
    return this.mechanism.mode;
  }

  /** What the connections have done, in numbers that only grow. */
  get counters(): Readonly<Counters> {
    return this.mechanism.counters;
  }

  /** Connections whose handshake is done and that are not over. */
  get connections(): SecureConnection[] {
    return [...this.mechanism.connections]
      .filter((connection) => connection.established)
      .map((connection) => ({
        facts: connection.facts ?? {},
        routingId: Buffer.from(property(connection.peerMetadata!, "Identity") ?? []),
        rotate: () => void connection.rotate(monotonic()),
        exportKeyingMaterial: (label, context, length) =>
          connection.exportKeyingMaterial(label, context, length),
      }));
  }

  /** Rotates the keys of all connections; returns how many there are. */
  rotate(): number {
    const { connections } = this;
    for (const connection of connections) connection.rotate();
    return connections.length;
  }

  /**
   * Reads files of trust again, and ends the connections whose peers would be refused now, such as after a revocation;
   * returns how many. Without it these last until they end by themselves. Throws `UsageError` or `RangeError` for files
   * that are unfit, and ends nothing then.
   */
  recheck(): number {
    if (this.#trust === null) return 0;
    const trust = this.#trust.reload();
    const now = Math.floor(unixTime() / 1000);
    let ended = 0;
    for (const connection of this.mechanism.connections) {
      const cause = connection.peer === null ? null : trust.recheck(connection.peer, now);
      if (cause === null) continue;
      connection.withdraw(cause);
      ended++;
    }
    return ended;
  }

  /** Overwrites shared secrets, and ends threads that signed. Close the socket first. Identities can be used further. */
  dispose(): void {
    this.mechanism.dispose();
    for (const { signer } of this.#identities()) void signer.rest?.();
    this.#ownTickets?.dispose();
  }
}

/**
 * QZMQ in the server's role. Throws, saying what was expected: `TypeError` for an identity or trust that is none,
 * `RangeError` for settings out of bounds and for `clientAuth` without `trust`, `UsageError` for a `keyLog` whose file
 * is not named or not safe.
 */
export function server(options: ServerSecurityOptions): Security {
  const provider = providerOf(options);
  const { identity } = options;
  const fixed: readonly unknown[] = Array.isArray(identity) ? identity : [identity];
  const identities = remembering(
    typeof identity === "function" ? identity : () => fixed as readonly Identity[],
  );
  if (!identities.ask().every(isIdentity))
    throw new TypeError(`identity: ${IDENTITY_RULE}, or several of them`);
  const trust = options.trust === undefined ? null : trustOf(options.trust, provider, modeOf(options));
  return new Security(
    qzmqServer({
      ...common(options, provider),
      identities: identities.ask,
      clientAuth: options.clientAuth ?? (trust === null ? "none" : "required"),
      ...(trust === null ? {} : { trust: trust.current }),
      ...(options.helloTimeout === undefined ? {} : { helloTimeout: options.helloTimeout }),
      tickets: options.tickets === false ? null : (options.tickets ?? {}),
      admission: new Admission(provider, provider.random, options.limits),
    }),
    identities.last,
    trust,
  );
}

/** QZMQ in the client's role. Throws as {@link server} does. */
export function client(options: ClientSecurityOptions): Security {
  const provider = providerOf(options);
  const { serverName, resumption = true } = options;
  const identity = remembering(identityOf(options.identity));
  const first = identity.ask();
  if (first !== null && !isIdentity(first)) throw new TypeError(`identity: ${IDENTITY_RULE}`);
  const store = resumption === true ? new TicketStore() : resumption === false ? null : resumption;
  const trust = trustOf(options.trust, provider, modeOf(options));
  return new Security(
    qzmqClient({
      ...common(options, provider),
      trust: trust.current,
      identity: identity.ask,
      ...(serverName === undefined ? {} : { serverName }),
      tickets: store,
      earlyData: options.earlyData ?? false,
      earlyDelivery: options.earlyDelivery ?? "held",
      fastStart: options.fastStart ?? false,
    }),
    () => [identity.last()].filter((shown) => shown !== null),
    trust,
    resumption === true ? store : null,
  );
}

function providerOf(options: SecurityCommon): CryptoProvider {
  const { crypto = "auto" } = options;
  return crypto === "auto" ? PROVIDER : cryptoProvider(crypto);
}

function modeOf(options: SecurityCommon): Mode {
  return options.mode ?? "hybrid";
}

function common(options: SecurityCommon, provider: CryptoProvider): CommonOptions {
  // Spec, "Modes": classical must be named, and warns.
  if (options.mode === "classical") {
    process.emitWarning("QZMQ in mode classical does not resist a quantum computer", "QzmqSecurityWarning");
  }
  const { suites, crypto: _, ...rest } = options;
  const shared: Omit<CommonOptions, "provider" | "unixTime" | "suites"> = {
    ...(rest.mode === undefined ? {} : { mode: rest.mode }),
    ...(rest.recordLimit === undefined ? {} : { recordLimit: rest.recordLimit }),
    ...(rest.handshakeTimeout === undefined ? {} : { handshakeTimeout: rest.handshakeTimeout }),
    ...(rest.maxMessages === undefined ? {} : { maxMessages: rest.maxMessages }),
    ...(rest.maxBytes === undefined ? {} : { maxBytes: rest.maxBytes }),
    ...(rest.maxAge === undefined ? {} : { maxAge: rest.maxAge }),
    ...(keyLogAsked(options) ? { keyLog: keyLogOfEnvironment() } : {}),
  };
  return {
    ...shared,
    provider,
    unixTime,
    ...(suites === undefined
      ? {}
      : { suites: suites.map((suite) => (typeof suite === "string" ? suiteByName(suite) : suite)) }),
  };
}

/** Only `true` asks: a truthy slip must not open the traffic. */
function keyLogAsked({ keyLog = false }: SecurityCommon): boolean {
  if (typeof keyLog !== "boolean") throw new TypeError("keyLog: true or false expected");
  return keyLog;
}

function identityOf(identity: ClientSecurityOptions["identity"]): () => Identity | null {
  return typeof identity === "function" ? identity : () => identity ?? null;
}

/** A function, and what it gave last. */
function remembering<T>(give: () => T): { readonly ask: () => T; readonly last: () => T } {
  let last: T;
  return {
    ask() {
      last = give();
      return last;
    },
    last: () => last,
  };
}

const IDENTITY_RULE = "expected what generateIdentity, certify or loadIdentity give";

function isIdentity(value: unknown): value is Identity {
  const { signer, chain } = (value ?? {}) as Partial<Identity>;
  return typeof signer?.sign === "function" && Array.isArray(chain);
}

function trustOf(input: TrustInput, provider: CryptoProvider, mode: Mode): TrustSource {
  if (typeof input !== "object" || input === null) {
    throw new TypeError("trust: expected pins, authorities or files that say whom to believe");
  }
  if (input instanceof Trust) {
    if (input.mode !== mode) throw new RangeError(`trust: made for mode ${input.mode}, not ${mode}`);
    return fixed(input);
  }
  if ("files" in input) {
    const { files, onError } = input;
    const trust = new TrustFiles(provider, { ...files, mode }, onError ?? warn);
    return { current: () => trust.current(Math.floor(unixTime() / 1000)), reload: () => trust.reload() };
  }
  const { pins = [], ...policy } = input;
  return fixed(new Trust(provider, { ...policy, mode, pins: pins.flatMap(pinOf) }));
}

function fixed(trust: Trust): TrustSource {
  return { current: () => trust, reload: () => trust };
}

function pinOf(pin: string | Pin): Pin[] {
  return typeof pin === "string" ? parsePins(pin) : [pin];
}

/** A changed file that cannot be used leaves the former trust in place: somebody must hear of it. */
function warn(error: Error): void {
  process.emitWarning(error.message, "QzmqTrustWarning");
}
