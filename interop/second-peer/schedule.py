"""Suites, the KEM of handshake and rotation, transcript and key schedule (spec, "Suites" to "Exporter")."""

from __future__ import annotations

import primitives
from codec import PeerError, u, v8, v32
from primitives import HASHES, PrimitiveError, Sealer, ask, digest, expand, extract, mac

LENGTHS = {"sha256": 32, "sha384": 48}
PUBLIC_KEY = {1: 32, 2: 1312, 3: 1952, 4: 2592}  # spec, "Sizes"
SIGNATURE = {1: 64, 2: 2420, 3: 3309, 4: 4627}

# spec, "KEM": the ML-KEM part if any, whether X25519 follows, lengths of kem_public and kem_ciphertext
KEMS = {
    1: (None, True, 32, 32),
    2: (768, False, 1184, 1088),
    3: (1024, False, 1568, 1568),
    4: (768, True, 1216, 1120),
    5: (1024, True, 1600, 1600),
}
MODE_KEMS = {"hybrid": (2, 3, 4, 5), "pq-only": (2, 3), "classical": (1, 2, 3, 4, 5)}
MODE_SIGNATURES = {"hybrid": (2, 3, 4), "pq-only": (2, 3, 4), "classical": (1, 2, 3, 4)}


class Suite:
    def __init__(self, octets: bytes) -> None:
        self.octets = bytes(octets)
        self.kem, self.signature, self.aead, hash_octet = self.octets
        self.hash = HASHES.get(hash_octet, "")
        self.L = LENGTHS.get(self.hash, 0)

    def valid(self, mode: str) -> bool:
        """A valid combination, and one that the mode allows (spec, "Suites", "Modes")."""
        if self.aead not in (1, 2) or not self.hash:
            return False
        if self.kem not in MODE_KEMS[mode] or self.signature not in MODE_SIGNATURES[mode]:
            return False
        if self.kem == 1 or self.signature == 1:
            return self.kem == self.signature
        if self.kem in (3, 5):
            return self.signature in (3, 4) and self.hash == "sha384"
        return True

    def classical_part(self) -> bool:
        return self.kem in (1, 4, 5) or self.signature == 1


def protocol_error(operation: str, **fields) -> dict:
    """Failures of a KEM are protocol errors (spec, "KEM")."""
    try:
        return ask(operation, **fields)
    except PrimitiveError as error:
        raise PeerError("protocol", str(error)) from None


class KemKey:
    """The side that sends kem_public."""

    def __init__(self, kem: int) -> None:
        self.kem = kem
        ml_kem, x25519, _, _ = KEMS[kem]
        self.public, self._ml_kem, self._x25519 = b"", b"", b""
        if ml_kem:
            pair = ask("kemKeygen", kem=ml_kem)
            self.public, self._ml_kem = pair["public"], pair["secret"]
        if x25519:
            pair = ask("x25519Keygen")
            self.public, self._x25519 = self.public + pair["public"], pair["secret"]

    def decapsulate(self, ciphertext: bytes) -> bytes:
        ml_kem, x25519, _, length = KEMS[self.kem]
        if len(ciphertext) != length:
            raise PeerError("protocol", "kem_ciphertext of another length")
        split = length - (32 if x25519 else 0)
        secret = b""
        if ml_kem:
            fields = {"ciphertext": ciphertext[:split], "secret": self._ml_kem}
            secret = protocol_error("kemDecapsulate", kem=ml_kem, **fields)["secret"]
        if x25519:
            secret += protocol_error("x25519", secret=self._x25519, public=ciphertext[split:])["secret"]
        return secret


def check_kem_public(kem: int, public: bytes) -> None:
    if len(public) != KEMS[kem][2]:
        raise PeerError("protocol", "kem_public of another length")


def encapsulate(kem: int, public: bytes) -> tuple[bytes, bytes]:
    """kem_ciphertext and kem_secret for a kem_public."""
    check_kem_public(kem, public)
    ml_kem, x25519, length, _ = KEMS[kem]
    split = length - (32 if x25519 else 0)
    ciphertext, secret = b"", b""
    if ml_kem:
        answer = protocol_error("kemEncapsulate", kem=ml_kem, public=public[:split])
        ciphertext, secret = answer["ciphertext"], answer["secret"]
    if x25519:
        pair = ask("x25519Keygen")
        ciphertext += pair["public"]
        secret += protocol_error("x25519", secret=pair["secret"], public=public[split:])["secret"]
    return ciphertext, secret


class Transcript:
    """spec, "Transcript"."""

    def __init__(self, client_greeting: bytes, server_greeting: bytes) -> None:
        self.octets = b"QZMQ/1" + client_greeting[10:64] + server_greeting[10:64]

    def add(self, data: bytes) -> None:
        self.octets += data

    def th(self, suite: Suite) -> bytes:
        return digest(suite.hash, self.octets)


def derive(suite: Suite, secret: bytes, label: str, th: bytes, length: int | None = None) -> bytes:
    """spec, "Derive"."""
    length = length or {"key": 32, "iv": 12}.get(label, suite.L)
    info = u(2, length) + v8(b"qzmq1 " + label.encode()) + v8(th)
    return expand(suite.hash, secret, info, length)


def sealer(suite: Suite, secret: bytes, stream_id: int) -> Sealer:
    key, iv = derive(suite, secret, "key", b""), derive(suite, secret, "iv", b"")
    return Sealer(suite.aead, key, iv, stream_id)


class Schedule:
    """spec, "Key schedule", from early to master; the caller says when each transcript hash is there."""

    def __init__(self, suite: Suite, psk: bytes | None) -> None:
        self.suite = suite
        self.early = extract(suite.hash, bytes(suite.L), psk or bytes(suite.L))

    def psk_mac(self, label: str, th: bytes) -> bytes:
        """spec, "Pre-shared key MACs": label "psk auth" or "res binder"."""
        return mac(self.suite.hash, derive(self.suite, self.early, label, b""), th)

    def handshake(self, kem_secret: bytes, th: bytes) -> None:
        suite = self.suite
        hs = extract(suite.hash, derive(suite, self.early, "derived", b""), kem_secret)
        self.c_hs, self.s_hs = derive(suite, hs, "c hs", th), derive(suite, hs, "s hs", th)
        self.master = extract(suite.hash, derive(suite, hs, "derived", b""), bytes(suite.L))

    def verify_data(self, secret: bytes, th: bytes) -> bytes:
        return mac(self.suite.hash, derive(self.suite, secret, "finished", b""), th)

    def sealed(self, secret: bytes) -> Sealer:
        return sealer(self.suite, secret, 0)  # spec, "Sealed parts"


class Epoch:
    """Secrets of an epoch (spec, "Rotation")."""

    def __init__(self, suite: Suite, number: int, th: bytes, root: bytes, traffic_th: bytes | None = None) -> None:
        self.suite, self.number, self.th = suite, number, th
        self.c_ap = derive(suite, root, "c ap", traffic_th or th)
        self.s_ap = derive(suite, root, "s ap", traffic_th or th)
        self.chain = derive(suite, root, "chain", th)
        self.resumption = derive(suite, root, "resumption", th)

    def next(self, update: bytes, ack: bytes, kem_secret: bytes) -> Epoch:
        th = digest(self.suite.hash, self.th + v32(update) + v32(ack))
        return Epoch(self.suite, self.number + 1, th, extract(self.suite.hash, self.chain, kem_secret))


def export(suite: Suite, exporter: bytes, label: str, context: bytes, length: int) -> bytes:
    """spec, "Exporter"."""
    inner = derive(suite, exporter, label, b"", suite.L)
    return derive(suite, inner, "exporter", digest(suite.hash, context), length)


equal = primitives.equal
