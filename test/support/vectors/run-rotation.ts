/** Runs rotations on top of a handshake, and makes vectors of them; a last record may be forged. */
import { bytes, u8, u16, u32, u64, v8 } from "../naive-codec.ts";
import { provider } from "../qzmq-identities.ts";
import { commandFrame } from "./forge.ts";
import type { EpochEntry, RotationStep, RotationVector, SideName } from "./format.ts";
import { hex, unhex } from "./format.ts";
import { kemExchange } from "./kem.ts";
import { message } from "./parties.ts";
import { encapsulationNames, keyNames } from "./randomness.ts";
import { type HandshakeSpec, type Run, runHandshake } from "./run-handshake.ts";
import { aeadOpen, keyEntry, nonce, recordBody, recordHead, rotationStage, STREAM_ID } from "./schedule.ts";
import { parseFrame, splitFrames } from "./side.ts";

/** What happens next. `read` takes so many frames of the other side, all that were sent when there is no number. */
export type Op =
  | { readonly side: SideName; readonly op: "rotate" }
  | { readonly side: SideName; readonly op: "send"; readonly text: string }
  | { readonly side: SideName; readonly op: "read"; readonly frames?: number };

/** A record of `side` that it would not send, under its epoch or another. */
export interface ForgedRecord {
  readonly side: SideName;
  readonly command: "MESSAGE" | "CONTROL";
  readonly plaintext: Buffer;
  /** Epoch whose key seals it; and what stands in key_id, when that is something else. */
  readonly epoch?: number;
  readonly keyId?: number;
}

export interface RotationSpec {
  readonly name: string;
  readonly handshake: { readonly file: string; readonly spec: HandshakeSpec };
  /** Who starts the first rotation, the second, ...; `crossed`: both do, and the client's wins. */
  readonly rotations: readonly (SideName | "crossed")[];
  readonly script: readonly Op[];
  /** The last records, in place of honest ones, with what must come of them. */
  readonly forged?: {
    readonly records: readonly ForgedRecord[];
    readonly cause: string;
    /** What the receiver draws for them. */
    readonly draws?: readonly string[];
  };
}

export type AnyRotation = RotationVector & { readonly receiver?: SideName };

interface Epoch {
  readonly th: Buffer;
  readonly chain: Buffer;
  readonly cAp: Buffer;
  readonly sAp: Buffer;
  readonly resumption: Buffer;
}

const other = (side: SideName): SideName => (side === "client" ? "server" : "client");

/** See the head of this file. Throws unless everything is as the specification says. */
export function runRotation(spec: RotationSpec): AnyRotation {
  const run = runHandshake(spec.handshake.spec);
  plan(spec, run);
  const course = new Course(run);
  for (const op of spec.script) course.go(op);
  if (spec.forged === undefined) course.mustBeOver();
  else for (const record of spec.forged.records) course.forge(record);
  const end = spec.forged === undefined ? null : course.mustHaveFailed(spec.name, spec.forged);
  const drawn = spec.forged === undefined ? run.recorder.take() : run.recorder.entries.splice(0);
  return {
    ...{ name: spec.name, result: end === null ? "ok" : "close" },
    ...(end === null ? {} : { at: end.at, cause: end.cause, receiver: end.receiver }),
    handshake: { file: spec.handshake.file, name: spec.handshake.spec.name },
    ...course.values(drawn),
  };
}

/** Plans what rotations draw. */
function plan({ name, rotations, handshake, forged }: RotationSpec, { recorder }: Run): void {
  const kem = unhex(handshake.spec.suite)[0]!;
  let tickets = handshake.spec.server.tickets?.count ?? 0;
  for (const [i, who] of rotations.entries()) {
    const prefix = `rotation[${i + 1}].`;
    const starter = who === "crossed" ? "client" : who;
    recorder.plan(starter, name, keyNames(kem, prefix));
    if (who === "crossed") recorder.plan("server", name, keyNames(kem, prefix));
    recorder.plan(other(starter), name, encapsulationNames(kem, prefix));
    recorder.plan("client", name, [`maxAge[${i + 1}].jitter`]);
    if (tickets > 0 && tickets < 4 && forged === undefined) {
      recorder.plan("server", name, [`ticket[${tickets}].nonce`]);
      recorder.plan("socket", name, [`ticket[${tickets}].seal`]);
      tickets++;
    }
  }
  const draws = forged?.draws ?? [];
  if (draws.length > 0) recorder.plan(other(forged!.records[0]!.side), name, draws);
}

/** One connection after its handshake, with an independent reading of it. */
class Course {
  readonly #run: Run;
  readonly #epochs: Epoch[];
  readonly #steps: RotationStep[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #read = { client: 0, server: 0 };
  readonly #updates: { readonly side: SideName; readonly plaintext: Buffer; answer: Buffer | null }[] = [];

  constructor(run: Run) {
    this.#run = run;
    const { secrets, kdf, hashed } = run.reading;
    this.#epochs = [
      {
        ...{ th: kdf.hash(hashed), chain: secrets.get("chain0")!, resumption: secrets.get("resumption0")! },
        ...{ cAp: secrets.get("cAp0")!, sAp: secrets.get("sAp0")! },
      },
    ];
    for (const side of ["client", "server"] as const)
      this.#sequences.set(`${side} 0`, this.#startSequence(side));
  }

  go(op: Op): void {
    const end = this.#run[op.side];
    if (op.op === "rotate") this.#sent(op.side, end.rotate());
    else if (op.op === "send") this.#sent(op.side, end.send(message(op.text)));
    else {
      const theirs = this.#steps.filter(({ side }) => side !== op.side).slice(this.#read[op.side]);
      const frames = theirs.slice(0, op.frames ?? theirs.length);
      if (frames.length === 0) throw new Error(`nothing to read for ${op.side}`);
      for (const { frame } of frames) {
        this.#read[op.side]++;
        this.#sent(op.side, end.feed(unhex(frame)));
      }
    }
    if (end.error !== null) throw end.error;
  }

  /** Seals a record by hand and has the other side read everything up to it. */
  forge({ side, command, plaintext, epoch = this.#epochs.length - 1, keyId = epoch }: ForgedRecord): void {
    const sequence = this.#next(side, epoch);
    const body = recordBody(
      this.#run.reading.suite![2]!,
      this.#keys(side, epoch),
      command,
      keyId,
      sequence,
      plaintext,
    );
    const receiver = other(side);
    while (this.#read[receiver] < this.#steps.filter((step) => step.side === side).length) {
      this.go({ side: receiver, op: "read" });
    }
    const frame = commandFrame(body);
    this.#log(side, { command, epoch: keyId, sequence, plaintext, frame });
    this.#read[receiver]++;
    this.#sent(receiver, this.#run[receiver].feed(frame));
  }

  mustBeOver(): void {
    for (const side of ["client", "server"] as const) {
      const theirs = this.#steps.filter((step) => step.side !== side).length;
      if (this.#read[side] !== theirs) throw new Error(`${side} has not read everything`);
    }
  }

  /** The receiver of what was forged has closed as it should. */
  mustHaveFailed(name: string, { records, cause }: NonNullable<RotationSpec["forged"]>) {
    const sender = records[0]!.side;
    const receiver = other(sender);
    const { error } = this.#run[receiver];
    if (error?.code !== cause) throw new Error(`${name}: ${error?.code ?? "accepted"}, not ${cause}`);
    const last = this.#steps.at(-1)!;
    if (last.side !== receiver || last.plaintext !== "0402") throw new Error(`${name}: no CLOSE(2)`);
    const at = this.#steps.findLastIndex(({ side }) => side === sender);
    return { at: `step ${at}`, cause, receiver };
  }

  /** What the vector holds beyond its name and result. */
  values(random: RotationVector["random"]) {
    const { vector, reading } = this.#run;
    const start = this.#epochs[0]!;
    const keys = (epoch: Epoch) => ({
      cAp: keyEntry(reading.kdf.keys(epoch.cAp)),
      sAp: keyEntry(reading.kdf.keys(epoch.sAp)),
    });
    const { seed: _, ...rest } = { seed: null, ...vector };
    const sequence = {
      client: String(this.#startSequence("client")),
      server: String(this.#startSequence("server")),
    };
    const made = this.#exchanges(random);
    return {
      ...{ suite: rest.suite!, epoch: 0 },
      start: {
        ...{ chain: hex(start.chain), resumption: hex(start.resumption), th: hex(start.th) },
        ...{ keys: keys(start), sequence },
      },
      ...{ random, steps: this.#steps, kem: made.kem },
      epochs: this.#epochs.slice(1).map((epoch, i): EpochEntry => {
        const { th, cAp, sAp, chain, resumption } = epoch;
        return {
          ...{ epoch: i + 1, th: hex(th), r: hex(made.r[i]!), cAp: hex(cAp), sAp: hex(sAp) },
          ...{ chain: hex(chain), resumption: hex(resumption), keys: keys(epoch) },
        };
      }),
    };
  }

  #startSequence(side: SideName): number {
    const records = this.#run.vector.wire.filter((entry) => /^(MESSAGE|CONTROL)$/.test(entry.command));
    return records.filter((entry) => entry.side === side).length;
  }

  #next(side: SideName, epoch: number): number {
    const sequence = this.#sequences.get(`${side} ${epoch}`) ?? 0;
    this.#sequences.set(`${side} ${epoch}`, sequence + 1);
    return sequence;
  }

  #keys(side: SideName, epoch: number) {
    const { kdf } = this.#run.reading;
    return kdf.keys(this.#epochs[epoch]![side === "client" ? "cAp" : "sAp"]);
  }

  /** Reads what a side has sent. */
  #sent(side: SideName, octets: Buffer): void {
    for (const frame of splitFrames(octets)) {
      const { name, body } = parseFrame(frame);
      const epoch = body[8]!;
      const sequence = this.#next(side, epoch);
      const { key, iv } = this.#keys(side, epoch);
      const head = recordHead(name, epoch, sequence);
      const aead = this.#run.reading.suite![2]!;
      const plaintext = aeadOpen(aead, key, nonce(iv, STREAM_ID.record, sequence), head, body.subarray(17));
      if (plaintext === null || !body.subarray(0, 17).equals(head)) {
        throw new Error(`${side}: record ${sequence} of epoch ${epoch} does not open`);
      }
      this.#log(side, { command: name, epoch, sequence, plaintext, frame });
      if (name === "CONTROL") this.#control(side, plaintext);
    }
  }

  #log(
    side: SideName,
    step: { command: string; epoch: number; sequence: number; plaintext: Buffer; frame: Buffer },
  ): void {
    this.#steps.push({
      ...{ side, command: step.command, epoch: step.epoch, sequence: String(step.sequence) },
      ...{ plaintext: hex(step.plaintext), frame: hex(step.frame), readBefore: this.#read[side] },
    });
  }

  #control(side: SideName, plaintext: Buffer): void {
    const { reading, recorder } = this.#run;
    if (plaintext[0] === 1) {
      this.#wellFormed(plaintext, bytes(u8(1), u64(this.#run.vector.client.unixTime * 1000)), 13);
      this.#updates.push({ side, plaintext, answer: null });
    }
    if (plaintext[0] === 2) {
      this.#wellFormed(plaintext, u8(2), 5);
      const update = this.#updates.findLast((found) => found.side !== side)!;
      update.answer = plaintext;
      const { secret } = this.#exchange(update, recorder.entries, this.#epochs.length);
      this.#epochs.push(
        rotationStage(reading.kdf, this.#epochs.at(-1)!, secret, update.plaintext, plaintext),
      );
    }
    if (plaintext[0] === 3) this.#ticket(plaintext);
    if (plaintext[0] === 5 && !plaintext.equals(bytes(u8(5), u32(this.#epochs.length - 1)))) {
      throw new Error("KEYCONFIRM is not laid out as specified");
    }
  }

  /** Begins like this, then new_key_id, then a v16<> that ends it at `at`. */
  #wellFormed(plaintext: Buffer, start: Buffer, at: number): void {
    const expected = bytes(start, u32(this.#epochs.length), u16(plaintext.length - at - 2));
    if (!plaintext.subarray(0, at + 2).equals(expected)) throw new Error("a rotation's message is malformed");
  }

  /** Its PSK hangs on the resumption secret of the epoch that it is sealed in. */
  #ticket(plaintext: Buffer): void {
    const { reading, vector } = this.#run;
    const psk = reading.kdf.derive(this.#epochs.at(-1)!.resumption, "ticket", plaintext.subarray(9, 25));
    const ticket = plaintext.subarray(27);
    const key = unhex(vector.random.find(({ name }) => name === "ticketKey")!.octets);
    const opened = aeadOpen(1, key, ticket.subarray(1, 13), ticket.subarray(0, 13), ticket.subarray(13));
    if (opened === null || !opened.includes(v8(psk))) throw new Error("the ticket does not hold the PSK");
  }

  #exchange(
    update: { side: SideName; plaintext: Buffer; answer: Buffer | null },
    random: RotationVector["random"],
    n: number,
  ) {
    const octet = this.#run.reading.suite![0]!;
    const [publicKey, ciphertext] = [update.plaintext.subarray(15), update.answer!.subarray(7)];
    return kemExchange(provider, octet, publicKey, ciphertext, random, `rotation[${n}].`, update.side);
  }

  #exchanges(random: RotationVector["random"]) {
    const kem: RotationVector["kem"][number][] = [];
    const r: Buffer[] = [];
    let epoch = 0;
    for (const update of this.#updates) {
      const opening = { starter: update.side, public: hex(update.plaintext.subarray(15)) };
      if (update.answer === null) {
        kem.push({ ...opening, ciphertext: null, secret: null });
        continue;
      }
      const { secret } = this.#exchange(update, random, epoch + 1);
      kem.push({ ...opening, ciphertext: hex(update.answer.subarray(7)), secret: hex(secret) });
      const { kdf } = this.#run.reading;
      r.push(rotationStage(kdf, this.#epochs[epoch++]!, secret, update.plaintext, update.answer).r);
    }
    return { kem, r };
  }
}
