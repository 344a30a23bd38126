/** AEADs from node:crypto: one cipher object per record, fed piece by piece, so nothing is joined. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { buildAead, TAG_LENGTH } from "./aead.ts";
import { plain } from "./node-bytes.ts";
import type { Aead, AeadName } from "./provider.ts";

/** What OpenSSL calls them. The types of Node know GCM and ChaCha20-Poly1305 apart; one of the two will do here. */
const CIPHERS: Record<AeadName, "aes-256-gcm"> = {
  "AES-256-GCM": "aes-256-gcm",
  "ChaCha20-Poly1305": "chacha20-poly1305" as "aes-256-gcm",
};

const OPTIONS = Object.freeze({ authTagLength: TAG_LENGTH });

/**
 * One AEAD. Its keys are `KeyObject`s: raw octets would be wrapped into one for every record, which costs more than
 * sealing a small record. Node cannot overwrite a `KeyObject`; OpenSSL does, when it is collected.
 */
export function nodeAead(name: AeadName): Aead {
  const cipher = CIPHERS[name];
  return buildAead<KeyObject>({
    name,
    load: (key) => createSecretKey(key),
    beginSeal(key, nonce) {
      const sealer = createCipheriv(cipher, key, nonce, OPTIONS);
      return (aad, plaintext) => {
        sealer.setAAD(aad);
        const out: Uint8Array[] = [];
        for (const piece of plaintext) {
          if (piece.length > 0) out.push(plain(sealer.update(piece)));
        }
        sealer.final();
        out.push(plain(sealer.getAuthTag()));
        return out;
      };
    },
    beginOpen(key, nonce) {
      const opener = createDecipheriv(cipher, key, nonce, OPTIONS);
      return (aad, sealed) => {
        const end = sealed.length - TAG_LENGTH;
        opener.setAAD(aad);
        opener.setAuthTag(sealed.subarray(end));
        const plaintext = opener.update(sealed.subarray(0, end));
        try {
          opener.final();
        } catch {
          // A wrong tag is the only thing that `final` of these modes can object to.
          return null;
        }
        return plain(plaintext);
      };
    },
    erase: () => {},
  });
}
