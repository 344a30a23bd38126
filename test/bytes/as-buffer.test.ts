/** Octets as Buffers over the same memory, whatever the runtime says of the class of all Buffers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { asBuffer, bufferOver } from "../../src/bytes/as-buffer.ts";

const FILE = new URL("../../src/bytes/as-buffer.js", import.meta.url).href;
const NODE = Object.getOwnPropertyDescriptor(Buffer, Symbol.species)!;

/** The function as a runtime with another `Buffer[Symbol.species]` has it. */
async function where(species: unknown, name: string): Promise<typeof bufferOver> {
  Object.defineProperty(Buffer, Symbol.species, { configurable: true, value: species });
  try {
    return ((await import(`${FILE}?${name}`)) as { bufferOver: typeof bufferOver }).bufferOver;
  } finally {
    Object.defineProperty(Buffer, Symbol.species, NODE);
  }
}

function check(over: typeof bufferOver): void {
  const memory = Uint8Array.from([1, 2, 3, 4, 5, 6]).buffer;
  const view = over(memory, 2, 3);
  assert.ok(Buffer.isBuffer(view));
  assert.is(Object.getPrototypeOf(view), Buffer.prototype);
  assert.is(view.buffer, memory);
  assert.equal([...view], [3, 4, 5]);
  assert.is(view.toString("hex"), "030405");
  assert.ok(Buffer.isBuffer(view.subarray(1)));
  const empty = over(memory, 6, 0);
  assert.is(empty.length, 0);
  assert.is(empty.byteOffset, 6);
  assert.throws(() => over(memory, 4, 3), RangeError);
}

test("Node: a Buffer over the memory, of the length given", () => check(bufferOver));

for (const [name, species] of [
  ["none", undefined],
  ["null", null],
  ["Uint8Array", Uint8Array],
] as const) {
  test(`a runtime whose Buffer[Symbol.species] is ${name}: the same`, async () => {
    check(await where(species, name));
  });
}

test("octets as a Buffer: the same object if they are one, else the same memory", () => {
  const buffer = Buffer.from("abc");
  assert.is(asBuffer(buffer), buffer);
  const part = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
  const view = asBuffer(part);
  assert.ok(Buffer.isBuffer(view));
  assert.is(view.buffer, part.buffer);
  assert.equal([...view], [2, 3]);
});

test.run();
