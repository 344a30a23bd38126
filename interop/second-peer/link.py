"""One TCP connection: octets in and out without blocking either way, the greeting, and frames with a size limit."""

from __future__ import annotations

import select
import socket
import time

from codec import COMMAND, FrameDecoder, PeerError, command, parse_command

MECHANISM = b"QZMQ".ljust(20, b"\0")
CLIENT, SERVER = 0, 1


class Ended(Exception):
    """The transport ended, or the time was over."""


class RemoteError(Exception):
    """The peer sent ERROR with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def greeting(role: int) -> bytes:
    """spec, "Greeting"."""
    return b"\xff" + bytes(8) + b"\x7f" + bytes([3, 1]) + MECHANISM + bytes([role]) + bytes(31)


class Link:
    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.socket = sock
        self.deadline = time.monotonic() + seconds
        self.decoder, self.out, self.ended = FrameDecoder(), bytearray(), False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self.out += data

    def step(self, wait: float | None = None) -> None:
        """Moves octets once, waiting until some can move."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Ended("time is over")
        readable = [] if self.ended else [self.socket]
        ready = select.select(readable, [self.socket] if self.out else [], [], left if wait is None else wait)
        try:
            if ready[1]:
                del self.out[: self.socket.send(self.out)]
            if ready[0]:
                data = self.socket.recv(1 << 16)
                self.ended = not data
                self.decoder.feed(data)
        except BlockingIOError:
            pass
        except OSError as error:
            self.ended = True
            self.out.clear()
            self.fault = error

    def exchange_greetings(self, role: int) -> bytes:
        """Sends ours, returns the peer's. Every refusal here is without ERROR (spec, "Greeting", "Roles")."""
        self.send(greeting(role))
        while len(self.decoder.buffer) < 64:
            if self.ended:
                raise Ended("no greeting")
            self.step()
        peer = bytes(self.decoder.buffer[:64])
        del self.decoder.buffer[:64]
        if peer[0] != 0xFF or peer[9] != 0x7F or peer[10] < 3 or peer[12:32] != MECHANISM:
            raise Ended("not a greeting of QZMQ")
        if peer[32] > 1 or peer[32] == role:
            raise Ended("both have the same role")
        return peer

    def handshake_message(self, limit: int) -> tuple[str, bytes]:
        """The next handshake message as name and data; ERROR raises RemoteError."""
        while True:
            found = self.decoder.next(limit)
            if found:
                break
            if self.ended:
                raise Ended("the transport ended in the handshake")
            self.step()
        flags, body = found
        if flags != COMMAND:
            raise PeerError("protocol", "no command in the handshake")
        name, data = parse_command(body)
        if name == "ERROR":
            if not data or data[0] != len(data) - 1:
                raise PeerError("protocol", "a malformed ERROR")
            raise RemoteError(data[1:].decode("ascii", "replace"))
        return name, data

    def refuse(self, reason: str) -> None:
        self.send(command("ERROR", bytes([len(reason)]) + reason.encode()))
        self.close()

    def close(self) -> None:
        """Writes what is queued, then closes."""
        try:
            while self.out:
                self.step()
            self.socket.shutdown(socket.SHUT_WR)
            while not self.ended:  # so that what we wrote is not lost to a reset
                self.step(wait=1)
        except (OSError, Ended):
            pass
        self.socket.close()
        self.ended = True
