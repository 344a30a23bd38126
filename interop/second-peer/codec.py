"""Octets: the encodings of spec/README.md, ZMTP frames, handshake messages, extensions and metadata."""

from __future__ import annotations

MAX_U64 = 2**53  # spec, "Encoding": a u64 is below it


class PeerError(Exception):
    """The peer broke a rule. `reason` is the word of spec, "Wire reasons"; `cause` is for people."""

    def __init__(self, reason: str, cause: str) -> None:
        super().__init__(f"{reason}: {cause}")
        self.reason, self.cause = reason, cause


def u(width: int, value: int) -> bytes:
    return value.to_bytes(width, "big")


def v8(data: bytes) -> bytes:
    return u(1, len(data)) + data


def v16(data: bytes) -> bytes:
    return u(2, len(data)) + data


def v32(data: bytes) -> bytes:
    return u(4, len(data)) + data


class Reader:
    """Takes octets from the front; every shortage and every rest is a protocol error (spec, "Encoding")."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = bytes(data), 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise PeerError("protocol", "a length goes beyond the end")
        self.at += count
        return self.data[self.at - count : self.at]

    def u(self, width: int) -> int:
        value = int.from_bytes(self.take(width), "big")
        if width == 8 and value >= MAX_U64:
            raise PeerError("protocol", "a u64 of 2^53 or more")
        return value

    def v8(self) -> bytes:
        return self.take(self.u(1))

    def v16(self) -> bytes:
        return self.take(self.u(2))

    def v32(self) -> bytes:
        return self.take(self.u(4))

    def left(self) -> int:
        return len(self.data) - self.at

    def end(self) -> None:
        if self.left():
            raise PeerError("protocol", f"{self.left()} octets left over")


# RFC 37, framing: bit 0 MORE, bit 1 LONG, bit 2 COMMAND, the others reserved.
MORE, LONG, COMMAND = 1, 2, 4


def frame(flags: int, body: bytes) -> bytes:
    if len(body) <= 255:
        return bytes([flags, len(body)]) + body
    return bytes([flags | LONG]) + u(8, len(body)) + body


def command(name: str, data: bytes) -> bytes:
    """A handshake message as a frame (spec, "Handshake frames")."""
    return frame(COMMAND, v8(name.encode()) + data)


class FrameDecoder:
    """Frames out of an octet stream: the outer one of a connection, and the inner one of MESSAGE records."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self.buffer += data

    def next(self, limit: int) -> tuple[int, bytes] | None:
        """The next frame as flags without LONG, and body; None when it is not complete. Refuses from the header."""
        if len(self.buffer) < 2:
            return None
        flags = self.buffer[0]
        if flags & ~(MORE | LONG | COMMAND) or (flags & COMMAND and flags & MORE):
            raise PeerError("protocol", "reserved bits, or a command with MORE")
        head = 9 if flags & LONG else 2
        if len(self.buffer) < head:
            return None
        size = int.from_bytes(self.buffer[1:head], "big")
        if size > limit:
            raise PeerError("protocol", f"a frame of {size} octets where {limit} are allowed")
        if len(self.buffer) < head + size:
            return None
        body = bytes(self.buffer[head : head + size])
        del self.buffer[: head + size]
        return flags & ~LONG, body


def parse_command(body: bytes) -> tuple[str, bytes]:
    reader = Reader(body)
    name = reader.v8()
    if not name or not name.isascii():
        raise PeerError("protocol", "a malformed command name")
    return name.decode(), reader.take(reader.left())


# --- Extensions (spec, "Extensions") -------------------------------------------------------------------------------

SERVER_NAME, RECORD_LIMIT, EARLY_DATA, PQ_ONLY, CLIENT_AUTH = 0x0000, 0x001C, 0x002A, 0xFF01, 0xFF02
KNOWN = {
    SERVER_NAME: ("CLIENTHELLO",),
    RECORD_LIMIT: ("CLIENTHELLO", "SERVERHELLO"),
    EARLY_DATA: ("CLIENTHELLO", "SERVERHELLO"),
    PQ_ONLY: ("CLIENTHELLO", "SERVERHELLO"),
    CLIENT_AUTH: ("SERVERHELLO",),
}
MIN_RECORD, MAX_RECORD = 4096, 262144


def encode_extensions(extensions: dict[int, bytes]) -> bytes:
    return b"".join(u(2, kind) + v16(extensions[kind]) for kind in sorted(extensions))


def parse_extensions(data: bytes, message: str) -> dict[int, bytes]:
    reader, found = Reader(data), {}
    while reader.left():
        kind, value = reader.u(2), reader.v16()
        if kind in found:
            raise PeerError("protocol", f"extension {kind:#06x} twice")
        if kind in KNOWN and message not in KNOWN[kind]:
            raise PeerError("protocol", f"extension {kind:#06x} in {message}")
        if kind not in KNOWN and message == "SERVERHELLO":
            raise PeerError("protocol", f"unknown extension {kind:#06x}")
        found[kind] = value
    for kind in (EARLY_DATA, PQ_ONLY):
        if found.get(kind):
            raise PeerError("protocol", f"extension {kind:#06x} is not empty")
    if RECORD_LIMIT in found:
        value = found[RECORD_LIMIT]
        if len(value) != 4 or not MIN_RECORD <= int.from_bytes(value, "big") <= MAX_RECORD:
            raise PeerError("protocol", "record_limit out of range")
    if SERVER_NAME in found:
        try:
            name = found[SERVER_NAME].decode()
        except UnicodeDecodeError:
            raise PeerError("protocol", "server_name is not UTF-8") from None
        if not 1 <= len(found[SERVER_NAME]) <= 255 or name != name.lower():
            raise PeerError("protocol", "server_name out of range")
    return found


def record_limit(extensions: dict[int, bytes]) -> int:
    return int.from_bytes(extensions[RECORD_LIMIT], "big") if RECORD_LIMIT in extensions else MAX_RECORD


def parse_client_auth(value: bytes) -> tuple[int, list[int]]:
    reader = Reader(value)
    level, algorithms = reader.u(1), list(reader.v8())
    reader.end()
    if level > 2 or len(algorithms) > 4 or len(set(algorithms)) != len(algorithms):
        raise PeerError("protocol", "client_auth out of range")
    if (level == 0) != (not algorithms):
        raise PeerError("protocol", "algorithms are empty exactly at level 0")
    return level, algorithms


# --- Lists of certificates (spec, "SERVERHELLO") -----------------------------------------------------------------


def encode_chain(certificates: list[bytes]) -> bytes:
    return b"".join(v16(certificate) for certificate in certificates)


def parse_chain(data: bytes) -> list[bytes]:
    reader, certificates = Reader(data), []
    while reader.left():
        certificates.append(reader.v16())
    return certificates


# --- Metadata (spec, "Metadata") -----------------------------------------------------------------------------------

NAME_OCTETS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+")

# RFCs 28 to 31 of the ZeroMQ project: which socket types may talk to each other.
COMPATIBLE = {
    "REQ": ("REP", "ROUTER"),
    "REP": ("REQ", "DEALER"),
    "DEALER": ("REP", "DEALER", "ROUTER"),
    "ROUTER": ("REQ", "DEALER", "ROUTER"),
    "PUSH": ("PULL",),
    "PULL": ("PUSH",),
    "PUB": ("SUB", "XSUB"),
    "SUB": ("PUB", "XPUB"),
    "XPUB": ("SUB", "XSUB"),
    "XSUB": ("PUB", "XPUB"),
    "PAIR": ("PAIR",),
}


def encode_metadata(properties: dict[str, bytes]) -> bytes:
    data = b"".join(v8(name.encode()) + v32(value) for name, value in properties.items())
    return data + v8(b"X-Pad") + v32(bytes((256 - (len(data) + 10) % 256) % 256))


def parse_metadata(data: bytes) -> dict[str, bytes]:
    """Properties by lower-case name, without X-Pad and User-Id."""
    if len(data) % 256 or len(data) > 16384:
        raise PeerError("protocol", "metadata of a forbidden length")
    reader, found = Reader(data), {}
    while reader.left():
        name, value = reader.v8(), reader.v32()
        if not name or not NAME_OCTETS.issuperset(name):
            raise PeerError("protocol", "a malformed property name")
        if name.decode().lower() in found or len(found) == 64:
            raise PeerError("protocol", "a property twice, or too many")
        found[name.decode().lower()] = value
    if "socket-type" not in found:
        raise PeerError("protocol", "no Socket-Type")
    return {name: value for name, value in found.items() if name not in ("x-pad", "user-id")}


def check_socket_types(own: str, peer: bytes) -> None:
    if peer.decode("latin-1") not in COMPATIBLE[own]:
        raise PeerError("protocol", f"{own} cannot talk to {peer!r}")
