/** The client's last state: CLIENTKEY is sent, FINISHED awaited (spec, "Handshake client"). */
import { PeerError } from "../../errors.ts";
import type { Metadata } from "../../wire/metadata.ts";
import type { ClientOptions, Settings } from "./config.ts";
import { Connection, type Ticketing } from "./connection.ts";
import { CLOSE_CODE, encodeControl } from "./control.ts";
import type { EarlyFlight } from "./early.ts";
import {
  type Awaiting,
  type Handshake,
  primitives,
  type State,
  unexpected,
  unixSeconds,
  type Work,
} from "./handshake.ts";
import type { Identity } from "./identity.ts";
import type { Reveal } from "./key-log.ts";
import type { MasterSecrets } from "./key-schedule.ts";
import {
  type ClientHello,
  type Command,
  commandName,
  decodeFinished,
  decodeFinishedPlaintext,
  encodeFinished,
  MAX_HANDSHAKE_FRAME,
  type SignedServerHello,
} from "./messages.ts";
import { readPeerMetadata } from "./peer-metadata.ts";
import { KeysConfirmed, type PeerProven } from "./proof.ts";
import { cutRecords, openPart, RecordOpener, type RecordSealer, STREAM } from "./record.ts";
import type { Suite } from "./suite.ts";
import type { StoredTicket, TicketScope } from "./ticket-store.ts";
import type { OpenTranscript, Transcript } from "./transcript.ts";
import type { Trust } from "./trust.ts";
import type { Expected } from "./verdict.ts";

/** Waiting messages that go out with `fastStart`, octets at most. */
const FAST_START_LIMIT = 262_144;

/** What one client handshake goes by. */
export interface ClientConfig {
  readonly settings: Settings;
  readonly options: ClientOptions;
  /** As configured, checked; `null` to go by the endpoint. */
  readonly serverName: string | null;
}

/** What lasts through a client's handshake. */
export interface ClientSession {
  readonly handshake: Handshake;
  readonly config: ClientConfig;
  readonly trust: Trust;
  readonly identity: Identity | null;
  readonly expectedName: Exclude<Expected["name"], "any">;
  readonly scope: TicketScope;
  readonly hello: ClientHello;
  readonly transcript: OpenTranscript;
  /** Taken out of the store; its PSK is ours to wipe. */
  readonly ticket: StoredTicket | null;
  readonly early: EarlyFlight | null;
  readonly reveal: Reveal | null;
}

/** What CLIENTKEY came of. */
export interface Exchanged {
  readonly hello: SignedServerHello;
  readonly suite: Suite;
  readonly transcript: Transcript;
  readonly master: MasterSecrets;
  readonly sealer: RecordSealer;
  readonly proven: PeerProven;
}

/** CLIENTKEY is sent. */
export class AwaitFinished implements Awaiting {
  readonly kind = "awaiting";
  readonly last = "FINISHED";
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly #session: ClientSession;
  readonly #exchanged: Exchanged;
  /** Messages that went early, were not taken, and are owed. */
  #owed: readonly Uint8Array[];

  constructor(session: ClientSession, exchanged: Exchanged) {
    this.#session = session;
    this.#exchanged = exchanged;
    const again =
      !exchanged.hello.extensions.earlyData && session.config.options.earlyDelivery !== "immediate";
    this.#owed = again ? (session.early?.frames ?? []) : [];
  }

  /** Sends what waits, before the server's FINISHED. */
  fastStart(): void {
    const { handshake } = this.#session;
    const { hello, sealer } = this.#exchanged;
    const frames = [...this.#owed, ...handshake.host.takeEarlyMessages(FAST_START_LIMIT)];
    this.#owed = [];
    cutRecords(frames, hello.extensions.recordLimit, (pieces, size) => {
      sealer.seal("MESSAGE", pieces, size, handshake.output);
      handshake.counters.recordsSealed++;
      handshake.counters.bytesSealed += size;
    });
  }

  *receive(command: Command): Work<State> {
    if (command.name !== "FINISHED") throw unexpected(command, "FINISHED");
    const { handshake, config, early } = this.#session;
    const { hello, suite, transcript, master, sealer, proven } = this.#exchanged;
    const { hash, aead } = primitives(handshake.provider, suite);
    const name = commandName("FINISHED");
    const plaintext = openPart(master.serverKey(aead), name, decodeFinished(command.data));
    if (plaintext === null) throw new PeerError("ERR_QZMQ_AUTH", "FINISHED does not open");
    const finished = decodeFinishedPlaintext(plaintext, hash.length);
    const th = transcript.add(encodeFinished()).add(finished.metadataField).hash();
    const keysConfirmed = KeysConfirmed.check(master.serverVerifyData(th), finished.verifyData);
    transcript.add(finished.verifyData);
    const peerMetadata = readPeerMetadata(finished.metadata);
    this.#acceptPeer(peerMetadata);

    const opener = new RecordOpener(master.serverTraffic(aead), STREAM.application, 0);
    const { exporter, epoch } = master.intoSession(transcript.hash());
    const accepted = hello.extensions.earlyData;
    const connection = new Connection(
      {
        ...{ role: "client", suite, settings: config.settings, sealer, opener, exporter, secrets: epoch },
        ...{ random: handshake.random, counters: handshake.counters, output: handshake.output },
        ...{ peerProven: proven, keysConfirmed, peerMetadata, resumed: hello.resumed },
        peerRecordLimit: hello.extensions.recordLimit,
        ticketing: this.#ticketing(),
        early: early === null ? "none" : accepted ? "accepted" : "refused",
      },
      handshake.now,
    );
    const size = this.#owed.reduce((sum, frame) => sum + frame.length, 0);
    connection.queue(this.#owed, size);
    return { kind: "established", connection, plaintext: null };
  }

  dispose(): void {
    this.#exchanged.master.wipe();
    this.#exchanged.sealer.wipe();
  }

  /** The server has finished, so it hears of a refusal by a goodbye. */
  #acceptPeer(metadata: Metadata): void {
    const { handshake } = this.#session;
    try {
      handshake.host.acceptPeer(metadata);
    } catch (error) {
      const goodbye = encodeControl({ type: "close", code: CLOSE_CODE.policy });
      this.#exchanged.sealer.seal("CONTROL", [goodbye], goodbye.length, handshake.output);
      throw error;
    }
  }

  #ticketing(): Ticketing {
    const { handshake, config, scope } = this.#session;
    const { hello, suite, proven } = this.#exchanged;
    const { tickets } = config.options;
    const server = proven.peer;
    if (!tickets || server === null) return { kind: "none" };
    return {
      kind: "keep",
      keep({ ticket, lifetime, earlyLimit }, psk) {
        const expires = unixSeconds(handshake) + lifetime;
        const recordLimit = hello.extensions.recordLimit;
        tickets.put(scope, {
          ticket: ticket.slice(),
          psk,
          suite: suite.octets,
          server,
          expires,
          earlyLimit,
          recordLimit,
        });
      },
    };
  }
}
