/**
 * X25519 and Ed25519 from node:crypto. Keys go in and out as JSON Web Keys (RFC 8037), which spares OpenSSL 3 the
 * search through its decoders that DER sets off: a tenth of the time on Node 20. The price is that a secret scalar
 * from outside passes through a short string, which nothing can overwrite; long-lived Ed25519 seeds take the slow way.
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify } from "node:crypto";
import { wipe } from "../bytes/constant-time.ts";
import { ed25519Message, hasAcceptablePoints } from "./ed25519-rules.ts";
import { fromBase64url, plain, toBase64url } from "./node-bytes.ts";
import { drawKeyPair } from "./node-keys.ts";
import type { Random, Signature, X25519 } from "./provider.ts";
import { buildSignature } from "./signature.ts";
import { buildX25519 } from "./x25519.ts";

type Curve = "X25519" | "Ed25519";

/** PKCS#8 around an Ed25519 seed (RFC 8410, section 7). */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

function importPublic(crv: Curve, publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv, x: toBase64url(publicKey) }, format: "jwk" });
}

function exportPublic(secretKey: KeyObject): Uint8Array {
  return fromBase64url(createPublicKey(secretKey).export({ format: "jwk" }).x!);
}

/** The public half `x` has to be there but is not looked at: it is computed from `d`. */
function importScalar(secretKey: Uint8Array): KeyObject {
  return createPrivateKey({
    key: { kty: "OKP", crv: "X25519", x: "", d: toBase64url(secretKey) },
    format: "jwk",
  });
}

/** X25519. Key pairs that `own` is the source of are drawn by OpenSSL, and their scalars never pass through here. */
export function nodeX25519(own: Random): X25519 {
  return buildX25519<KeyObject>({
    load: importScalar,
    draw: (source) => (source === own ? drawKeyPair("x25519", 32) : undefined),
    publicKey: exportPublic,
    sharedSecret(privateKey, publicKey) {
      const keys = { privateKey, publicKey: importPublic("X25519", publicKey) };
      try {
        return plain(diffieHellman(keys));
      } catch {
        // OpenSSL reports an all-zero result, and nothing else can go wrong with two keys of this curve.
        return null;
      }
    },
    erase: () => {},
  });
}

function importSeed(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([ED25519_PKCS8, seed]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    wipe(der);
  }
}

/** The key as an object, or `null` when it is none: some runtimes look for the point now, others in `verify`. */
function importVerifier(publicKey: Uint8Array): KeyObject | null {
  try {
    return importPublic("Ed25519", publicKey);
  } catch {
    return null;
  }
}

/** Ed25519. */
export function nodeEd25519(): Signature {
  return buildSignature<KeyObject>({
    name: "Ed25519",
    load(seed) {
      const secretKey = importSeed(seed);
      return { publicKey: exportPublic(secretKey), secretKey };
    },
    sign: (key, message, context) => plain(sign(null, ed25519Message(context, message), key)),
    verify(publicKey, message, context, signature) {
      const key = hasAcceptablePoints(publicKey, signature) ? importVerifier(publicKey) : null;
      return key !== null && verify(null, ed25519Message(context, message), key, signature);
    },
    erase: () => {},
  });
}
