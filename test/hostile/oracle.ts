/**
 * The state tables of the specification ("State tables"), as tables: what each side does about each message. Errors are
 * local causes. A state that begins with `E` is established; `over` has read the peer's goodbye.
 */
import type { PeerErrorCode } from "../../src/errors.ts";

/** Messages in records. */
export type RecordLetter =
  | "MESSAGE"
  | "PAD"
  | "KEYUPDATE"
  | "KEYUPDATEACK"
  | "KEYCONFIRM"
  | "TICKET"
  | "CLOSE";

/** Messages, and `ask`: the user of the honest side asks for a rotation. */
export type Letter =
  | RecordLetter
  | "CLIENTHELLO"
  | "CLIENTHELLO+cookie"
  | "RETRY"
  | "SERVERHELLO"
  | "CLIENTKEY"
  | "FINISHED"
  | "EARLY"
  | "ERROR"
  | "UNKNOWN"
  | "plain"
  | "ask";

export const LETTERS: readonly Letter[] = [
  ...(["CLIENTHELLO", "CLIENTHELLO+cookie", "RETRY", "SERVERHELLO", "CLIENTKEY", "FINISHED"] as const),
  ...(["EARLY", "ERROR", "MESSAGE", "PAD", "KEYUPDATE", "KEYUPDATEACK", "KEYCONFIRM", "TICKET"] as const),
  ...(["CLOSE", "UNKNOWN", "plain", "ask"] as const),
];

export type State =
  | "C1"
  | "C2"
  | "C4"
  | "S1"
  | "S2"
  | "S4"
  | "EI"
  | "ER1"
  | "ER1 crossed"
  | "ER2"
  | "ER2 wished"
  | "over";
type Table = Readonly<Partial<Record<Letter, State>>>;

/** What is not in a row is refused: by P in a handshake, by these causes after it. */
const records: readonly Letter[] = [
  "MESSAGE",
  "PAD",
  "KEYUPDATE",
  "KEYUPDATEACK",
  "KEYCONFIRM",
  "TICKET",
  "CLOSE",
];
const rotation: readonly Letter[] = ["KEYUPDATE", "KEYUPDATEACK", "KEYCONFIRM"];

const established = (role: "client" | "server"): Readonly<Record<string, Table>> => {
  const stay = (state: State): Table => ({ MESSAGE: state, PAD: state, CLOSE: "over", ask: state });
  const tickets = (state: State): Table => (role === "client" ? { TICKET: state } : {});
  return {
    EI: { ...stay("EI"), ...tickets("EI"), KEYUPDATE: "ER2", ask: "ER1" },
    ER1: {
      ...stay("ER1"),
      ...tickets("ER1"),
      KEYUPDATE: role === "client" ? "ER1 crossed" : "ER2",
      KEYUPDATEACK: "EI",
    },
    "ER1 crossed": { ...stay("ER1 crossed"), ...tickets("ER1 crossed"), KEYUPDATEACK: "EI" },
    ER2: { ...stay("ER2"), KEYCONFIRM: "EI", ask: "ER2 wished" },
    "ER2 wished": { ...stay("ER2 wished"), KEYCONFIRM: "ER1" },
    over: {},
  };
};

/** How a handshake is set up. */
export interface Rules {
  readonly role: "client" | "server";
  readonly cookies: boolean;
  /** The client asks for early data with a ticket, and the server takes it. */
  readonly early: boolean;
}

/** The tables of one setup. */
export function tables({ role, cookies, early }: Rules): Readonly<Record<string, Table>> {
  if (role === "client") {
    return {
      C1: { RETRY: "C2", SERVERHELLO: "C4" },
      C2: { SERVERHELLO: "C4" },
      C4: { FINISHED: "EI" },
      ...established(role),
    };
  }
  return {
    S1: { CLIENTHELLO: cookies ? "S2" : "S4" },
    S2: { "CLIENTHELLO+cookie": "S4", EARLY: "S2" },
    S4: { CLIENTKEY: "EI", ...(early ? { EARLY: "S4" } : {}) },
    ...established(role),
  };
}

/** Why a state refuses a letter. */
export function refusalOf(state: State, letter: Letter): PeerErrorCode {
  if (!state.startsWith("E") && state !== "over") {
    return letter === "ERROR" ? "ERR_ZMTP_PEER_ERROR" : "ERR_QZMQ_PROTOCOL";
  }
  if (!records.includes(letter)) return "ERR_QZMQ_TRUNCATED";
  return state !== "over" && rotation.includes(letter) ? "ERR_QZMQ_ROTATION" : "ERR_QZMQ_PROTOCOL";
}
