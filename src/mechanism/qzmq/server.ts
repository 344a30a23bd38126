/**
 * The server's handshake (spec, "Handshake server"), one class for each awaited message:
 *
 *     AwaitClientHello -> AwaitClientKey -> established
 *          | RETRY ^         | EARLY ^
 *
 * Random octets, in this order: 32 for SERVERHELLO; a key pair as in kem.ts; then those of connection.ts. Cookie and
 * ticket keys draw from the socket's source, not from the connection's.
 */
import { equalSecret, wipe } from "../../bytes/constant-time.ts";
import { Writer } from "../../bytes/writer.ts";
import { PeerError } from "../../errors.ts";
import type { Seat } from "./admission.ts";
import { clientAlgorithms } from "./config.ts";
import { acceptEarly, dropEarly, type EarlyIntake, NO_EARLY } from "./early.ts";
import { connectionFacts } from "./facts.ts";
import {
  type Awaiting,
  type EarlyPeer,
  type Handshake,
  primitives,
  type State,
  send,
  sign,
  turn,
  unexpected,
  unixSeconds,
  violation,
  type Work,
} from "./handshake.ts";
import type { Identity } from "./identity.ts";
import { type KemKeyPair, keyExchange } from "./kem.ts";
import { revealFor } from "./key-log.ts";
import { EarlySecrets } from "./key-schedule.ts";
import {
  appendAuth,
  type ClientHello,
  type Command,
  decodeClientHello,
  encodeRetry,
  encodeServerHello,
  MAX_CLIENT_HELLO,
  MAX_HANDSHAKE_FRAME,
  type ServerHello,
  withoutCookie,
} from "./messages.ts";
import {
  AwaitClientKey,
  authorizePeer,
  type SentHello,
  type ServerConfig,
  type ServerSession,
} from "./server-key.ts";
import { SIGNATURE_CONTEXTS } from "./signer.ts";
import { hasClassicalPart, type Suite } from "./suite.ts";
import type { TicketState } from "./ticket.ts";
import { OpenTranscript } from "./transcript.ts";

const NOTHING = new Uint8Array(0);

/** Waits for the client to speak. */
export function startServer(handshake: Handshake, config: ServerConfig, seat: Seat): Awaiting {
  return new AwaitClientHello({ handshake, config, seat }, null);
}

/** Nothing is sent, or RETRY. */
class AwaitClientHello implements Awaiting {
  readonly kind = "awaiting";
  readonly maxFrameSize: number;
  readonly #session: ServerSession;
  /** After RETRY: drops early data that was under way. */
  readonly #dropped: EarlyIntake | null;

  constructor(session: ServerSession, dropped: EarlyIntake | null) {
    this.#session = session;
    this.#dropped = dropped;
    this.maxFrameSize = dropped === null ? MAX_CLIENT_HELLO : MAX_HANDSHAKE_FRAME;
  }

  *receive(command: Command): Work<State> {
    if (command.name === "EARLY" && this.#dropped !== null) {
      this.#dropped.take(command.body);
      return this;
    }
    if (command.name !== "CLIENTHELLO") throw unexpected(command, "CLIENTHELLO");
    if (command.body.length > MAX_CLIENT_HELLO) throw violation("CLIENTHELLO beyond 8 KiB");
    const hello = decodeClientHello(command.data);
    if (hello.extensions.pqOnly && hello.suites.some(hasClassicalPart)) {
      throw violation("pq_only beside a suite with a classical part");
    }
    if (this.#mustRetry(hello, command)) return this.#retry(command);
    this.#session.seat.hold(command.body.length);
    return yield* this.#serverHello(hello, command);
  }

  dispose(): void {}

  /** Checks the cookie of a second CLIENTHELLO; decides about the first. */
  #mustRetry(hello: ClientHello, command: Command): boolean {
    const { handshake, config, seat } = this.#session;
    const { admission } = config;
    if (this.#dropped === null) {
      if (hello.cookie.length !== 0) throw violation("Cookie that was not asked for");
      return admission.wantsCookie();
    }
    if (!admission.cookies.accepts(hello.cookie, this.#cookieSubject(command), handshake.now)) {
      handshake.counters.cookiesRefused++;
      throw violation("Cookie missing or not valid");
    }
    handshake.counters.cookiesAccepted++;
    seat.proven();
    return false;
  }

  #retry(command: Command): State {
    const { handshake, config } = this.#session;
    const cookie = config.admission.cookies.bake(this.#cookieSubject(command), handshake.now);
    send(handshake, encodeRetry(cookie));
    handshake.counters.retriesSent++;
    return new AwaitClientHello(this.#session, dropEarly(config.tickets?.earlyLimit ?? 0));
  }

  #cookieSubject({ data }: Command) {
    const { connectionId, peerAddress } = this.#session.handshake.host;
    return { connectionId, peerAddress, clientHello: withoutCookie(data) };
  }

  *#serverHello(hello: ClientHello, command: Command): Work<State> {
    const { handshake, config } = this.#session;
    const { settings, tickets } = config;
    const now = unixSeconds(handshake);
    const ticket =
      hello.sessionId.length === 0 ? null : (tickets?.resume(hello, now, handshake.counters) ?? null);
    let secrets: EarlySecrets | undefined;
    let pair: KemKeyPair | undefined;
    let early: EarlyIntake | undefined;
    let next: State | undefined;
    try {
      const { suite, identity } = chooseSuite(config, hello, ticket);
      const { hash, aead } = primitives(handshake.provider, suite);
      const open = new OpenTranscript(handshake.host.peerGreeting, handshake.host.localGreeting);
      open.setClientHello(command.body);
      secrets = new EarlySecrets(hash, ticket?.psk ?? null, revealFor(settings.keyLog, hello.random));

      const asked = hello.extensions.earlyData;
      const earlyLimit = Math.min(ticket?.earlyLimit ?? 0, tickets?.earlyLimit ?? 0);
      const accepted = asked && earlyLimit > 0 && this.#dropped === null;
      if (asked) handshake.counters[accepted ? "earlyAccepted" : "earlyRefused"]++;
      early = accepted
        ? acceptEarly(
            secrets.earlyKey(aead, open.hashWith(hash)),
            earlyLimit,
            (size) => this.#session.seat.hold(size),
            tickets?.immediate,
          )
        : asked
          ? dropEarly(tickets?.earlyLimit ?? 0)
          : NO_EARLY;

      const earlyPeer = accepted && tickets?.immediate ? yield* this.#earlyPeer(ticket!, suite) : undefined;
      const random = handshake.random(32);
      yield* turn();
      pair = keyExchange(handshake.provider, suite.kem).generate(handshake.random);
      const choices: ServerHello = {
        random,
        suite: suite.octets,
        resumed: ticket !== null,
        kemPublic: pair.publicKey,
        extensions: {
          recordLimit: settings.recordLimit,
          earlyData: accepted,
          pqOnly: settings.mode === "pq-only",
          clientAuth: ticket === null ? clientAuthRequest(config) : null,
        },
        certificates: ticket === null ? identity.chain.map((certificate) => certificate.encoded) : [],
      };
      const before = encodeServerHello(choices);
      const transcript = open.choose(hash).add(before);
      const auth =
        ticket === null
          ? yield* sign(identity.signer, transcript.hash(), SIGNATURE_CONTEXTS.server)
          : secrets.pskAuth(transcript.hash());
      transcript.add(new Writer().v16(auth).finish());
      send(handshake, appendAuth(before, auth));
      const serverKey = identity.fingerprint;
      const sent: SentHello = {
        hello,
        suite,
        serverKey,
        ticket,
        transcript,
        secrets,
        pair,
        early,
        accepted,
        asked,
        ...(earlyPeer === undefined ? {} : { earlyPeer }),
      };
      next = new AwaitClientKey(this.#session, sent);
      return next;
    } finally {
      wipe(ticket?.psk);
      if (next === undefined) {
        secrets?.wipe();
        pair?.wipe();
        early?.wipe();
      }
    }
  }

  /** The peer as the ticket has it, if the authorizer and the socket take it: what it sends is delivered from now on. */
  *#earlyPeer(ticket: TicketState, suite: Suite): Work<EarlyPeer> {
    const { host } = this.#session.handshake;
    const claimed: [string, Uint8Array][] = [["Socket-Type", Buffer.from(ticket.socketType, "latin1")]];
    if (ticket.identity.length > 0) claimed.push(["Identity", ticket.identity]);
    const metadata = yield* authorizePeer(new Map(claimed), ticket.client);
    host.acceptPeer(metadata);
    const { mode } = this.#session.config.settings;
    const begun = { epoch: 0, rotation: "steady", resumed: true, early: "immediate" } as const;
    return {
      metadata,
      facts: connectionFacts({ role: "server", suite, mode, peer: ticket.client, ...begun }),
    };
  }
}

/**
 * The suite, and the identity that shows itself under it. A ticket settles both. Otherwise our most preferred suite
 * that was offered and for which there is a key; of several keys one that answers to server_name. Throws
 * {@link PeerError} `ERR_QZMQ_SUITE`.
 */
function chooseSuite(
  { settings, options }: ServerConfig,
  hello: ClientHello,
  ticket: TicketState | null,
): { readonly suite: Suite; readonly identity: Identity } {
  const identities = options.identities();
  const wanted = hello.extensions.serverName;
  for (const suite of settings.suites) {
    if (ticket !== null && Buffer.compare(ticket.suite, suite.octets) !== 0) continue;
    if (!hello.suites.some((offered) => Buffer.compare(offered, suite.octets) === 0)) continue;
    const able = identities.filter((identity) =>
      ticket === null
        ? identity.signer.algorithm === suite.signature
        : equalSecret(identity.fingerprint, ticket.serverKey),
    );
    const identity = able.find((candidate) => wanted !== null && answersTo(candidate, wanted)) ?? able[0];
    if (identity !== undefined) return { suite, identity };
  }
  throw new PeerError("ERR_QZMQ_SUITE", "No suite in common for which there is a key");
}

function answersTo(identity: Identity, name: string): boolean {
  const { subject, alternativeNames } = identity.chain[0]!;
  return subject === name || alternativeNames.includes(name);
}

function clientAuthRequest({ clientAuth, settings }: ServerConfig) {
  return { level: clientAuth, algorithms: clientAuth === "none" ? NOTHING : clientAlgorithms(settings.mode) };
}
