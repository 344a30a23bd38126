/**
 * Key rotation as a pure state machine (spec, "Rotation"). It knows order and counting; keys are its caller's.
 *
 *     steady(e)   -- ask ------------------------------------> asked(e)       KEYUPDATE sent
 *     asked(e)    -- ACK read -------------------------------> steady(e+1)    KEYCONFIRM sent
 *     steady(e)   -- KEYUPDATE read -------------------------> answered(e)    ACK sent; sealing under e+1
 *     answered(e) -- KEYCONFIRM read, first under e+1 -------> steady(e+1)
 *     asked(e)    -- KEYUPDATE read, we are the client ------> asked(e)       the client's wins: ignored
 *     asked(e)    -- KEYUPDATE read, we are the server ------> answered(e)    own key pair erased, answered
 *
 * Anything else closes. Rule 1: everything that decides a transition is in this file.
 */
import { PeerError } from "../../errors.ts";
import type { Role } from "./certificate.ts";

/** Where a side stands. `epoch` is the one that this side still receives under. */
export type Rotation =
  | { readonly kind: "steady"; readonly epoch: number }
  /** `crossed`: the peer's KEYUPDATE of this epoch was read and ignored. */
  | { readonly kind: "asked"; readonly epoch: number; readonly crossed: boolean }
  | { readonly kind: "answered"; readonly epoch: number };

/** What to do about a KEYUPDATE: `yield` is to erase our own key pair and answer. */
export type UpdateAnswer = "answer" | "ignore" | "yield";

/** The last epoch that new_key_id can name. */
export const LAST_EPOCH = 0xffffffff;

/** After the handshake. */
export const ROTATION_START: Rotation = { kind: "steady", epoch: 0 };

/** We want a rotation. `null` when none may start now: one is under way, or epochs have run out. */
export function ask(state: Rotation): Rotation | null {
  if (state.kind !== "steady" || state.epoch === LAST_EPOCH) return null;
  return { kind: "asked", epoch: state.epoch, crossed: false };
}

/** A KEYUPDATE was read. */
export function readUpdate(
  state: Rotation,
  role: Role,
  newKeyId: number,
): { readonly state: Rotation; readonly answer: UpdateAnswer } {
  expectNext(state, newKeyId);
  switch (state.kind) {
    case "steady":
      return { state: { kind: "answered", epoch: state.epoch }, answer: "answer" };
    case "asked":
      if (role === "server") return { state: { kind: "answered", epoch: state.epoch }, answer: "yield" };
      if (state.crossed) throw violation("second KEYUPDATE in an epoch");
      return { state: { ...state, crossed: true }, answer: "ignore" };
    case "answered":
      throw violation("second KEYUPDATE in an epoch");
  }
}

/** A KEYUPDATEACK was read. */
export function readAck(state: Rotation, newKeyId: number): Rotation {
  if (state.kind !== "asked") throw violation("KEYUPDATEACK that nobody asked for");
  expectNext(state, newKeyId);
  return { kind: "steady", epoch: state.epoch + 1 };
}

/** A KEYCONFIRM was read, as the first record under the next epoch. */
export function readConfirm(state: Rotation, newKeyId: number): Rotation {
  if (state.kind !== "answered") throw violation("KEYCONFIRM that nobody asked for");
  expectNext(state, newKeyId);
  return { kind: "steady", epoch: state.epoch + 1 };
}

/** Which key a record with this key_id is opened with. Throws for any other. */
export function receiveKey(state: Rotation, keyId: number): "current" | "next" {
  if (keyId === state.epoch % 256) return "current";
  if (state.kind === "answered" && keyId === (state.epoch + 1) % 256) return "next";
  throw violation(`record under key ${keyId}`);
}

/** How many KEYUPDATE may come: a bucket of `burst` tokens that refills by one every `interval` milliseconds. */
export class UpdateBudget {
  readonly #burst: number;
  readonly #interval: number;
  #tokens: number;
  #since: number;

  constructor(burst: number, interval: number, now: number) {
    this.#burst = burst;
    this.#interval = interval;
    this.#tokens = burst;
    this.#since = now;
  }

  /** Takes a token; false when there is none. */
  take(now: number): boolean {
    const earned = Math.floor((now - this.#since) / this.#interval);
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#since = this.#tokens === this.#burst ? now : this.#since + earned * this.#interval;
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  /** When the next token is due, at the earliest. */
  get next(): number {
    return this.#tokens > 0 ? this.#since : this.#since + this.#interval;
  }
}

function expectNext(state: Rotation, newKeyId: number): void {
  if (newKeyId !== state.epoch + 1) throw violation(`new_key_id ${newKeyId} in epoch ${state.epoch}`);
}

function violation(what: string): PeerError {
  return new PeerError("ERR_QZMQ_ROTATION", `Rotation: ${what}`);
}
