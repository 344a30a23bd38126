"""Broken records and control messages, one for each fault: all must be answered by CLOSE with code 2."""

from __future__ import annotations

from codec import COMMAND, MORE, frame, u, v8, v16
from records import CLOSE, CONTROL_LIMIT, KEYCONFIRM, KEYUPDATE, KEYUPDATEACK, PAD, TICKET, Connection
from schedule import KEMS, KemKey


def replay(c: Connection) -> None:
    c.control(u(1, PAD) + bytes(8))
    c.link.send(c.last_frame)


def skip(c: Connection) -> None:
    c.sending.sequence += 1
    c.control(u(1, PAD))


def flip(c: Connection) -> None:
    data = bytearray(c.sending.seal("MESSAGE", frame(0, b"never")))
    data[-1] ^= 1
    c.link.send(bytes(data))


def renamed(c: Connection) -> None:
    """A CONTROL that says MESSAGE: the name is authenticated."""
    c.link.send(c.sending.seal("CONTROL", u(1, PAD)).replace(b"CONTROL", b"MESSAGE"))


def next_key(c: Connection) -> None:
    c.sending.key_id = (c.sending.key_id + 1) % 256
    c.control(u(1, PAD))


def update(new_key_id: int, public: bytes) -> bytes:
    return u(1, KEYUPDATE) + u(8, 2**64 - 1) + u(4, new_key_id) + v16(public)


def two_updates(c: Connection) -> None:
    """A second KEYUPDATE before the ACK to the first is read."""
    c.start_rotation()
    c.control(update(1, KemKey(c.done.suite.kem).public))


def unreduced(c: Connection) -> None:
    """An encapsulation key that fails the modulus check: its first coefficient is 4095."""
    c.control(update(1, b"\xff\xff" + KemKey(c.done.suite.kem).public[2:]))


def zero_x25519(c: Connection) -> None:
    """A small-order X25519 key, in a suite that has one."""
    c.control(update(1, KemKey(c.done.suite.kem).public[:-32] + bytes(32)))


def no_confirm(c: Connection) -> None:
    """Rotates, but lets PAD be the first record of the new epoch in place of KEYCONFIRM."""
    sent = c.control
    c.control = lambda data: sent(u(1, PAD) if data[0] == KEYCONFIRM else data)
    c.start_rotation()


def stream(octets: bytes):
    return lambda c: c.stream(octets)


def control(octets: bytes):
    return lambda c: c.control(octets)


FAULTS = {
    "replay": replay,
    "skip": skip,
    "flip": flip,
    "renamed": renamed,
    "next key": next_key,
    "empty": control(b""),
    "unknown control": control(u(1, 7)),
    "long control": control(u(1, PAD) + bytes(CONTROL_LIMIT)),
    "padding of ones": control(u(1, PAD) + b"\1"),
    "long CLOSE": control(u(1, CLOSE) + bytes(2)),
    "record over record_limit": lambda c: c.link.send(c.sending.seal("MESSAGE", bytes(c.done.peer_record_limit + 1))),
    "TICKET to a server": control(u(1, TICKET) + u(4, 60) + u(4, 0) + bytes(16) + v16(b"ticket")),
    "KEYUPDATE of another epoch": lambda c: c.control(update(2, KemKey(c.done.suite.kem).public)),
    "short KEYUPDATE": lambda c: c.control(update(1, KemKey(c.done.suite.kem).public[1:])),
    "KEYUPDATEACK": lambda c: c.control(u(1, KEYUPDATEACK) + u(4, 1) + v16(bytes(KEMS[c.done.suite.kem][3]))),
    "KEYCONFIRM": control(u(1, KEYCONFIRM) + u(4, 1)),
    "two KEYUPDATE": two_updates,
    "unreduced key": unreduced,
    "small-order key": zero_x25519,
    "no KEYCONFIRM": no_confirm,
    "reserved bits": stream(bytes([0x80, 0])),
    "a command with MORE": stream(frame(COMMAND | MORE, v8(b"PING") + bytes(2))),
    "READY": stream(frame(COMMAND, v8(b"READY"))),
    "ERROR": stream(frame(COMMAND, v8(b"ERROR") + v8(b""))),
    "CLIENTHELLO": stream(frame(COMMAND, v8(b"CLIENTHELLO"))),
    "MESSAGE": stream(frame(COMMAND, v8(b"MESSAGE"))),
}
