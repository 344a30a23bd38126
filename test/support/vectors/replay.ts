/** Drives the mechanism with what a vector holds, one side at a time, and wants each octet that the vector says. */
import * as assert from "uvu/assert";
import type { CryptoProvider } from "../../../src/crypto/provider.ts";
import {
  type ClientSide,
  type HandshakeVector,
  hex,
  type RotationVector,
  type ServerSide,
  type SideName,
  unhex,
} from "./format.ts";
import { Playback } from "./randomness.ts";
import { End, Socket } from "./side.ts";

/** How octets come in: a frame at once, or one octet after another. */
export type Feeding = "whole" | "octets";

/** A vector that fails says which side refuses. */
export type AnyHandshake = HandshakeVector & { readonly receiver?: SideName };

/** One side of the connections of one file. Vectors go in the order of the file: a ticket comes from the one before. */
export class Replay {
  readonly #provider: CryptoProvider;
  readonly #side: SideName;
  readonly #feeding: Feeding;
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly playback: Playback }>();

  constructor(provider: CryptoProvider, side: SideName, feeding: Feeding) {
    this.#provider = provider;
    this.#side = side;
    this.#feeding = feeding;
  }

  /** The handshake, all of it. The end that came of it, with what it has left to draw. */
  handshake(vector: AnyHandshake): { readonly end: End; readonly playback: Playback } {
    const own = this.#side;
    const { socket, playback: ofSocket } = this.#socket(vector);
    const playback = new Playback(vector.random, own);
    const peer = vector[own === "client" ? "server" : "client"];
    const end = new End(socket, vector[own], peer.greeting, playback.random);
    let output = end.start();
    let expected = "";
    for (const { side, command, frame, plaintext } of vector.wire) {
      if (side !== own) {
        output = Buffer.concat([output, this.feed(end, unhex(frame))]);
        if (vector.result === "ok") expected += deliverable(vector, command, plaintext);
        continue;
      }
      if (output.length === 0 && command === "MESSAGE") output = end.send(unhex(plaintext!));
      output = take(output, frame, `${vector.name}: ${own} sends ${command}`);
    }
    assert.is(hex(output), "", `${vector.name}: ${own} sends more`);
    assert.equal([...playback.left, ...ofSocket.left], [], `${vector.name}: ${own} does not draw everything`);
    if (vector.result === "ok") {
      assert.is(end.error, null);
      assert.is(hex(end.text), expected, `${vector.name}: what ${own} delivers`);
      for (const { label, context, length, octets } of vector.exports) {
        assert.is(
          hex(end.mechanism.exportKeyingMaterial(label, unhex(context), length)),
          octets,
          vector.name,
        );
      }
    } else {
      assert.is(end.error?.code, vector.cause, `${vector.name}: ${end.error?.message}`);
      assert.is(hex(end.text), "", `${vector.name}: ${own} delivers nothing`);
    }
    return { end, playback };
  }

  /** A rotation on top of `handshake`. */
  rotation(vector: RotationVector & { readonly receiver?: SideName }, handshake: HandshakeVector): void {
    const own = this.#side;
    const { end, playback } = this.handshake(handshake);
    playback.add(vector.random, own);
    this.#sockets.get(handshake.name)!.playback.add(vector.random, "socket");
    const theirs = vector.steps.filter(({ side }) => side !== own);
    const before = end.text.length;
    let read = 0;
    let output: Buffer = Buffer.alloc(0);
    const readUpTo = (count: number) => {
      for (; read < count; read++)
        output = Buffer.concat([output, this.feed(end, unhex(theirs[read]!.frame))]);
    };
    for (const { side, command, plaintext, frame, readBefore, epoch, sequence } of vector.steps) {
      if (side !== own) continue;
      readUpTo(readBefore);
      if (output.length === 0) output = command === "MESSAGE" ? end.send(unhex(plaintext)) : end.rotate();
      output = take(output, frame, `${vector.name}: ${own} sends ${command} ${sequence} of epoch ${epoch}`);
    }
    readUpTo(theirs.length);
    assert.is(hex(output), "", `${vector.name}: ${own} sends more`);
    assert.equal(playback.left, [], `${vector.name}: ${own} does not draw everything`);
    const messages = theirs.filter(({ command }) => command === "MESSAGE").map((step) => step.plaintext);
    const delivered = hex(end.text.subarray(before));
    if (vector.result === "ok") {
      assert.is(end.error, null);
      assert.is(delivered, messages.join(""), `${vector.name}: what ${own} delivers`);
    } else {
      assert.is(end.error?.code, vector.cause, `${vector.name}: ${end.error?.message}`);
      assert.ok(messages.join("").startsWith(delivered));
    }
  }

  /** Octets come in, in the way of this replay. */
  feed(end: End, octets: Uint8Array): Buffer {
    if (this.#feeding === "whole") return end.feed(octets);
    const output: Buffer[] = [];
    for (let i = 0; i < octets.length; i++) output.push(end.feed(octets.subarray(i, i + 1)));
    return Buffer.concat(output);
  }

  /** The socket of this connection: that of the ticket's connection when there is one. */
  #socket(vector: AnyHandshake) {
    const former = vector.psk === null ? undefined : this.#sockets.get(vector.psk.from);
    if (vector.psk !== null && former === undefined) throw new Error(`${vector.psk.from} must come before`);
    const playback = former?.playback ?? new Playback([], "socket");
    if (this.#side === "server") playback.add(vector.random, "socket");
    const side: ClientSide | ServerSide = vector[this.#side];
    const entry = former ?? { socket: new Socket(this.#provider, side, playback.random), playback };
    this.#sockets.set(vector.name, entry);
    return entry;
  }
}

/** What a user gets of this command. */
function deliverable(vector: HandshakeVector, command: string, plaintext: string | null): string {
  if (command === "MESSAGE") return plaintext!;
  return command === "EARLY" && accepted(vector) ? plaintext! : "";
}

/** Early data was accepted: CLIENTKEY counts it. */
function accepted({ wire }: HandshakeVector): boolean {
  const plaintext = unhex(wire.find(({ command }) => command === "CLIENTKEY")?.plaintext ?? "00000000");
  return plaintext.readUInt32BE(4 + plaintext.readUInt32BE(0)) > 0;
}

/** Takes the expected frame from the front of what was written. */
function take(output: Buffer, frame: string, what: string): Buffer {
  const size = frame.length / 2;
  assert.is(hex(output.subarray(0, size)), frame, what);
  return output.subarray(size);
}
