/**
 * Metadata: the property list of READY and INITIATE (RFC 37, "metadata").
 *
 *     property = name-length(1) name value-length(4) value
 */
import { LayoutError, Reader } from "../bytes/reader.ts";
import { utf8, Writer } from "../bytes/writer.ts";
import { PeerError } from "../errors.ts";

/** The peer's properties, by name as it spelt them. Look up with {@link property}, which ignores case. */
export type Metadata = ReadonlyMap<string, Uint8Array>;

/** More properties than this in one list are refused. libzmq sends two. */
const MAX_PROPERTIES = 64;
const NAME = /^[A-Za-z0-9\-_.+]+$/;

/** Encodes properties in the given order. Names are 1..255 octets of letters, digits and `- _ . +`. */
export function encodeMetadata(properties: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const out = new Writer();
  for (const [name, value] of properties) {
    if (!NAME.test(name)) throw new RangeError(`not a property name: ${JSON.stringify(name)}`);
    out.v8(utf8(name)).v32(value);
  }
  return out.finish();
}

/**
 * Decodes a property list that must fill `bytes` exactly. Values are copies.
 * Throws {@link PeerError} `ERR_ZMTP_INVALID_METADATA`: malformed, a name twice (names ignore case), too many.
 */
export function decodeMetadata(bytes: Uint8Array): Metadata {
  const reader = new Reader(bytes);
  const found = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  try {
    while (reader.remaining > 0) {
      const name = Buffer.from(reader.v8("property name", 1)).toString("latin1");
      if (!NAME.test(name)) throw new LayoutError("property name: octet outside letters, digits, - _ . +");
      const value = reader.v32("property value", 0, 0x7fffffff).slice();
      if (seen.has(name.toLowerCase())) throw new LayoutError(`property ${name} occurs twice`);
      if (found.size === MAX_PROPERTIES) throw new LayoutError(`more than ${MAX_PROPERTIES} properties`);
      seen.add(name.toLowerCase());
      found.set(name, value);
    }
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    throw new PeerError("ERR_ZMTP_INVALID_METADATA", `Malformed metadata: ${error.message}`, {
      cause: error,
    });
  }
  return found;
}

/** The value of a property, whatever the case of its name; `undefined` when absent. */
export function property(metadata: Metadata, name: string): Uint8Array | undefined {
  const exact = metadata.get(name);
  if (exact !== undefined) return exact;
  const wanted = name.toLowerCase();
  for (const [key, value] of metadata) if (key.toLowerCase() === wanted) return value;
  return undefined;
}
