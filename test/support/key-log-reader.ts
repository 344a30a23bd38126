/**
 * Opens recorded QZMQ frames with the lines of a key log and nothing else. Written from spec/operation/keylog.md and
 * the record layer's text on node:crypto, so that it shares no code with what it checks.
 */
import { createDecipheriv, createHmac } from "node:crypto";

/** A frame's body under way, and who sent it. */
export interface RecordedFrame {
  readonly from: "client" | "server";
  readonly body: Uint8Array;
}

/** What a frame turned out to hold. */
export interface OpenedFrame {
  readonly from: "client" | "server";
  readonly name: string;
  readonly epoch: number;
  readonly plaintext: Buffer;
}

/** Secrets by `label random`. */
export type KeyLogLines = ReadonlyMap<string, Buffer>;

/** Reads the lines of a key log; throws for one of another form. */
export function readKeyLog(text: string): KeyLogLines {
  const lines = new Map<string, Buffer>();
  for (const line of text.split("\n").slice(0, -1)) {
    const match = /^(QZMQ_[A-Z_]+(?:_\d+)?) ([0-9a-f]{64}) ((?:[0-9a-f]{32}){2,3})$/.exec(line);
    if (match === null) throw new Error(`no line of a key log: ${line}`);
    lines.set(`${match[1]} ${match[2]}`, Buffer.from(match[3]!, "hex"));
  }
  if (!text.endsWith("\n")) throw new Error("the last line is cut short");
  return lines;
}

/** Opens whatever is sealed in one connection's frames. Throws for a frame that no line opens. */
export function openAll(
  frames: readonly RecordedFrame[],
  lines: KeyLogLines,
  aead: "aes-256-gcm" | "chacha20-poly1305",
): OpenedFrame[] {
  const opened: OpenedFrame[] = [];
  const epochs = { client: 0, server: 0 };
  let random = "";
  for (const { from, body } of frames) {
    const name = Buffer.from(body.subarray(1, 1 + body[0]!)).toString();
    const data = Buffer.from(body.subarray(1 + body[0]!));
    const side = from.toUpperCase();
    const open = (
      label: string,
      stream: number,
      sequence: Buffer,
      ad: Uint8Array,
      sealed: Buffer,
    ): Buffer => {
      const secret = lines.get(`QZMQ_${label} ${random}`);
      if (secret === undefined) throw new Error(`no line QZMQ_${label} for ${random}`);
      const [key, iv] = [derive(secret, "key", 32), derive(secret, "iv", 12)];
      const nonce = Buffer.concat([u32(stream), sequence]).map((octet, i) => octet ^ iv[i]!);
      const decipher = createDecipheriv(aead as "aes-256-gcm", key, nonce, { authTagLength: 16 });
      decipher.setAAD(ad);
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    };
    const push = (epoch: number, plaintext: Buffer) => opened.push({ from, name, epoch, plaintext });
    if (name === "CLIENTHELLO") random = data.subarray(1, 33).toString("hex");
    if (name === "CLIENTKEY" || name === "FINISHED") {
      const at = name === "FINISHED" ? 4 : 2 + data.readUInt16BE(0) + 4;
      const ad = Buffer.concat([body.subarray(0, 1 + body[0]!), Buffer.alloc(9)]);
      push(0, open(`${side}_HANDSHAKE_TRAFFIC_SECRET`, 0, Buffer.alloc(8), ad, data.subarray(at)));
    }
    if (!["EARLY", "MESSAGE", "CONTROL"].includes(name)) continue;
    const early = name === "EARLY";
    if (!early && data[0] !== epochs[from] % 256) epochs[from]++;
    const label = `${side}_${early ? "EARLY_TRAFFIC_SECRET" : `TRAFFIC_SECRET_${epochs[from]}`}`;
    const ad = body.subarray(0, 1 + body[0]! + 9);
    const stream = early ? 0xffffffff : 1;
    push(epochs[from], open(label, stream, data.subarray(1, 9), ad, data.subarray(9)));
  }
  return opened;
}

/** Derive(secret, label, "") of the key schedule, up to one block of output. */
function derive(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`qzmq1 ${label}`);
  const info = Buffer.concat([Uint8Array.of(0, length, name.length), name, Uint8Array.of(0, 1)]);
  const hash = secret.length === 48 ? "sha384" : "sha256";
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}

function u32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
