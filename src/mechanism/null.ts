/**
 * NULL (RFC 37, "The NULL Mechanism"): each side sends READY with its metadata; no security. Both send at once and
 * neither waits for the other, as libzmq does with 3.0 and 3.1 peers alike. A side that must know its peer before it
 * can say who it is itself answers: it sends READY after the peer's.
 */
import { PeerError } from "../errors.ts";
import { decodeCommand, encodeCommand, encodeError, errorReason } from "../wire/command.ts";
import { decodeMetadata, type Metadata } from "../wire/metadata.ts";
import { authorizedMetadata, peerError, refusal, refusalOutput } from "./authorization.ts";
import type {
  Authorization,
  Mechanism,
  MechanismFactory,
  MechanismHost,
  MechanismStatus,
} from "./mechanism.ts";

/** Largest READY that is accepted; libzmq's has some thirty octets. */
const MAX_HANDSHAKE_FRAME = 65_536;

/** When we send READY: at once, or in answer to the peer's, which two peers that answer would wait for in vain. */
export type ReadyOrder = "at-once" | "answer";

/** NULL for every connection of a socket. */
export function nullMechanism(order: ReadyOrder = "at-once"): MechanismFactory {
  const create = () => (order === "answer" ? new AnsweringNull() : new PromptNull());
  return { name: "NULL", optionName: null, create };
}

/** What both orders share. */
abstract class Null implements Mechanism {
  readonly name = "NULL";
  readonly asServer = false;
  readonly transparent = true;
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly canSend = true;
  readonly facts = null;
  readonly deadline = Number.POSITIVE_INFINITY;
  status: MechanismStatus = "handshaking";
  peerMetadata: Metadata | null = null;
  protected host!: MechanismHost;
  protected decision: Authorization | null = null;
  protected output: Uint8Array[] = [];

  abstract start(host: MechanismHost): void;
  /** The authorizer has accepted the peer. */
  protected abstract accepted(decision: Authorization): void;
  /** The peer's READY, which `acceptPeer` has passed. */
  protected abstract ready(metadata: Metadata): void;

  protected authorize(claimed?: Metadata): void {
    this.status = "waiting";
    let within = true;
    this.host.authorize(
      [],
      (decision) => {
        this.decision = decision;
        if (!within) this.host.wake();
      },
      claimed,
    );
    within = false;
    if (this.decision !== null) this.advance();
  }

  advance(): null {
    const { decision } = this;
    if (this.status !== "waiting" || decision === null) return null;
    if (decision.status !== 200) {
      this.output.push(...refusalOutput(decision));
      throw refusal(decision);
    }
    this.status = "handshaking";
    this.output.push(encodeCommand("READY", this.host.metadata));
    this.accepted(decision);
    return null;
  }

  receive(_flags: number, body: Uint8Array): null {
    const command = decodeCommand(body);
    if (command.name === "ERROR") throw peerError(errorReason(command.data));
    if (command.name !== "READY") {
      throw new PeerError("ERR_ZMTP_UNEXPECTED_COMMAND", "READY was expected");
    }
    const metadata = decodeMetadata(command.data);
    try {
      this.host.acceptPeer(metadata);
    } catch (error) {
      this.output.push(encodeError("Invalid socket type"));
      throw error;
    }
    this.ready(metadata);
    return null;
  }

  takeOutput(): Uint8Array[] {
    const { output } = this;
    this.output = [];
    return output;
  }

  seal(): never {
    throw new TypeError("NULL has nothing to seal");
  }

  onDeadline(): void {}

  close(): void {}

  end(): void {}

  dispose(): void {}
}

/** Sends READY as soon as the authorizer has accepted the peer. */
class PromptNull extends Null {
  start(host: MechanismHost): void {
    this.host = host;
    this.authorize();
  }

  protected accepted(): void {}

  protected ready(metadata: Metadata): void {
    this.peerMetadata = authorizedMetadata(metadata, this.decision!);
    this.status = "ready";
  }
}

/** Reads the peer's READY, has the authorizer decide about it, and answers. */
class AnsweringNull extends Null {
  #claimed: Metadata | null = null;

  start(host: MechanismHost): void {
    this.host = host;
  }

  protected ready(metadata: Metadata): void {
    this.#claimed = metadata;
    this.authorize(metadata);
  }

  protected accepted(decision: Authorization): void {
    this.peerMetadata = authorizedMetadata(this.#claimed!, decision);
    this.status = "ready";
  }
}
