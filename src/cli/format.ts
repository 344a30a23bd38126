/**
 * Messages on standard input and output.
 *
 *     lines   in: a line is a message of one frame; out: a line is a message, a TAB between its frames
 *     json    a line is an array of frames: a string (UTF-8), or {"base64": "..."}
 *     hex     a line is a message: frames of hexadecimal digits between blanks, an empty frame as -
 *     binary  in: everything is one message of one frame; out: the frames' octets, nothing between
 */
import type { Readable } from "node:stream";
import { visible } from "../observe/visible.ts";
import type { OptionSpec } from "./args.ts";
import { Fault } from "./fault.ts";

/** See the head of this file. */
export type Format = "lines" | "json" | "hex" | "binary";
export const FORMATS: readonly Format[] = ["lines", "json", "hex", "binary"];

/** The frames of one message. */
export type Frames = readonly Buffer[];

/** For commands that print or read messages. */
export const FORMAT_OPTION: OptionSpec = {
  name: "format",
  kind: "value",
  value: "FORMAT",
  about: "lines (default), json, hex, or binary",
};

/** What help says of the formats. */
export const FORMAT_NOTES: readonly string[] = [
  "Formats, of standard input and output alike:",
  "  lines   a line in is a message of one frame; a line out has a TAB between frames",
  '  json    a line is an array of frames: "text", or {"base64": "..."} for what is not UTF-8',
  "  hex     a line is a message: frames in hexadecimal digits between blanks, an empty one as -",
  "  binary  all of the input is one message of one frame; output is the frames' octets and nothing else",
];

/** The longest line, or binary message, in octets. */
export const MAX_INPUT = 256 * 1024 * 1024;
const LF = 0x0a;

function wrong(line: number, what: string, mend: string): Fault {
  return new Fault("failed", `standard input, line ${line}: ${what}`, mend);
}

/**
 * Messages of standard input. Throws {@link Fault} with the number of the line that is none; those before it have been
 * given out.
 */
export async function* readMessages(input: Readable, format: Format): AsyncGenerator<Buffer[], void, void> {
  if (format === "binary") {
    const all = await readAll(input);
    if (all.length > 0) yield [all];
    return;
  }
  let number = 0;
  for await (const line of readLines(input)) {
    number++;
    if (format === "lines") yield [line];
    else yield format === "json" ? parseJson(line, number) : parseHex(line, number);
  }
}

async function readAll(input: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_INPUT) {
      throw new Fault("failed", `standard input: over ${MAX_INPUT} octets`, "send it in several messages");
    }
  }
  return Buffer.concat(chunks);
}

/** Lines without their line feed; the last one may lack it. */
async function* readLines(input: Readable): AsyncGenerator<Buffer, void, void> {
  let held: Buffer[] = [];
  let length = 0;
  let lines = 0;
  for await (const data of input) {
    const chunk = data as Buffer;
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      held.push(chunk.subarray(from, at));
      // A copy, because what is sent belongs to the socket while the chunk holds other lines.
      yield Buffer.concat(held);
      lines++;
      held = [];
      length = 0;
      from = at + 1;
    }
    held.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_INPUT) throw wrong(lines + 1, `over ${MAX_INPUT} octets`, "send it in several messages");
  }
  if (length > 0) yield Buffer.concat(held);
}

function parseJson(line: Buffer, number: number): Buffer[] {
  const form = 'write an array of frames, such as ["text", {"base64": "AAE="}]';
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch (error) {
    throw wrong(number, `no JSON: ${(error as Error).message}`, form);
  }
  if (!Array.isArray(value) || value.length === 0) throw wrong(number, "not an array of frames", form);
  return value.map((frame: unknown, i) => {
    const octets = frameOf(frame);
    if (octets === null) throw wrong(number, `element ${i + 1} is no frame`, form);
    return octets;
  });
}

function frameOf(frame: unknown): Buffer | null {
  if (typeof frame === "string") return Buffer.from(frame);
  if (typeof frame !== "object" || frame === null || Object.keys(frame).join() !== "base64") return null;
  const { base64 } = frame as { base64: unknown };
  if (typeof base64 !== "string") return null;
  const octets = Buffer.from(base64, "base64");
  // Node skips what is no base64.
  return octets.toString("base64").replace(/=+$/, "") === base64.replace(/=+$/, "") ? octets : null;
}

function parseHex(line: Buffer, number: number): Buffer[] {
  const words = line
    .toString("latin1")
    .trim()
    .split(/[ \t]+/);
  return words.map((word, i) => {
    if (word === "-") return Buffer.alloc(0);
    if (/^([0-9a-fA-F]{2})+$/.test(word)) return Buffer.from(word, "hex");
    throw wrong(
      number,
      `word ${i + 1} is no frame`,
      "write pairs of hexadecimal digits, blanks between frames, - for an empty frame",
    );
  });
}

const TAB = Buffer.from("\t");
const NEWLINE = Buffer.from("\n");

/** A message as it is printed. */
export function formatMessage(frames: Frames, format: Format): string | Buffer {
  switch (format) {
    case "lines":
      return Buffer.concat([...frames.flatMap((frame, i) => (i === 0 ? [frame] : [TAB, frame])), NEWLINE]);
    case "json":
      return `${visible(JSON.stringify(frames.map(jsonFrame)))}\n`;
    case "hex":
      return `${frames.map((frame) => (frame.length === 0 ? "-" : frame.toString("hex"))).join(" ")}\n`;
    case "binary":
      return Buffer.concat(frames);
  }
}

function jsonFrame(frame: Buffer): string | { readonly base64: string } {
  const text = frame.toString();
  // What is not UTF-8 does not come back the same.
  return frame.equals(Buffer.from(text)) ? text : { base64: frame.toString("base64") };
}
