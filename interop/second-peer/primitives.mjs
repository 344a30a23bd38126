/**
 * The primitives that Python's standard library lacks, for the second peer: ML-KEM, ML-DSA, X25519, Ed25519, AES-256-GCM
 * and ChaCha20-Poly1305. One JSON request a line on stdin, one JSON answer a line on stdout, octets in hex. It knows
 * nothing of QZMQ: the numbers of algorithms are those of spec, "Suites", and that is all.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { createInterface } from "node:readline";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { ml_kem768, ml_kem1024 } from "@noble/post-quantum/ml-kem.js";

const KEMS = { 768: ml_kem768, 1024: ml_kem1024 };
const ML_DSA = { 2: ml_dsa44, 3: ml_dsa65, 4: ml_dsa87 };
const AEADS = { 1: "aes-256-gcm", 2: "chacha20-poly1305" };
const ED25519 = 1;
const TAG = 16;

const octets = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** Ed25519 has no context, so it signs context || 00 || message (spec, "Signatures"). */
const withContext = (context, message) => octets(`${context}00${message}`);

const operations = {
  kemKeygen: ({ kem }) => {
    const { publicKey, secretKey } = KEMS[kem].keygen();
    return { public: hex(publicKey), secret: hex(secretKey) };
  },
  /** Throws on a public key that fails the modulus check of FIPS 203, section 7.2. */
  kemEncapsulate: ({ kem, public: key }) => {
    const { cipherText, sharedSecret } = KEMS[kem].encapsulate(octets(key));
    return { ciphertext: hex(cipherText), secret: hex(sharedSecret) };
  },
  kemDecapsulate: ({ kem, ciphertext, secret }) => ({
    secret: hex(KEMS[kem].decapsulate(octets(ciphertext), octets(secret))),
  }),
  x25519Keygen: () => {
    const { publicKey, secretKey } = x25519.keygen();
    return { public: hex(publicKey), secret: hex(secretKey) };
  },
  /** Throws when the result is all zeros. */
  x25519: ({ secret, public: key }) => ({
    secret: hex(x25519.getSharedSecret(octets(secret), octets(key))),
  }),
  publicKey: ({ algorithm, seed }) => ({
    public: hex(
      algorithm === ED25519
        ? ed25519.getPublicKey(octets(seed))
        : ML_DSA[algorithm].keygen(octets(seed)).publicKey,
    ),
  }),
  sign: ({ algorithm, seed, context, message }) => {
    if (algorithm === ED25519) {
      return { signature: hex(ed25519.sign(withContext(context, message), octets(seed))) };
    }
    const { secretKey } = ML_DSA[algorithm].keygen(octets(seed));
    const signature = ML_DSA[algorithm].sign(octets(message), secretKey, { context: octets(context) });
    return { signature: hex(signature) };
  },
  verify: ({ algorithm, public: key, context, message, signature }) => ({
    valid:
      algorithm === ED25519
        ? ed25519.verify(octets(signature), withContext(context, message), octets(key), { zip215: false })
        : ML_DSA[algorithm].verify(octets(signature), octets(message), octets(key), {
            context: octets(context),
          }),
  }),
  seal: ({ aead, key, nonce, aad, plaintext }) => {
    const cipher = createCipheriv(AEADS[aead], octets(key), octets(nonce), { authTagLength: TAG });
    cipher.setAAD(octets(aad));
    const body = cipher.update(plaintext, "hex", "hex") + cipher.final("hex");
    return { ciphertext: body + hex(cipher.getAuthTag()) };
  },
  /** Throws when the tag is wrong. */
  open: ({ aead, key, nonce, aad, ciphertext }) => {
    const decipher = createDecipheriv(AEADS[aead], octets(key), octets(nonce), { authTagLength: TAG });
    decipher.setAAD(octets(aad));
    decipher.setAuthTag(octets(ciphertext.slice(-2 * TAG)));
    return {
      plaintext: decipher.update(ciphertext.slice(0, -2 * TAG), "hex", "hex") + decipher.final("hex"),
    };
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { operation, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = operations[operation](request);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
