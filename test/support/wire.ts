/** What the tests of the wire codecs share. */
import { PeerError } from "../../src/errors.ts";
import { FrameDecoder } from "../../src/wire/frame-decoder.ts";

/** The code of the PeerError that `run` throws; null when it throws nothing. Any other error passes through. */
export function code(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof PeerError) return error.code;
    throw error;
  }
}

/** All frames of one chunk, as flags and body in latin1. */
export function frames(chunk: Buffer, { limit = Number.POSITIVE_INFINITY } = {}): [number, string][] {
  const decoder = new FrameDecoder(limit);
  const found: [number, string][] = [];
  decoder.push(chunk);
  while (decoder.next()) found.push([decoder.flags, decoder.body.toString("latin1")]);
  return found;
}
