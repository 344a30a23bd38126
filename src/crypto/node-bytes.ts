/** Octet strings on their way into and out of node:crypto. */

/** The same memory as a plain `Uint8Array`, so that callers see one type whichever back end they have. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Base64url, as JSON Web Keys carry octets (RFC 7517). */
export function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");
}

/** The octets of base64url, in memory of their own. */
export function fromBase64url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64url"));
}
