/**
 * The client's handshake (spec, "Handshake client"), one class for each awaited message:
 *
 *     startClient -> AwaitServerHello -> AwaitFinished -> established
 *                          | RETRY ^
 *
 * Random octets, in this order: 32 for CLIENTHELLO; an encapsulation as in kem.ts; then those of connection.ts.
 */
import { wipe } from "../../bytes/constant-time.ts";
import { Writer } from "../../bytes/writer.ts";
import { PeerError } from "../../errors.ts";
import { decodeMetadata, property } from "../../wire/metadata.ts";
import { endpointHost } from "./address.ts";
import { signatureByOctet } from "./algorithm.ts";
import { AwaitFinished, type ClientConfig, type ClientSession } from "./client-finished.ts";
import { MAX_EARLY_LIMIT } from "./config.ts";
import { type EarlyFlight, MAX_EARLY_COMMANDS, MAX_EARLY_PLAINTEXT, sealEarly } from "./early.ts";
import type { ClientAuthRequest } from "./extensions.ts";
import { areWholeMessages } from "./framing.ts";
import {
  type Awaiting,
  type Handshake,
  primitives,
  type State,
  send,
  sign,
  turn,
  unexpected,
  unixSeconds,
  verifyPeer,
  violation,
  type Work,
} from "./handshake.ts";
import type { Identity } from "./identity.ts";
import { type Encapsulation, keyExchange } from "./kem.ts";
import { type Reveal, revealFor } from "./key-log.ts";
import { EarlySecrets, type HandshakeSecrets } from "./key-schedule.ts";
import {
  appendSealed,
  type ClientHello,
  type Command,
  commandName,
  decodeRetry,
  decodeServerHello,
  encodeBeforeSignature,
  encodeClientHello,
  encodeClientKey,
  MAX_HANDSHAKE_FRAME,
  type SignedServerHello,
} from "./messages.ts";
import { padMetadata } from "./peer-metadata.ts";
import { PeerProven } from "./proof.ts";
import { RecordSealer, STREAM, sealPart } from "./record.ts";
import { SIGNATURE_CONTEXTS } from "./signer.ts";
import { hasClassicalPart, parseSuite, type Suite } from "./suite.ts";
import type { StoredTicket, TicketScope } from "./ticket-store.ts";
import { OpenTranscript } from "./transcript.ts";
import type { Trust } from "./trust.ts";
import type { Expected } from "./verdict.ts";

const NOTHING = new Uint8Array(0);

/** Octets of early data that certainly fit the records a server takes: one that is closed is at least half full. */
function mostEarly(ticket: StoredTicket): number {
  const recordLimit = Math.min(ticket.recordLimit, MAX_EARLY_PLAINTEXT);
  return Math.min(ticket.earlyLimit, MAX_EARLY_LIMIT, (MAX_EARLY_COMMANDS / 2) * recordLimit);
}

/** Sends CLIENTHELLO, and early messages when there are some and a ticket allows them. */
export function startClient(handshake: Handshake, config: ClientConfig): Awaiting {
  const { options } = config;
  const trust = options.trust();
  const identity = options.identity?.() ?? null;
  const scope = ticketScope(handshake, config, trust, identity);
  const ticket = takeTicket(handshake, config, trust, scope);
  try {
    return greet(handshake, config, { trust, identity, scope, ticket });
  } catch (error) {
    wipe(ticket?.psk);
    throw error;
  }
}

/** Sends CLIENTHELLO, and early messages with a ticket that allows them. The ticket's PSK goes to the state that follows. */
function greet(
  handshake: Handshake,
  config: ClientConfig,
  given: Pick<ClientSession, "trust" | "identity" | "scope" | "ticket">,
): Awaiting {
  const { settings, options, serverName } = config;
  const { host } = handshake;
  const { ticket } = given;
  const earlyLimit = options.earlyData && ticket ? mostEarly(ticket) : 0;
  const frames = earlyLimit > 0 ? host.takeEarlyMessages(earlyLimit) : [];
  const hello: ClientHello = {
    random: handshake.random(32),
    cookie: NOTHING,
    sessionId: ticket?.ticket ?? NOTHING,
    suites: settings.suites.map((suite) => suite.octets),
    extensions: {
      serverName,
      recordLimit: settings.recordLimit,
      earlyData: frames.length > 0,
      pqOnly: settings.mode === "pq-only",
    },
  };
  const transcript = new OpenTranscript(host.localGreeting, host.peerGreeting);
  const body = encodeClientHello(hello);
  transcript.setClientHello(body);
  send(handshake, body);
  const reveal = revealFor(settings.keyLog, hello.random);
  const early =
    ticket !== null && frames.length > 0 ? sendEarly(handshake, ticket, transcript, frames, reveal) : null;
  const endpointName = endpointHost(host.endpoint);
  const expectedName =
    serverName !== null
      ? ({ value: serverName, from: "configured" } as const)
      : endpointName === null
        ? null
        : ({ value: endpointName, from: "endpoint" } as const);
  return new AwaitServerHello(
    { handshake, config, ...given, expectedName, hello, transcript, early, reveal },
    false,
  );
}

function ticketScope(
  { host }: Handshake,
  { settings, serverName }: ClientConfig,
  trust: Trust,
  identity: Identity | null,
): TicketScope {
  const own = decodeMetadata(host.metadata);
  return {
    endpoint: host.endpoint,
    serverName: serverName ?? "",
    trustDigest: trust.digest,
    ownKey: identity?.fingerprint ?? null,
    mode: settings.mode,
    socketType: Buffer.from(property(own, "Socket-Type") ?? NOTHING).toString("latin1"),
    identity: property(own, "Identity") ?? NOTHING,
  };
}

/** A ticket that may be used now: its suite still enabled, its server still believed. */
function takeTicket(
  handshake: Handshake,
  { settings, options }: ClientConfig,
  trust: Trust,
  scope: TicketScope,
): StoredTicket | null {
  const now = unixSeconds(handshake);
  const ticket = options.tickets?.take(scope, now);
  if (ticket === undefined) return null;
  const enabled = settings.suites.some((suite) => Buffer.compare(suite.octets, ticket.suite) === 0);
  if (enabled && trust.recheck(ticket.server, now) === null) return ticket;
  wipe(ticket.psk);
  return null;
}

function sendEarly(
  handshake: Handshake,
  ticket: StoredTicket,
  transcript: OpenTranscript,
  frames: readonly Uint8Array[],
  reveal: Reveal | null,
): EarlyFlight {
  // The host's frames are whole messages by contract; a server would close on anything else.
  if (!areWholeMessages(Buffer.concat(frames))) throw new RangeError("early data: whole messages expected");
  const { hash, aead } = primitives(handshake.provider, parseSuite(ticket.suite)!);
  const secrets = new EarlySecrets(hash, ticket.psk, reveal);
  const key = secrets.earlyKey(aead, transcript.hashWith(hash));
  secrets.wipe();
  return sealEarly(key, frames, ticket.recordLimit, handshake.output);
}

/** CLIENTHELLO is sent. */
class AwaitServerHello implements Awaiting {
  readonly kind = "awaiting";
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly #session: ClientSession;
  readonly #retried: boolean;

  constructor(session: ClientSession, retried: boolean) {
    this.#session = session;
    this.#retried = retried;
  }

  *receive(command: Command): Work<State> {
    if (command.name === "RETRY") return this.#retry(decodeRetry(command.data));
    if (command.name === "SERVERHELLO") return yield* this.#serverHello(decodeServerHello(command));
    throw unexpected(command, "SERVERHELLO");
  }

  dispose(): void {
    wipe(this.#session.ticket?.psk);
  }

  #retry(cookie: Uint8Array): State {
    if (this.#retried) throw violation("Second RETRY");
    const { handshake, transcript, hello } = this.#session;
    const body = encodeClientHello({ ...hello, cookie });
    transcript.setClientHello(body);
    send(handshake, body);
    return new AwaitServerHello(this.#session, true);
  }

  *#serverHello(hello: SignedServerHello): Work<State> {
    const session = this.#session;
    const { handshake, config, identity, ticket } = session;
    const suite = this.#checkChoices(hello);
    const { hash, aead } = primitives(handshake.provider, suite);
    const transcript = session.transcript.choose(hash).add(hello.beforeAuth);
    const secrets = new EarlySecrets(hash, hello.resumed ? ticket!.psk : null, session.reveal);
    let handshakeSecrets: HandshakeSecrets | undefined;
    let exchanged: Encapsulation | undefined;
    try {
      const proven = yield* this.#proveServer(hello, suite, secrets, transcript.hash());
      transcript.add(new Writer().v16(hello.auth).finish());

      yield* turn();
      exchanged = keyExchange(handshake.provider, suite.kem).encapsulate(hello.kemPublic, handshake.random);
      const before = encodeClientKey(exchanged.ciphertext);
      transcript.add(before);
      handshakeSecrets = secrets.intoHandshake(exchanged.secret, transcript.hash());

      const shown = hello.resumed ? null : chooseIdentity(identity, hello.extensions.clientAuth!);
      const earlyRecords = hello.extensions.earlyData ? session.early!.records : 0;
      const certificates = shown?.chain.map((certificate) => certificate.encoded) ?? [];
      const first = encodeBeforeSignature(padMetadata(handshake.host.metadata), earlyRecords, certificates);
      transcript.add(first);
      const signature =
        shown === null ? NOTHING : yield* sign(shown.signer, transcript.hash(), SIGNATURE_CONTEXTS.client);
      const second = new Writer().v16(signature).finish();
      const third = new Writer().v8(handshakeSecrets.binder(transcript.add(second).hash())).finish();
      const verifyData = handshakeSecrets.clientVerifyData(transcript.add(third).hash());
      transcript.add(verifyData);

      const plaintext = Buffer.concat([first, second, third, verifyData]);
      const key = handshakeSecrets.clientKey(aead);
      send(handshake, appendSealed(before, sealPart(key, commandName("CLIENTKEY"), plaintext)));
      const master = handshakeSecrets.intoMaster(transcript.hash());
      const sealer = new RecordSealer(master.clientTraffic(aead), STREAM.application, 0);
      if (session.early) handshake.counters[hello.extensions.earlyData ? "earlyAccepted" : "earlyRefused"]++;
      const next = new AwaitFinished(session, { hello, suite, transcript, master, sealer, proven });
      if (config.options.fastStart) next.fastStart();
      return next;
    } finally {
      secrets.wipe();
      handshakeSecrets?.wipe();
      wipe(exchanged?.secret, ticket?.psk);
    }
  }

  /** What SERVERHELLO may choose, given what CLIENTHELLO offered. */
  #checkChoices(hello: SignedServerHello): Suite {
    const { config, ticket, early } = this.#session;
    const chosen = parseSuite(hello.suite);
    const suite = config.settings.suites.find((offered) => offered.name === chosen?.name);
    if (suite === undefined)
      throw new PeerError("ERR_QZMQ_SUITE", "Server chose a suite that was not offered");
    if (hello.extensions.pqOnly && hasClassicalPart(hello.suite)) {
      throw violation("pq_only beside a suite with a classical part");
    }
    if (hello.resumed && (ticket === null || Buffer.compare(ticket.suite, hello.suite) !== 0)) {
      throw violation("Resumed without a ticket of this suite");
    }
    if (hello.extensions.earlyData && (early === null || this.#retried)) {
      throw violation("Early data accepted that was not sent");
    }
    return suite;
  }

  *#proveServer(
    hello: SignedServerHello,
    suite: Suite,
    secrets: EarlySecrets,
    th: Uint8Array,
  ): Work<PeerProven> {
    const { handshake, trust, ticket, expectedName } = this.#session;
    if (hello.resumed) return PeerProven.byPsk(ticket!.server, secrets.pskAuth(th), hello.auth);
    const expected: Expected = { role: "server", algorithms: [suite.signature], name: expectedName };
    const peer = yield* verifyPeer(trust, hello.certificates, expected, unixSeconds(handshake));
    yield* turn();
    return PeerProven.bySignature(handshake.provider, peer, th, SIGNATURE_CONTEXTS.server, hello.auth);
  }
}

/**
 * Our identity, if the server wants to see one and takes its algorithm. Throws {@link PeerError} `ERR_QZMQ_AUTH` when it
 * requires one that we do not have.
 */
function chooseIdentity(identity: Identity | null, request: ClientAuthRequest): Identity | null {
  const accepted = Array.from(request.algorithms, signatureByOctet);
  if (identity !== null && accepted.includes(identity.signer.algorithm)) return identity;
  if (request.level !== "required") return null;
  throw new PeerError("ERR_QZMQ_AUTH", "Server requires a certificate that we do not have");
}
