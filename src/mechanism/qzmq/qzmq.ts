/**
 * The QZMQ mechanism behind the door of mechanism.ts: drives the states of a handshake, then stands aside for the
 * connection that comes of it.
 *
 * States are generators (handshake.ts). A step that must wait leaves the generator where it is; whoever completes the
 * step resumes it, possibly from a later turn of the event loop, and `wake()` tells the engine once the generator has
 * reached the next state or has thrown, which `advance` then reports.
 */
import { PeerError } from "../../errors.ts";
import type { Metadata } from "../../wire/metadata.ts";
import type { Mechanism, MechanismHost, MechanismStatus } from "../mechanism.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODE, type CloseCode } from "./control.ts";
import { type Counters, countCompleted, countFailure } from "./counters.ts";
import { asPeerError, closeCode, noSeat, refusal, wireReason } from "./failure.ts";
import { encodeCommand, isCommand } from "./framing.ts";
import type { Awaiting, Handshake, State, Step, Work } from "./handshake.ts";
import { COMMAND_NAMES, decodeCommand, decodeError, encodeError, MAX_CLIENT_HELLO } from "./messages.ts";
import { RECORD_OVERHEAD } from "./record.ts";
import type { Entry, Role } from "./role.ts";
import { type Answer, carryOut } from "./steps.ts";
import type { PeerRecord, RefusalCause } from "./verdict.ts";

/** Name in the greeting. */
export const MECHANISM_NAME = "QZMQ";
/** Commands that the decrypted stream may not hold: our own, and NULL's READY (spec, "Record stream"). */
const RESERVED_COMMANDS: ReadonlySet<string> = new Set(["READY", ...COMMAND_NAMES]);
/** Octet of the greeting that says the role (RFC 37, "greeting"). */
const AS_SERVER = 32;

/** What a handshake step came to. */
type Outcome = { readonly state: State } | { readonly error: unknown };

/** See the head of this file. */
export class QzmqMechanism implements Mechanism {
  readonly name = MECHANISM_NAME;
  readonly transparent = false;
  readonly reserved = RESERVED_COMMANDS;
  readonly #role: Role;
  readonly #output: Uint8Array[] = [];
  #host: MechanismHost | null = null;
  #wake: () => void = () => {};
  #entry: Entry | null = null;
  #state: Awaiting | null = null;
  #work: Work<State> | null = null;
  #outcome: Outcome | null = null;
  #connection: Connection | null = null;
  /** When the handshake began, and when its time began to run, which is with the connection. */
  #startedAt = 0;
  #openedAt: number | null = null;
  #now = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #dropped = false;
  #early = false;
  /** The peer is believed no more: ends the connection at the next turn. */
  #withdrawn: PeerError | null = null;
  /** The message in hand was the peer's last: it hears no ERROR any more. */
  #unheard = false;
  #over = false;

  constructor(role: Role) {
    this.#role = role;
  }

  get asServer(): boolean {
    return this.#role.asServer;
  }

  get status(): MechanismStatus {
    if (this.#connection !== null) return "ready";
    if (this.#work !== null) return "waiting";
    return this.#state?.early === undefined ? "handshaking" : "ready";
  }

  get maxFrameSize(): number {
    if (this.#connection !== null) return this.#connection.maxFrameSize;
    const limit = this.#state?.maxFrameSize ?? MAX_CLIENT_HELLO;
    // What is buffered while CLIENTKEY is looked at may be records already.
    return this.#work === null ? limit : Math.max(limit, this.#role.recordLimit + RECORD_OVERHEAD);
  }

  get canSend(): boolean {
    return !this.#over && this.#connection !== null && this.#connection.canSend;
  }

  get peerMetadata(): Metadata | null {
    return this.#connection?.peerMetadata ?? this.#state?.early?.metadata ?? null;
  }

  get facts(): Readonly<Record<string, unknown>> | null {
    return this.#connection?.facts ?? this.#state?.early?.facts ?? null;
  }

  get deadline(): number {
    if (this.#over) return Number.POSITIVE_INFINITY;
    // Dropped handshakes end at once; one that was done by then stays.
    if (this.#dropped && this.#connection === null) return 0;
    return this.#connection?.deadline ?? this.#deadline;
  }

  /** Who the peer was proven to be, or whose ticket brought early data; `null` for an anonymous client, and before. */
  get peer(): PeerRecord | null {
    return this.#connection?.peer ?? this.#state?.early?.peer ?? null;
  }

  /** True once both sides said goodbye, or the peer did not in time: nothing more comes, the transport can be cut. */
  get ended(): boolean {
    return this.#connection?.ended ?? false;
  }

  /** True once the handshake has verified; `ready` may come before that, with early data that is delivered at once. */
  get established(): boolean {
    return this.#connection !== null && !this.#over;
  }

  get early(): boolean {
    return this.#early;
  }

  get counters(): Counters {
    return this.#role.counters;
  }

  /** From here on the peer has a place among the half-open handshakes, and so long for its first message. */
  admit(connection: Pick<MechanismHost, "peerAddress" | "wake">, now: number): void {
    this.#wake = () => connection.wake();
    this.#openedAt = now;
    this.#deadline = now + Math.min(this.#role.helloTimeout, this.#role.handshakeTimeout);
    this.#guard(() => {
      this.#entry = this.#role.enter(connection.peerAddress, () => this.#drop());
    });
  }

  holding(octets: number, now: number): void {
    if (this.#connection !== null) return;
    this.#tick(now);
    if (!this.#over) this.#guard(() => this.#entry?.buffer(octets));
  }

  start(host: MechanismHost, now: number): void {
    if (this.#openedAt === null) this.admit(host, now);
    this.#host = host;
    this.#tick(now);
    this.#startedAt = now;
    this.#role.counters.handshakesStarted++;
    // The other role's octet is the only one that fits (spec, "Roles").
    if (host.peerGreeting[AS_SERVER] !== (this.asServer ? 0 : 1)) {
      const text = `The peer's greeting gives no role that fits a ${this.asServer ? "server" : "client"}`;
      throw this.#fail(new PeerError("ERR_QZMQ_ROLE", text));
    }
    this.#guard(() => {
      this.#state = this.#entry!.begin(this.#handshake(host));
    });
  }

  receive(flags: number, body: Uint8Array, now: number): Uint8Array | null {
    this.#tick(now);
    return this.#guard(() => {
      if (this.#connection !== null) {
        this.#early = false;
        return this.#connection.receive(flags, body, now);
      }
      this.#deadline = this.#openedAt! + this.#role.handshakeTimeout;
      if (!isCommand(flags)) throw new PeerError("ERR_QZMQ_PROTOCOL", "Message before the handshake is done");
      const command = decodeCommand(body.slice());
      if (command.name === "ERROR") {
        const reason = decodeError(command.data);
        // A refused authentication is told like any other: status 400.
        const detail = reason === "auth" ? { reason, status: 400 } : { reason };
        throw new PeerError("ERR_ZMTP_PEER_ERROR", `Peer answered with ERROR: ${reason}`, detail);
      }
      this.#unheard = command.name === this.#state!.last;
      this.#work = this.#state!.receive(command);
      this.#proceed({ ok: true, value: undefined });
      return this.#settle();
    });
  }

  refuse(where: "frame" | "stream", error: PeerError, now: number): PeerError {
    if (this.#over) return error;
    this.#tick(now);
    return this.#fail(refusal(where, error, this.#connection === null));
  }

  advance(now: number): Uint8Array | null {
    this.#tick(now);
    return this.#guard(() => this.#settle());
  }

  takeOutput(): Uint8Array[] {
    return this.#output.splice(0);
  }

  seal(frames: readonly Uint8Array[], size: number, now: number): Uint8Array[] {
    return this.#guard(() => this.#ready().seal(frames, size, now));
  }

  prepare(): void {
    if (!this.#over) this.#connection?.prepare();
  }

  onDeadline(now: number): void {
    this.#tick(now);
    this.#guard(() => {
      if (this.#connection !== null) this.#connection.onDeadline(now);
      else if (this.#dropped) throw noSeat();
      else if (now >= this.#deadline) throw new PeerError("ERR_QZMQ_TIMEOUT", "Handshake took too long");
    });
  }

  close(now: number): boolean {
    if (this.#over || this.#connection === null) return false;
    return this.#connection.close(now, CLOSE_CODE.normal);
  }

  end(): void {
    if (!this.#over) this.#guard(() => this.#connection?.end());
  }

  /** Starts a rotation of the keys, or notes that one is wanted. True when KEYUPDATE is queued now. Only when `ready`. */
  rotate(now: number): boolean {
    const queued = this.#ready().rotate(now);
    this.#host!.wake();
    return queued;
  }

  /** Ends the connection: the peer, once believed, would be refused now. It is told CLOSE(4). */
  withdraw(cause: RefusalCause): void {
    this.#withdrawn = new PeerError("ERR_QZMQ_AUTH", `Peer believed no more (${cause})`);
    this.#host!.wake();
  }

  /** Keying material for the application (spec, "Exporter"); see `Exporter.export`. Only when `ready`. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#ready().export(label, context, length);
  }

  dispose(): void {
    this.#over = true;
    // Runs the `finally` blocks of a handshake that waits; one that is running cannot be disposed of.
    this.#work?.return(undefined as never);
    this.#work = null;
    this.#state?.dispose();
    if (this.#outcome !== null && "state" in this.#outcome) disposeState(this.#outcome.state);
    this.#outcome = null;
    this.#connection?.wipe();
    this.#entry?.leave();
    this.#role.over(this);
  }

  #tick(now: number): void {
    this.#now = now;
    this.#entry?.tick(now);
  }

  #ready(): Connection {
    if (this.#connection !== null && !this.#over) return this.#connection;
    throw new Error("the handshake is not done, or the connection is over");
  }

  #handshake(host: MechanismHost): Handshake {
    const now = () => this.#now;
    const { provider, counters, unixTime } = this.#role;
    return {
      ...{ host, provider, counters, unixTime, random: host.random, output: this.#output },
      get now() {
        return now();
      },
    };
  }

  #drop(): void {
    this.#dropped = true;
    this.#wake();
  }

  /** Takes over what a handshake step came to, if it has. */
  #settle(): Uint8Array | null {
    if (this.#withdrawn !== null) throw this.#withdrawn;
    const outcome = this.#outcome;
    if (outcome === null) return null;
    this.#outcome = null;
    this.#work = null;
    if ("error" in outcome) throw outcome.error;
    if (outcome.state.kind === "awaiting") {
      this.#state = outcome.state;
      const plaintext = outcome.state.takePlaintext?.() ?? null;
      this.#early = plaintext !== null;
      return plaintext;
    }
    const { connection, plaintext } = outcome.state;
    this.#early = plaintext !== null;
    this.#state = null;
    this.#connection = connection;
    this.#entry?.leave();
    countCompleted(this.#role.counters, this.#now - this.#startedAt, connection.facts["resumed"] === true);
    return plaintext;
  }

  /** Runs the generator until it waits for something that does not come at once, or ends. */
  #proceed(answer: Answer): void {
    const work = this.#work!;
    try {
      for (let next: Answer | null = answer; next !== null; ) {
        const result: IteratorResult<Step, State> = next.ok ? work.next(next.value) : work.throw(next.error);
        if (result.done) {
          this.#outcome = { state: result.value };
          return;
        }
        next = this.#begin(result.value);
      }
    } catch (error) {
      this.#outcome = { error };
    }
  }

  /** Begins a step. Its answer if that is there at once; otherwise the generator is resumed with it later. */
  #begin(step: Step): Answer | null {
    let atOnce: Answer | null = null;
    let began = false;
    const answer = (value: Answer) => {
      if (began) this.#resume(value);
      else atOnce = value;
    };
    carryOut(step, this.#host!, this.#entry!, answer);
    began = true;
    return atOnce;
  }

  #resume(answer: Answer): void {
    if (this.#work === null) return;
    this.#proceed(this.#dropped ? { ok: false, error: noSeat() } : answer);
    if (this.#outcome !== null) this.#host!.wake();
  }

  #guard<T>(run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      throw this.#over ? thrown : this.#fail(asPeerError(thrown));
    }
  }

  /** The one way out of a failure: what the peer is told is queued, secrets are gone. Returns the error. */
  #fail(error: PeerError): PeerError {
    const inHandshake = this.#connection === null;
    // It came no further than the greetings.
    if (this.#host === null) this.#role.counters.handshakesStarted++;
    countFailure(this.#role.counters, error.code, inHandshake);
    if (inHandshake) {
      const reason = this.#unheard ? null : wireReason(error.code);
      if (reason !== null) this.#output.push(encodeCommand(encodeError(reason)));
    } else {
      const code = error === this.#withdrawn ? CLOSE_CODE.policy : closeCode(error.code);
      if (code !== null) this.#sayGoodbye(code);
    }
    this.dispose();
    return error;
  }

  /** A key at its hard limit cannot even say goodbye. */
  #sayGoodbye(code: CloseCode): void {
    try {
      this.#connection!.close(this.#now, code);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
    }
  }
}

function disposeState(state: State): void {
  if (state.kind === "awaiting") state.dispose();
  else state.connection.wipe();
}
