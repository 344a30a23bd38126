/** The server's second state: SERVERHELLO is sent, CLIENTKEY awaited, EARLY taken in before it (spec, "Handshake server"). */
import { wipe } from "../../bytes/constant-time.ts";
import { Writer } from "../../bytes/writer.ts";
import { PeerError } from "../../errors.ts";
import { type Metadata, property } from "../../wire/metadata.ts";
import type { Admission, Seat } from "./admission.ts";
import { signaturesOfMode } from "./algorithm.ts";
import type { ServerOptions, Settings } from "./config.ts";
import { Connection } from "./connection.ts";
import type { EarlyIntake } from "./early.ts";
import type { ClientAuth } from "./extensions.ts";
import {
  type Awaiting,
  authorize,
  type EarlyPeer,
  type Handshake,
  primitives,
  type State,
  send,
  turn,
  unexpected,
  unixSeconds,
  verifyPeer,
  violation,
  type Work,
} from "./handshake.ts";
import type { KemKeyPair } from "./kem.ts";
import type { EarlySecrets, HandshakeSecrets, MasterSecrets } from "./key-schedule.ts";
import {
  appendSealed,
  type ClientHello,
  type ClientKey,
  type ClientKeyPlaintext,
  type Command,
  commandName,
  decodeClientKey,
  decodeClientKeyPlaintext,
  encodeFinished,
  MAX_HANDSHAKE_FRAME,
} from "./messages.ts";
import { padMetadata, readPeerMetadata, withAuthorized } from "./peer-metadata.ts";
import { KeysConfirmed, PeerProven } from "./proof.ts";
import { EARLY_OVERHEAD, openPart, RecordOpener, RecordSealer, STREAM, sealPart } from "./record.ts";
import { SIGNATURE_CONTEXTS } from "./signer.ts";
import type { Suite } from "./suite.ts";
import type { TicketState } from "./ticket.ts";
import type { TicketService } from "./ticket-service.ts";
import type { Transcript } from "./transcript.ts";
import type { PeerRecord } from "./verdict.ts";

const NOTHING = new Uint8Array(0);

/** What a server's handshakes go by. */
export interface ServerConfig {
  readonly settings: Settings;
  readonly options: ServerOptions;
  readonly clientAuth: ClientAuth;
  readonly admission: Admission;
  /** `null`: no resumption. */
  readonly tickets: TicketService | null;
}

/** What lasts through a server's handshake. */
export interface ServerSession {
  readonly handshake: Handshake;
  readonly config: ServerConfig;
  readonly seat: Seat;
}

/** What SERVERHELLO came of. */
export interface SentHello {
  readonly hello: ClientHello;
  readonly suite: Suite;
  /** Fingerprint of our key in this session. */
  readonly serverKey: Uint8Array;
  /** Its PSK is wiped. */
  readonly ticket: TicketState | null;
  readonly transcript: Transcript;
  readonly secrets: EarlySecrets;
  readonly pair: KemKeyPair;
  readonly early: EarlyIntake;
  readonly accepted: boolean;
  readonly asked: boolean;
  /** Early data is delivered at once, of this peer. */
  readonly earlyPeer?: EarlyPeer;
}

/** What CLIENTKEY has shown. */
interface VerifiedClient {
  readonly master: MasterSecrets;
  readonly proven: PeerProven;
  readonly keysConfirmed: KeysConfirmed;
  /** Its properties as it gave them, and with what the authorizer made of them. */
  readonly claimed: Metadata;
  readonly peerMetadata: Metadata;
}

/** SERVERHELLO is sent. */
export class AwaitClientKey implements Awaiting {
  readonly kind = "awaiting";
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly early?: EarlyPeer;
  readonly #session: ServerSession;
  readonly #sent: SentHello;
  #plaintext: Uint8Array | null = null;

  constructor(session: ServerSession, sent: SentHello) {
    this.#session = session;
    this.#sent = sent;
    if (sent.earlyPeer !== undefined) this.early = sent.earlyPeer;
  }

  takePlaintext(): Uint8Array | null {
    const plaintext = this.#plaintext;
    this.#plaintext = null;
    return plaintext;
  }

  *receive(command: Command): Work<State> {
    if (command.name === "EARLY") {
      const { accepted, early } = this.#sent;
      const { recordLimit } = this.#session.config.settings;
      if (accepted && command.body.length - EARLY_OVERHEAD > recordLimit) {
        throw violation(`EARLY beyond ${recordLimit} octets`);
      }
      this.#plaintext = early.take(command.body);
      return this;
    }
    if (command.name !== "CLIENTKEY") throw unexpected(command, "CLIENTKEY");
    return yield* this.#clientKey(decodeClientKey(command));
  }

  dispose(): void {
    this.#sent.secrets.wipe();
    this.#sent.pair.wipe();
    this.#sent.early.wipe();
  }

  *#clientKey(message: ClientKey): Work<State> {
    const { handshake } = this.#session;
    const { suite, transcript, secrets, pair, early } = this.#sent;
    const { hash, aead } = primitives(handshake.provider, suite);
    let handshakeSecrets: HandshakeSecrets | undefined;
    let master: MasterSecrets | undefined;
    try {
      transcript.add(message.throughCiphertext);
      yield* turn();
      const kemSecret = pair.decapsulate(message.ciphertext);
      handshakeSecrets = secrets.intoHandshake(kemSecret, transcript.hash());
      wipe(kemSecret);
      const plaintext = openPart(handshakeSecrets.clientKey(aead), commandName("CLIENTKEY"), message.sealed);
      if (plaintext === null) throw new PeerError("ERR_QZMQ_AUTH", "CLIENTKEY does not open");
      const parts = decodeClientKeyPlaintext(plaintext, hash.length);

      const thSigned = transcript.add(parts.beforeSignature).hash();
      const binder = handshakeSecrets.binder(transcript.add(parts.signatureField).hash());
      const verifyData = handshakeSecrets.clientVerifyData(transcript.add(parts.binderField).hash());
      const keysConfirmed = KeysConfirmed.check(verifyData, parts.verifyData);
      const proven = yield* this.#proveClient(parts, binder, thSigned);
      const messages = early.finish(parts.earlyRecords);
      const claimed = readPeerMetadata(parts.metadata);
      this.#checkRepeated(claimed);
      const peerMetadata = this.#sent.earlyPeer?.metadata ?? (yield* authorizePeer(claimed, proven.peer));
      if (this.#sent.earlyPeer === undefined) handshake.host.acceptPeer(peerMetadata);

      transcript.add(parts.verifyData);
      master = handshakeSecrets.intoMaster(transcript.hash());
      this.#sendFinished(master);
      const connection = this.#establish({ master, proven, keysConfirmed, claimed, peerMetadata });
      return { kind: "established", connection, plaintext: messages };
    } finally {
      this.dispose();
      handshakeSecrets?.wipe();
      master?.wipe();
    }
  }

  /** Who the client is. Binder before certificates, look-up before signatures, root first. */
  *#proveClient(parts: ClientKeyPlaintext, binder: Uint8Array, th: Uint8Array): Work<PeerProven> {
    const { handshake, config } = this.#session;
    const { ticket } = this.#sent;
    const { certificates } = parts;
    if (ticket !== null) {
      const proven = PeerProven.byPsk(ticket.client, binder, parts.binder);
      if (certificates.length > 0) throw violation("Certificate in a resumed handshake");
      return proven;
    }
    if (parts.binder.length > 0) throw violation("psk_binder in a full handshake");
    if (certificates.length === 0) return PeerProven.anonymous(config.clientAuth);
    if (config.clientAuth === "none" || config.options.trust === undefined) {
      throw violation("Certificate that was not asked for");
    }
    const trust = config.options.trust();
    const expected = {
      role: "client",
      algorithms: signaturesOfMode(config.settings.mode),
      name: "any",
    } as const;
    const peer = yield* verifyPeer(trust, certificates, expected, unixSeconds(handshake));
    yield* turn();
    return PeerProven.bySignature(handshake.provider, peer, th, SIGNATURE_CONTEXTS.client, parts.signature);
  }

  /** A resumed client is what it was: the ticket's Socket-Type and Identity again. */
  #checkRepeated(metadata: Metadata): void {
    const { ticket } = this.#sent;
    if (ticket === null) return;
    const type = Buffer.from(property(metadata, "Socket-Type")!).toString("latin1");
    const identity = property(metadata, "Identity") ?? NOTHING;
    if (type !== ticket.socketType || Buffer.compare(identity, ticket.identity) !== 0) {
      throw violation("Socket-Type or Identity other than the ticket's");
    }
  }

  #sendFinished(master: MasterSecrets): void {
    const { handshake } = this.#session;
    const { suite, transcript } = this.#sent;
    const before = encodeFinished();
    const metadata = new Writer().v32(padMetadata(handshake.host.metadata)).finish();
    const verifyData = master.serverVerifyData(transcript.add(before).add(metadata).hash());
    transcript.add(verifyData);
    const key = master.serverKey(primitives(handshake.provider, suite).aead);
    const sealed = sealPart(key, commandName("FINISHED"), Buffer.concat([metadata, verifyData]));
    send(handshake, appendSealed(before, sealed));
  }

  #establish({ master, proven, keysConfirmed, claimed, peerMetadata }: VerifiedClient): Connection {
    const { handshake, config } = this.#session;
    const { suite, hello, ticket, transcript, serverKey, accepted, asked, earlyPeer } = this.#sent;
    const { aead } = primitives(handshake.provider, suite);
    const sealer = new RecordSealer(master.serverTraffic(aead), STREAM.application, 0);
    const opener = new RecordOpener(master.clientTraffic(aead), STREAM.application, 0);
    const { exporter, epoch } = master.intoSession(transcript.hash());
    const { recordLimit, serverName } = hello.extensions;
    const subject = {
      ...{ suite: suite.octets, serverKey, recordLimit, client: proven.peer, clientMetadata: claimed },
      serverName: serverName ?? "",
      authenticatedAt: ticket?.authenticatedAt ?? unixSeconds(handshake),
    };
    const { tickets } = config;
    const connection = new Connection(
      {
        ...{ role: "server", suite, settings: config.settings, sealer, opener, exporter, secrets: epoch },
        ...{ random: handshake.random, counters: handshake.counters, output: handshake.output },
        ...{ peerProven: proven, keysConfirmed, peerMetadata, resumed: ticket !== null },
        peerRecordLimit: recordLimit,
        ticketing:
          tickets === null
            ? { kind: "none" }
            : { kind: "issue", issue: (psk) => tickets.issue(subject, psk, unixSeconds(handshake)) },
        early: earlyPeer !== undefined ? "immediate" : accepted ? "accepted" : asked ? "refused" : "none",
      },
      handshake.now,
    );
    connection.issueTickets(tickets?.count ?? 0);
    return connection;
  }
}

/**
 * The properties of a peer that the authorizer accepts, with what it gave. Credentials: the key's fingerprint and the
 * verified identity, both empty for an anonymous client. Throws {@link PeerError} `ERR_QZMQ_AUTH`.
 */
export function* authorizePeer(metadata: Metadata, peer: PeerRecord | null): Work<Metadata> {
  const identity = peer?.identity ?? "";
  const fingerprint = peer === null ? NOTHING : peer.chain[0]!.keyId;
  const decision = yield* authorize([fingerprint, Buffer.from(identity)], metadata);
  if (decision.status !== 200) {
    throw new PeerError("ERR_QZMQ_AUTH", `Authorizer: ${decision.status} ${decision.text}`, {
      status: decision.status,
    });
  }
  return withAuthorized(metadata, decision.metadata, decision.userId === "" ? identity : decision.userId);
}
