/**
 * What the states of both roles are made of. A state awaits one message; its `receive` is a generator that yields
 * whenever it has to wait (for its turn at a public-key operation, a signature, the authorizer) and returns the next
 * state. So each handshake reads from top to bottom, and whoever drives it decides when it goes on.
 */
import type { Aead, CryptoProvider, Hash, Random } from "../../crypto/provider.ts";
import { PeerError } from "../../errors.ts";
import type { Metadata } from "../../wire/metadata.ts";
import type { Authorization, MechanismHost } from "../mechanism.ts";
import type { Connection } from "./connection.ts";
import type { Counters } from "./counters.ts";
import { encodeCommand } from "./framing.ts";
import { COMMAND_NAMES, type Command, type HandshakeName, MAX_HANDSHAKE_FRAME } from "./messages.ts";
import type { Signer } from "./signer.ts";
import type { Suite } from "./suite.ts";
import type { Trust } from "./trust.ts";
import type { AcceptedPeer, Expected } from "./verdict.ts";

/** What a handshake waits for. */
export type Step =
  /** Its turn: what follows is one public-key operation. */
  | { readonly kind: "turn" }
  /** A signature, itself a public-key operation that may be done elsewhere. Answered by octets. */
  | {
      readonly kind: "sign";
      readonly signer: Signer;
      readonly message: Uint8Array;
      readonly context: Uint8Array;
    }
  /** Answered by an {@link Authorization}. */
  | {
      readonly kind: "authorize";
      readonly credentials: readonly Uint8Array[];
      readonly claimed: Metadata;
    };

/** Something that takes several turns. */
export type Work<T> = Generator<Step, T, unknown>;

/** Waits for its turn at one public-key operation. */
export function* turn(): Work<void> {
  yield { kind: "turn" };
}

/** A signature over `message`. Throws {@link PeerError} `ERR_QZMQ_INTERNAL` when the signer fails. */
export function* sign(signer: Signer, message: Uint8Array, context: Uint8Array): Work<Uint8Array> {
  return (yield { kind: "sign", signer, message, context }) as Uint8Array;
}

/** The authorizer's decision about a peer that claims these properties. */
export function* authorize(credentials: readonly Uint8Array[], claimed: Metadata): Work<Authorization> {
  return (yield { kind: "authorize", credentials, claimed }) as Authorization;
}

/**
 * Judges a peer's certificates, one public-key operation for each turn. `now` is Unix seconds. Throws
 * {@link PeerError} `ERR_QZMQ_AUTH`, whatever the cause: that stays in the local message.
 */
export function* verifyPeer(
  trust: Trust,
  certificates: readonly Uint8Array[],
  expected: Expected,
  now: number,
): Work<AcceptedPeer> {
  const steps = trust.verify(certificates, expected, now);
  for (;;) {
    yield* turn();
    const step = steps.next();
    if (!step.done) continue;
    if (step.value.kind !== "refused") return step.value;
    throw new PeerError("ERR_QZMQ_AUTH", `Peer refused (${step.value.cause}): ${step.value.detail}`);
  }
}

/** What a state may use. */
export interface Handshake {
  readonly host: MechanismHost;
  readonly provider: CryptoProvider;
  readonly counters: Counters;
  /** All randomness of the handshake; the order of draws is in the docs of client.ts and server.ts. */
  readonly random: Random;
  /** Monotonic milliseconds of the last call. */
  readonly now: number;
  /** Unix milliseconds. */
  unixTime(): number;
  /** Octets to write, encoded frames; shared with the connection that comes of it. */
  readonly output: Uint8Array[];
}

/** Queues a handshake message. Throws `RangeError` when it is larger than any peer accepts. */
export function send(handshake: Handshake, body: Uint8Array): void {
  if (body.length > MAX_HANDSHAKE_FRAME) throw new RangeError(`a handshake message of ${body.length} octets`);
  handshake.output.push(encodeCommand(body));
}

/** A state: what it may be sent, and what becomes of it. */
export interface Awaiting {
  readonly kind: "awaiting";
  /** Largest frame body that this state takes. */
  readonly maxFrameSize: number;
  /** The message that is the peer's last: who fails on it just closes (spec, "ERROR"). */
  readonly last?: HandshakeName;
  /** The peer that early data is delivered of at once, as its ticket has it: messages pass before the handshake is done. */
  readonly early?: EarlyPeer;
  /** Early data to deliver now, once. */
  takePlaintext?(): Uint8Array | null;
  /** `command` is the state's to keep. Throws {@link PeerError} or `LayoutError`. */
  receive(command: Command): Work<State>;
  /** Overwrites what it holds. */
  dispose(): void;
}

/** Whom messages come from that are delivered before the handshake is done. */
export interface EarlyPeer {
  readonly metadata: Metadata;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** The end of the handshake. */
export interface Established {
  readonly kind: "established";
  readonly connection: Connection;
  /** Early data that was accepted, `null` for none. */
  readonly plaintext: Uint8Array | null;
}

export type State = Awaiting | Established;

/** Hash and AEAD of a suite. */
export function primitives(
  provider: CryptoProvider,
  suite: Suite,
): { readonly hash: Hash; readonly aead: Aead } {
  return { hash: provider.hashes[suite.hash], aead: provider.aeads[suite.aead] };
}

/** A message that this state does not expect. A name that nobody knows stays out of our logs (spec, "Local causes"). */
export function unexpected(command: Command, awaited: HandshakeName): PeerError {
  const name = COMMAND_NAMES.has(command.name) ? command.name : "command";
  return new PeerError("ERR_QZMQ_PROTOCOL", `Unexpected ${name} while waiting for ${awaited}`);
}

/** A violation of the protocol. */
export function violation(message: string): PeerError {
  return new PeerError("ERR_QZMQ_PROTOCOL", message);
}

/** Unix time in whole seconds, as certificates and tickets have it. */
export function unixSeconds(handshake: Pick<Handshake, "unixTime">): number {
  return Math.floor(handshake.unixTime() / 1000);
}
