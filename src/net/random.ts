/** The operating system's randomness for connections; everything that needs it gets it as an argument. */
const POOL = 4096;

/** `length` fresh octets from the system's generator. */
export function randomBytes(length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += POOL) crypto.getRandomValues(out.subarray(at, at + POOL));
  return out;
}
