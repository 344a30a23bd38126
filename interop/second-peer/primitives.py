"""Primitives: HMAC, HKDF and hashes from the standard library, the others from primitives.mjs."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess

HASHES = {1: "sha256", 2: "sha384"}  # spec, "Hashes"


class PrimitiveError(Exception):
    """A primitive refused its input: a tag, a modulus, an all-zero result."""


class _Helper:
    def __init__(self) -> None:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "primitives.mjs")
        node = os.environ.get("NODE", "node")
        self.process = subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, operation: str, **fields) -> dict:
        request = {k: v.hex() if isinstance(v, (bytes, bytearray)) else v for k, v in fields.items()}
        self.process.stdin.write(json.dumps({"operation": operation, **request}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the helper for primitives ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PrimitiveError(answer["error"])
        return {k: bytes.fromhex(v) if isinstance(v, str) else v for k, v in answer.items()}


_helper: _Helper | None = None


def ask(operation: str, **fields) -> dict:
    global _helper
    if _helper is None:
        _helper = _Helper()
    return _helper.ask(operation, **fields)


def digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


def mac(name: str, key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, name).digest()


def equal(a: bytes, b: bytes) -> bool:
    return hmac.compare_digest(a, b)


def extract(name: str, salt: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract, RFC 5869 section 2.2."""
    return mac(name, salt, ikm)


def expand(name: str, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand, RFC 5869 section 2.3."""
    block, out, counter = b"", b"", 1
    while len(out) < length:
        block = mac(name, secret, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:length]


def sign(algorithm: int, seed: bytes, context: str, message: bytes) -> bytes:
    return ask("sign", algorithm=algorithm, seed=seed, context=context.encode(), message=message)["signature"]


def verify(algorithm: int, public: bytes, context: str, message: bytes, signature: bytes) -> bool:
    try:
        fields = {"public": public, "context": context.encode(), "message": message, "signature": signature}
        return ask("verify", algorithm=algorithm, **fields)["valid"]
    except PrimitiveError:
        return False


def public_key(algorithm: int, seed: bytes) -> bytes:
    return ask("publicKey", algorithm=algorithm, seed=seed)["public"]


class Sealer:
    """One AEAD key and iv with one stream id (spec, "Nonces")."""

    def __init__(self, aead: int, key: bytes, iv: bytes, stream_id: int) -> None:
        self.aead, self.key, self.iv, self.stream_id = aead, key, iv, stream_id

    def _nonce(self, sequence: int) -> bytes:
        counter = self.stream_id.to_bytes(4, "big") + sequence.to_bytes(8, "big")
        return bytes(a ^ b for a, b in zip(counter, self.iv))

    def seal(self, sequence: int, aad: bytes, plaintext: bytes) -> bytes:
        fields = {"key": self.key, "nonce": self._nonce(sequence), "aad": aad, "plaintext": plaintext}
        return ask("seal", aead=self.aead, **fields)["ciphertext"]

    def open(self, sequence: int, aad: bytes, ciphertext: bytes) -> bytes:
        fields = {"key": self.key, "nonce": self._nonce(sequence), "aad": aad, "ciphertext": ciphertext}
        return ask("open", aead=self.aead, **fields)["plaintext"]
