/**
 * An established connection: application data in records, control messages, rotation when a key has done enough,
 * tickets, and the goodbye (spec, "Established", "Rotation triggers", "Closing").
 *
 * Everything sealed goes through one queue, `output`, so that it leaves in the order of its sequence.
 * Random octets: 4 for each epoch's age (client only), 16 for each ticket's nonce (server only), and those of epochs.ts.
 */
import { wipe } from "../../bytes/constant-time.ts";
import type { Random } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import type { Metadata } from "../../wire/metadata.ts";
import type { Role } from "./certificate.ts";
import type { Settings } from "./config.ts";
import { type KeyLimits, MAX_TICKETS } from "./config.ts";
import { CLOSE_CODE, type CloseCode, type Control, decodeControl, MAX_CONTROL } from "./control.ts";
import type { Counters } from "./counters.ts";
import { Epochs, notConfirmed, type Opened } from "./epochs.ts";
import { connectionFacts, type Early } from "./facts.ts";
import { isCommand } from "./framing.ts";
import { keyExchange } from "./kem.ts";
import type { EpochSecrets, Exporter } from "./key-schedule.ts";
import type { KeysConfirmed, PeerProven } from "./proof.ts";
import {
  cutRecords,
  decodeRecordHead,
  HARD_BYTES,
  HARD_RECORDS,
  LARGEST,
  RECORD_OVERHEAD,
  type RecordOpener,
  type RecordSealer,
  TAG_LENGTH,
} from "./record.ts";
import { LAST_EPOCH, UpdateBudget } from "./rotation.ts";
import type { Suite } from "./suite.ts";
import type { PeerRecord } from "./verdict.ts";

/** How long a side reads on after its CLOSE, milliseconds. */
export const CLOSE_WAIT = 5000;
/** KEYUPDATE that a peer may send: so many at once, one more each interval (milliseconds). */
const PEER_UPDATES = { burst: 8, interval: 1000 };
/** What we send stays below that, whatever clocks and networks do. */
const OWN_UPDATES = { burst: 7, interval: 1100 };
/** Where application data stops for good, some way below the peer's hard limits: a last batch and CONTROL still fit. */
const LAST_RECORDS = HARD_RECORDS - 2 ** 22;
const LAST_BYTES = HARD_BYTES - 2 ** 36;

/** A TICKET as received. */
export type ReceivedTicket = Extract<Control, { type: "ticket" }>;

/** What a connection does with tickets. */
export type Ticketing =
  /** Server: seals a ticket around `psk`, which it must not keep; `null` when it cannot now. */
  | {
      readonly kind: "issue";
      readonly issue: (
        psk: Uint8Array,
      ) => { readonly ticket: Uint8Array; readonly lifetime: number; readonly earlyLimit: number } | null;
    }
  /** Client: `psk` must be copied to be kept. */
  | { readonly kind: "keep"; readonly keep: (ticket: ReceivedTicket, psk: Uint8Array) => void }
  | { readonly kind: "none" };

/** What a handshake hands over. Keys and secrets are taken over. */
export interface ConnectionParts {
  readonly role: Role;
  readonly suite: Suite;
  readonly settings: Settings;
  readonly random: Random;
  readonly counters: Counters;
  readonly output: Uint8Array[];
  /** The largest MESSAGE plaintext that the peer accepts. */
  readonly peerRecordLimit: number;
  readonly peerProven: PeerProven;
  readonly keysConfirmed: KeysConfirmed;
  readonly sealer: RecordSealer;
  readonly opener: RecordOpener;
  readonly exporter: Exporter;
  readonly secrets: EpochSecrets;
  readonly ticketing: Ticketing;
  readonly peerMetadata: Metadata;
  readonly resumed: boolean;
  readonly early: Early;
}

/** See the head of this file. `now` is monotonic milliseconds. */
export class Connection {
  readonly peerMetadata: Metadata;
  readonly #parts: ConnectionParts;
  readonly #epochs: Epochs;
  readonly #limits: Required<KeyLimits>;
  readonly #ownUpdates: UpdateBudget;
  readonly #peerUpdates: UpdateBudget;
  #tickets = 0;
  /** Who said goodbye. */
  #closing: { readonly ours: boolean; readonly theirs: boolean } = { ours: false, theirs: false };
  #closeBy = Number.POSITIVE_INFINITY;
  /** Somebody asked for a rotation. */
  #wanted = false;
  /** When our budget allows the next KEYUPDATE, if that is what a rotation waits for. */
  #retryAt = Number.POSITIVE_INFINITY;
  #agedAt = 0;
  #stopAt = 0;
  #age: "young" | "aged" | "stopped" = "young";

  constructor(parts: ConnectionParts, now: number) {
    this.#parts = parts;
    this.peerMetadata = parts.peerMetadata;
    this.#limits = parts.settings.limits;
    this.#epochs = new Epochs({
      role: parts.role,
      kem: keyExchange(parts.settings.provider, parts.suite.kem),
      aead: parts.settings.provider.aeads[parts.suite.aead],
      random: parts.random,
      unixTime: parts.settings.unixTime,
      counters: parts.counters,
      sealer: parts.sealer,
      opener: parts.opener,
      secrets: parts.secrets,
    });
    this.#ownUpdates = new UpdateBudget(OWN_UPDATES.burst, OWN_UPDATES.interval, now);
    this.#peerUpdates = new UpdateBudget(PEER_UPDATES.burst, PEER_UPDATES.interval, now);
    this.#startAge(now);
  }

  get maxFrameSize(): number {
    return this.#parts.settings.recordLimit + RECORD_OVERHEAD;
  }

  /** False once we said goodbye or were told, and at twice a limit until the keys have changed. */
  get canSend(): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    return (
      !this.#closing.ours &&
      this.#age !== "stopped" &&
      this.#epochs.records < Math.min(2 * maxMessages, LAST_RECORDS) &&
      this.#epochs.bytes < Math.min(2 * maxBytes, LAST_BYTES)
    );
  }

  /** `null` for an anonymous client. */
  get peer(): PeerRecord | null {
    return this.#parts.peerProven.peer;
  }

  /** True once the peer's goodbye was read and ours is queued, or it did not come in time. */
  get ended(): boolean {
    return this.#closing.ours && (this.#closing.theirs || this.#closeBy === Number.POSITIVE_INFINITY);
  }

  get deadline(): number {
    if (this.#closing.ours) return this.#closing.theirs ? Number.POSITIVE_INFINITY : this.#closeBy;
    if (this.#age === "stopped") return this.#retryAt;
    return Math.min(this.#age === "young" ? this.#agedAt : this.#stopAt, this.#retryAt);
  }

  /** Holds no secret. */
  get facts(): Readonly<Record<string, unknown>> {
    const { suite, settings, peerProven, resumed, early, role } = this.#parts;
    const { epoch, rotation } = this.#epochs;
    return connectionFacts({
      role,
      suite,
      mode: settings.mode,
      peer: peerProven.peer,
      epoch,
      rotation,
      resumed,
      early,
    });
  }

  /** One frame of the peer; plaintext of a MESSAGE, or `null`. Throws {@link PeerError}. */
  receive(flags: number, body: Uint8Array, now: number): Uint8Array | null {
    const head = isCommand(flags) ? decodeRecordHead(body) : null;
    if (head === null || head.name === "EARLY") {
      throw new PeerError("ERR_QZMQ_TRUNCATED", "A frame that is no record, in place of the next one");
    }
    if (this.#closing.theirs) throw new PeerError("ERR_QZMQ_PROTOCOL", "Record after CLOSE");
    const limit = head.name === "MESSAGE" ? this.#parts.settings.recordLimit : MAX_CONTROL;
    if (body.length - head.length - TAG_LENGTH > limit) {
      throw new PeerError("ERR_QZMQ_PROTOCOL", `${head.name} record beyond ${limit} octets`);
    }
    const opened = this.#epochs.open(head, body);
    if (head.name === "MESSAGE") return opened.plaintext;
    this.#control(opened, now);
    return null;
  }

  /** Protects encoded frames, `size` octets in all; returns everything that is to be written, in order. */
  seal(frames: readonly Uint8Array[], size: number, now: number): Uint8Array[] {
    if (this.#closing.ours) throw new Error("nothing can be sealed after CLOSE");
    this.queue(frames, size);
    this.#rotateIfDue(now);
    return this.#parts.output.splice(0);
  }

  /** See {@link Epochs.prepare}. */
  prepare(): void {
    this.#epochs.prepare();
  }

  /** Seals encoded frames into the output, for what a handshake still owes. */
  queue(frames: readonly Uint8Array[], size: number): void {
    const out = this.#parts.output;
    if (size > 0 && size <= Math.min(this.#parts.peerRecordLimit, LARGEST)) {
      this.#epochs.seal("MESSAGE", frames, size, out);
      return;
    }
    cutRecords(frames, this.#parts.peerRecordLimit, (pieces, length) => {
      this.#epochs.seal("MESSAGE", pieces, length, out);
    });
  }

  /** Starts a rotation, or notes that one is wanted as soon as it may start. True when KEYUPDATE is queued now. */
  rotate(now: number): boolean {
    this.#wanted = true;
    return this.#rotateIfDue(now);
  }

  /** Issues up to `count` tickets. Only where the parts say so, and not while our own KEYUPDATE is out. */
  issueTickets(count: number): void {
    const { ticketing, random, counters, output } = this.#parts;
    if (ticketing.kind !== "issue" || this.#closing.ours || this.#epochs.rotation === "asked") return;
    for (let left = Math.min(count, MAX_TICKETS - this.#tickets); left > 0; left--) {
      const nonce = random(16);
      const psk = this.#epochs.ticketPsk(nonce);
      const made = ticketing.issue(psk);
      wipe(psk);
      if (made === null) return;
      this.#epochs.sealControl({ type: "ticket", ...made, nonce }, output);
      this.#tickets++;
      counters.ticketsIssued++;
    }
  }

  /** Says goodbye. True when the peer's answer is to be awaited, until `deadline`. */
  close(now: number, code: CloseCode): boolean {
    if (!this.#closing.ours) {
      this.#epochs.sealControl({ type: "close", code }, this.#parts.output);
      this.#closing = { ...this.#closing, ours: true };
      this.#closeBy = now + CLOSE_WAIT;
    }
    return !this.ended;
  }

  /** The transport ended. Throws {@link PeerError} `ERR_QZMQ_TRUNCATED` unless the peer had said goodbye. */
  end(): void {
    if (!this.#closing.theirs) {
      throw new PeerError("ERR_QZMQ_TRUNCATED", "The connection was cut without a goodbye");
    }
  }

  onDeadline(now: number): void {
    if (this.#closing.ours) {
      if (now >= this.#closeBy) this.#closeBy = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#age === "young" && now >= this.#agedAt) this.#age = "aged";
    if (this.#age === "aged" && now >= this.#stopAt) this.#age = "stopped";
    this.#rotateIfDue(now);
  }

  /** See {@link Exporter.export}. */
  export(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#parts.exporter.export(label, context, length);
  }

  wipe(): void {
    this.#epochs.wipe();
    this.#parts.exporter.wipe();
  }

  #control({ plaintext, underNext }: Opened, now: number): void {
    const control = decodeControl(plaintext);
    if (underNext && control.type !== "keyConfirm") throw notConfirmed();
    const { output } = this.#parts;
    const open = !this.#closing.ours;
    switch (control.type) {
      case "keyUpdate":
        if (!this.#peerUpdates.take(now))
          throw new PeerError("ERR_QZMQ_ROTATION", "Rotation: too many KEYUPDATE");
        if (this.#epochs.readUpdate(control, plaintext, open, output)) this.#newEpoch(now);
        break;
      case "keyUpdateAck":
        this.#epochs.readAck(control, plaintext, open, output);
        this.#newEpoch(now);
        this.#rotated(now);
        break;
      case "keyConfirm":
        this.#epochs.readConfirm(control, underNext);
        this.#rotated(now);
        break;
      case "ticket":
        this.#keepTicket(control);
        break;
      case "close":
        this.#closing = { ...this.#closing, theirs: true };
        this.close(now, CLOSE_CODE.normal);
        break;
      case "pad":
        break;
    }
  }

  #keepTicket(control: ReceivedTicket): void {
    const { role, ticketing } = this.#parts;
    if (role === "server") throw new PeerError("ERR_QZMQ_PROTOCOL", "TICKET from a client");
    if (++this.#tickets > MAX_TICKETS) throw new PeerError("ERR_QZMQ_PROTOCOL", "Too many TICKET");
    // Its PSK would hang on a resumption secret that our KEYUPDATEACK has ended.
    if (this.#epochs.rotation === "answered") {
      throw new PeerError("ERR_QZMQ_PROTOCOL", "TICKET between KEYUPDATE and KEYCONFIRM");
    }
    if (ticketing.kind !== "keep") return;
    const psk = this.#epochs.ticketPsk(control.nonce);
    ticketing.keep(control, psk);
    wipe(psk);
  }

  /** We seal under new keys. */
  #newEpoch(now: number): void {
    this.#wanted = false;
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.#startAge(now);
  }

  /** Both sides have the new keys. */
  #rotated(now: number): void {
    this.issueTickets(1);
    this.#rotateIfDue(now);
  }

  /** Client and server differ, so that they do not ask at the same time (spec, "Rotation triggers"). */
  #startAge(now: number): void {
    const { maxAge } = this.#limits;
    const share =
      this.#parts.role === "client" ? 1 - (0.1 * readU32(this.#parts.random(4))) / 2 ** 32 : 1.125;
    this.#agedAt = now + maxAge * share;
    this.#stopAt = now + 2 * maxAge;
    this.#age = "young";
  }

  #rotateIfDue(now: number): boolean {
    if (this.#closing.ours) return false;
    const { maxMessages, maxBytes } = this.#limits;
    const due =
      this.#wanted ||
      this.#age !== "young" ||
      this.#epochs.records >= maxMessages ||
      this.#epochs.bytes >= maxBytes;
    if (!due || this.#epochs.rotation !== "steady") return false;
    if (this.#epochs.epoch === LAST_EPOCH) {
      this.close(now, CLOSE_CODE.limits);
      return false;
    }
    if (!this.#ownUpdates.take(now)) {
      this.#retryAt = this.#ownUpdates.next;
      return false;
    }
    this.#retryAt = Number.POSITIVE_INFINITY;
    return this.#epochs.ask(this.#parts.output);
  }
}

function readU32(octets: Uint8Array): number {
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}
