/** What the tests of the dissector ask of its rows. */
import * as assert from "uvu/assert";
import type { Traffic } from "./traffic.ts";
import { type Row, valuesOf } from "./tshark.ts";

/** The server's port in captures that are made up. */
export const PORT = 50_555;
export const DEFAULT = "x25519+mlkem768/mldsa44/aes256gcm/sha256";
export const FIELDS = [
  ...["tcp.srcport", "tcp.stream", "qzmq.message", "qzmq.record.epoch", "qzmq.control.type", "qzmq.secret"],
  ...["zmtp31.message.body", "zmtp31.message.text", "zmtp31.flags.more"],
  ...["zmtp31.metadata.name", "zmtp31.metadata.text", "zmtp31.greeting.mechanism"],
  ...["qzmq.close.code", "qzmq.plaintext", "qzmq.resumed", "qzmq.stream.carried"],
];

/** Bodies of messages that a side sent, in hexadecimal; an empty body shows as nothing. */
function bodies(rows: readonly Row[], from: "client" | "server"): string[] {
  const mine = rows.filter((row) => (Number(row["tcp.srcport"]![0]) === PORT) === (from === "server"));
  return valuesOf(mine, "zmtp31.message.body").map((text) => (text === "<MISSING>" ? "" : text));
}

/** Everything that both sides sent is shown, in order. */
export function assertSent(rows: readonly Row[], { sent }: Traffic): void {
  for (const side of ["client", "server"] as const) {
    const hex = sent[side].map((frame) => frame.toString("hex"));
    // tshark shows empty values by nothing at all.
    assert.equal(bodies(rows, side).filter(Boolean), hex.filter(Boolean), side);
  }
}

/** Each message of a handshake occurs, in both connections. */
export function assertHandshakes(rows: readonly Row[]): void {
  const names = (stream: string) =>
    valuesOf(
      rows.filter((row) => row["tcp.stream"]![0] === stream),
      "qzmq.message",
    ).filter((name) => name !== "MESSAGE" && name !== "CONTROL");
  assert.equal(names("0"), ["CLIENTHELLO", "SERVERHELLO", "CLIENTKEY", "FINISHED"]);
  assert.equal(names("1"), ["CLIENTHELLO", "EARLY", "SERVERHELLO", "CLIENTKEY", "FINISHED"]);
  assert.equal(valuesOf(rows, "qzmq.resumed"), ["0", "1"]);
}

/** No expert info but TCP's own. */
export const noComplaint = (rows: readonly Row[]) =>
  assert.equal(
    valuesOf(rows, "_ws.expert.message").filter((text) => !/^Connection|^This frame/.test(text)),
    [],
  );
