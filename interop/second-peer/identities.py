"""Keys, pins, certificates, chains and their files (spec, "Identities"). Revocation lists are not read here."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field

from codec import MAX_U64, PeerError, Reader, u, v8, v16
from primitives import Sealer, public_key, sign, verify
from schedule import MODE_SIGNATURES, PUBLIC_KEY, SIGNATURE

AUTHORITY, SERVER, CLIENT = 1, 2, 4
NAME = re.compile(rb"[a-z0-9._:@/+-]{1,255}")
PIN = re.compile(r"[0-9a-f]{64}")
CRITICAL = 0x8000


def pin_of(algorithm: int, public: bytes) -> bytes:
    return hashlib.sha256(b"QZMQ/1 key" + u(1, algorithm) + public).digest()


def is_name(name: bytes) -> bool:
    return bool(NAME.fullmatch(name)) and not re.fullmatch(rb"[0-9a-f]{64}", name)


def auth(cause: str) -> PeerError:
    return PeerError("auth", cause)


# --- Files (spec, "Files", "Pin files") ---------------------------------------------------------------------------


def read_armour(text: str, kind: str) -> list[bytes]:
    blocks, lines = [], iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        if line != f"-----BEGIN {kind}-----":
            raise ValueError(f"expected a {kind}, found {line!r}")
        body = []
        for inner in lines:
            if inner == f"-----END {kind}-----":
                break
            body.append(inner)
        else:
            raise ValueError(f"a {kind} has no end")
        if any(len(part) != 64 for part in body[:-1]) or not body or not 1 <= len(body[-1]) <= 64:
            raise ValueError("lines have 64 characters")
        data = base64.b64decode("".join(body), validate=True)
        if base64.b64encode(data).decode() != "".join(body):
            raise ValueError("base64 is not canonical")
        blocks.append(data)
    return blocks


def write_armour(kind: str, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


@dataclass
class PrivateKey:
    algorithm: int
    seed: bytes
    public: bytes

    def sign(self, context: str, message: bytes) -> bytes:
        return sign(self.algorithm, self.seed, context, message)


def read_private_key(path: str, passphrase: str | None = None) -> PrivateKey:
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode) or info.st_mode & 0o077 or info.st_uid not in (0, os.getuid()):
        raise ValueError(f"{path} is open to others")
    with open(path, encoding="ascii") as file:
        (data,) = read_armour(file.read(), "QZMQ PRIVATE KEY")
    reader = Reader(data)
    version, algorithm, key_id, protection = reader.u(1), reader.u(1), reader.take(32), reader.u(1)
    if version != 1 or algorithm not in PUBLIC_KEY or protection > 1:
        raise ValueError("not a private key of version 1")
    if protection == 0:
        seed = reader.take(32)
    else:
        log_n, r, p, salt, nonce = reader.u(1), reader.u(1), reader.u(1), reader.take(16), reader.take(12)
        n = 2**log_n
        if not (10 <= log_n <= 20 and 2 <= r <= 16 and 1 <= p <= 8 and n * r <= 2**21 and n * r * p <= 2**23):
            raise ValueError("scrypt parameters out of bounds")
        sealer = _file_sealer(passphrase or "", salt, log_n, r, p, nonce)
        seed = sealer.open(0, data[:66], reader.take(48))
    reader.end()
    public = public_key(algorithm, seed)
    if pin_of(algorithm, public) != key_id:
        raise ValueError("the key id is not that of the seed")
    return PrivateKey(algorithm, seed, public)


def write_private_key(path: str, key: PrivateKey, passphrase: str | None = None) -> None:
    data = bytes([1, key.algorithm]) + pin_of(key.algorithm, key.public)
    if passphrase is None:
        data += bytes([0]) + key.seed
    else:
        log_n, r, p, salt, nonce = 12, 8, 1, os.urandom(16), os.urandom(12)
        data += bytes([1, log_n, r, p]) + salt + nonce
        sealer = _file_sealer(passphrase, salt, log_n, r, p, nonce)
        data += sealer.seal(0, data, key.seed)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(write_armour("QZMQ PRIVATE KEY", data))


def _file_sealer(passphrase: str, salt: bytes, log_n: int, r: int, p: int, nonce: bytes) -> Sealer:
    normal, n = unicodedata.normalize("NFC", passphrase).encode(), 2**log_n
    key = hashlib.scrypt(normal, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=128 * r * (n + p + 2) + 2**20)
    return Sealer(2, key, nonce, 0)  # stream id and sequence 0 leave the nonce as it is


def read_pins(path: str) -> dict[bytes, str | None]:
    pins: dict[bytes, str | None] = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if not line.strip() or line.strip().startswith("#"):
                continue
            digits, comma, name = (part.strip() for part in line.partition(","))
            if not PIN.fullmatch(digits) or bytes.fromhex(digits) in pins or (comma and not is_name(name.encode())):
                raise ValueError(f"not a line of a pin file: {line!r}")
            pins[bytes.fromhex(digits)] = name or None
    return pins


# --- Certificates (spec, "Certificate layout") --------------------------------------------------------------------


@dataclass
class Certificate:
    octets: bytes
    serial: bytes
    subject: bytes
    alternatives: list[bytes]
    usage: int
    path_len: int
    not_before: int
    not_after: int
    algorithm: int
    public: bytes
    issuer: bytes
    extensions: list[int]
    signed: bytes
    signature: bytes

    @property
    def pin(self) -> bytes:
        return pin_of(self.algorithm, self.public)


def parse_certificate(data: bytes) -> Certificate:
    try:
        return _parse_certificate(data)
    except PeerError:
        raise auth("malformed") from None


def _parse_certificate(data: bytes) -> Certificate:
    def need(condition: bool) -> None:
        if not condition:
            raise auth("malformed")

    need(len(data) <= 12288)
    reader = Reader(data)
    need(reader.u(1) == 1)
    serial, subject, names = reader.take(16), reader.v8(), reader.v16()
    need(is_name(subject) and len(names) <= 4096)
    inner, alternatives = Reader(names), []
    while inner.left():
        name = inner.v8()
        need(is_name(name) and name != subject and (not alternatives or alternatives[-1] < name))
        alternatives.append(name)
    usage, path_len, not_before, not_after = reader.u(1), reader.u(1), reader.u(8), reader.u(8)
    need(len(alternatives) <= 64 and usage in (1, 2, 4, 6) and path_len <= (3 if usage == AUTHORITY else 0))
    need(not_before <= not_after)
    algorithm, public, issuer, rest = reader.u(1), reader.v16(), reader.take(32), reader.v16()
    need(algorithm in PUBLIC_KEY and len(public) == PUBLIC_KEY[algorithm] and len(rest) <= 512)
    inner, extensions = Reader(rest), []
    while inner.left():
        kind = inner.u(2)
        inner.v16()
        need(not extensions or extensions[-1] < kind)
        extensions.append(kind)
    signed = data[: reader.at]
    signature = reader.v16()
    reader.end()
    return Certificate(
        data, serial, subject, alternatives, usage, path_len, not_before, not_after,
        algorithm, public, issuer, extensions, signed, signature,
    )  # fmt: skip


def issue(
    issuer: PrivateKey, subject: bytes, usage: int, algorithm: int, public: bytes, *,
    alternatives: list[bytes] | None = None, path_len: int = 0, not_before: int = 0,
    not_after: int = MAX_U64 - 1, serial: bytes | None = None,
) -> bytes:  # fmt: skip
    names = b"".join(v8(name) for name in sorted(alternatives or []))
    signed = bytes([1]) + (os.urandom(16) if serial is None else serial) + v8(subject) + v16(names)
    signed += bytes([usage, path_len]) + u(8, not_before) + u(8, not_after)
    signed += bytes([algorithm]) + v16(public) + pin_of(issuer.algorithm, issuer.public) + v16(b"")
    return signed + v16(issuer.sign("QZMQ/1 certificate", signed))


def new_key(algorithm: int) -> PrivateKey:
    seed = os.urandom(32)
    return PrivateKey(algorithm, seed, public_key(algorithm, seed))


def bare_certificate(key: PrivateKey) -> bytes:
    """How a key without certificates travels (spec, "Certificate layout")."""
    return issue(key, b"bare-key", SERVER | CLIENT, key.algorithm, key.public, serial=bytes(16))


def read_certificates(path: str) -> list[bytes]:
    with open(path, encoding="ascii") as file:
        return read_armour(file.read(), "QZMQ CERTIFICATE")


# --- Trust (spec, "Chains", "Trust", "Names") ---------------------------------------------------------------------


@dataclass
class Peer:
    identity: str
    certificate: Certificate


@dataclass
class Trust:
    mode: str = "hybrid"
    pins: dict[bytes, str | None] = field(default_factory=dict)
    authorities: dict[bytes, Certificate] = field(default_factory=dict)
    skew: int = 300

    def add_authority(self, data: bytes) -> None:
        certificate = parse_certificate(data)
        own = (certificate.algorithm, certificate.public)
        if certificate.usage != AUTHORITY or certificate.issuer != certificate.pin:
            raise ValueError("not a self-issued authority")
        if not _signed_by(own, certificate):
            raise ValueError("the authority's own signature is wrong")
        self.authorities[certificate.pin] = certificate

    def evaluate(
        self, chain: list[bytes], algorithms: list[int], role: int, configured: str | None, host: str | None, now: int
    ) -> Peer:
        """The checks of spec, "Chains", in their order. Server names are for clients; a server passes neither."""
        if not 1 <= len(chain) <= 4:
            raise auth("chain-length")
        parsed = [parse_certificate(data) for data in chain]
        end = parsed[0]
        if end.algorithm not in algorithms or end.algorithm not in MODE_SIGNATURES[self.mode]:
            raise auth("algorithm")
        if end.pin in self.pins:
            name = self.pins[end.pin]
            if name is not None and configured is not None and name != configured:
                raise auth("name")
            return Peer(name or end.pin.hex(), end)
        path = []
        for index, certificate in enumerate(parsed):
            path.append(certificate)
            if certificate.issuer in self.authorities:
                break
            if index + 1 == len(parsed):
                raise auth("untrusted")
            if certificate.issuer != parsed[index + 1].pin:
                raise auth("issuer")
        path.append(self.authorities[path[-1].issuer])
        for index, certificate in enumerate(path):
            if certificate.algorithm not in MODE_SIGNATURES[self.mode]:
                raise auth("algorithm")
            if any(kind >= CRITICAL for kind in certificate.extensions):
                raise auth("extension")
            if index > 0 and certificate.usage != AUTHORITY:
                raise auth("not-authority")
            if index > 0 and certificate.path_len < index - 1:
                raise auth("path-length")
        for certificate in path:
            if now + self.skew < certificate.not_before:
                raise auth("not-yet-valid")
            if now - self.skew > certificate.not_after:
                raise auth("expired")
        if not end.usage & role:
            raise auth("usage")
        expected = configured or host
        if role == SERVER:
            if expected is None or expected.encode() not in [end.subject, *end.alternatives]:
                raise auth("name")
        for index in range(len(path) - 2, -1, -1):
            issuer = path[index + 1]
            if not _signed_by((issuer.algorithm, issuer.public), path[index]):
                raise auth("signature")
        return Peer(end.subject.decode(), end)


def _signed_by(key: tuple[int, bytes], certificate: Certificate) -> bool:
    algorithm, public = key
    if len(certificate.signature) != SIGNATURE[algorithm]:
        return False
    return verify(algorithm, public, "QZMQ/1 certificate", certificate.signed, certificate.signature)
