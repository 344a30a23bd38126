/**
 * NULL (RFC 37, "The NULL Mechanism"): each side sends READY with its metadata; no security. Both send at once and
 * neither waits for the other, as libzmq does with 3.0 and 3.1 peers alike.
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

/** NULL for every connection of a socket. */
export function nullMechanism(): MechanismFactory {
  return { name: "NULL", optionName: null, create: () => new NullMechanism() };
}

class NullMechanism implements Mechanism {
  readonly name = "NULL";
  readonly asServer = false;
  readonly transparent = true;
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly canSend = true;
  readonly facts = null;
  readonly deadline = Number.POSITIVE_INFINITY;
  status: MechanismStatus = "handshaking";
  peerMetadata: Metadata | null = null;
  #host: MechanismHost | null = null;
  #decision: Authorization | null = null;
  #output: Uint8Array[] = [];

  start(host: MechanismHost): void {
    this.#host = host;
    this.status = "waiting";
    let within = true;
    host.authorize([], (decision) => {
      this.#decision = decision;
      if (!within) host.wake();
    });
    within = false;
    if (this.#decision !== null) this.advance();
  }

  advance(): null {
    const decision = this.#decision;
    if (this.status !== "waiting" || decision === null) return null;
    if (decision.status !== 200) {
      this.#output.push(...refusalOutput(decision));
      throw refusal(decision);
    }
    this.status = "handshaking";
    this.#output.push(encodeCommand("READY", this.#host!.metadata));
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
      this.#host!.acceptPeer(metadata);
    } catch (error) {
      this.#output.push(encodeError("Invalid socket type"));
      throw error;
    }
    this.peerMetadata = authorizedMetadata(metadata, this.#decision!);
    this.status = "ready";
    return null;
  }

  takeOutput(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
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
