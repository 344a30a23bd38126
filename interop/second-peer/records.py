"""Records, rotation, tickets and closing after the handshake (spec, "Records" to "Closing", "State tables")."""

from __future__ import annotations

import time
from collections import deque

from codec import COMMAND, MAX_RECORD, MORE, FrameDecoder, PeerError, Reader, frame, parse_command, u, v8, v16
from handshake import Config, Established, Ticket
from link import CLIENT, Ended, Link
from primitives import PrimitiveError
from schedule import KEMS, Epoch, KemKey, derive, encapsulate, sealer

KEYUPDATE, KEYUPDATEACK, TICKET, CLOSE, KEYCONFIRM, PAD = 1, 2, 3, 4, 5, 6
NAMES = ("CLIENTHELLO", "RETRY", "EARLY", "SERVERHELLO", "CLIENTKEY", "FINISHED", "ERROR", "MESSAGE", "CONTROL")
CONTROL_LIMIT = 4096
MESSAGE_ID = 1  # spec, "Nonces"
MAX_MESSAGE = 1 << 26  # a local limit for one inner frame


class Closing(Exception):
    """We close with this code because of the peer (spec, "Established")."""

    def __init__(self, code: int, cause: str) -> None:
        super().__init__(cause)
        self.code, self.cause = code, cause


class Direction:
    """One key: who seals or opens under it, and the sequence (spec, "Records")."""

    def __init__(self, epoch: Epoch, client_sends: bool) -> None:
        secret = epoch.c_ap if client_sends else epoch.s_ap
        self.sealer, self.key_id, self.sequence = sealer(epoch.suite, secret, MESSAGE_ID), epoch.number % 256, 0

    def head(self, name: str, sequence: int) -> bytes:
        return v8(name.encode()) + u(1, self.key_id) + u(8, sequence)

    def seal(self, name: str, plaintext: bytes) -> bytes:
        head = self.head(name, self.sequence)
        body = head + self.sealer.seal(self.sequence, head, plaintext)
        self.sequence += 1
        return frame(COMMAND, body)

    def open(self, name: str, sequence: int, ciphertext: bytes) -> bytes:
        if sequence != self.sequence:
            raise Closing(2, "replayed" if sequence < self.sequence else "a sequence was left out")
        try:
            plaintext = self.sealer.open(sequence, self.head(name, sequence), ciphertext)
        except PrimitiveError:
            raise Closing(2, "a record does not open") from None
        if not plaintext:
            raise Closing(2, "an empty record")
        self.sequence += 1
        return plaintext


class Connection:
    def __init__(self, link: Link, config: Config, done: Established) -> None:
        self.link, self.config, self.done = link, config, done
        self.client = config.role == CLIENT
        self.epoch = done.epoch
        self.sending, self.receiving = self._sending(done.epoch), self._receiving(done.epoch)
        self.next_receiving: Direction | None = None  # of e + 1, while KEYCONFIRM is awaited (R2)
        self.own_update: tuple[KemKey, bytes] | None = None  # KEYUPDATE sent, ACK awaited (R1)
        self.ignored_update = False
        self.decoder, self.parts = FrameDecoder(), []
        self.messages: deque[list[bytes]] = deque()
        self.tickets: deque[Ticket] = deque()
        self.ticket_count = 0
        self.crossings = 0
        self.pongs = 0
        self.state = "O"
        self.peer_close: int | None = None
        self.bucket = (8.0, time.monotonic())
        self.limit = config.record_limit or MAX_RECORD
        self.cut = done.peer_record_limit
        self.last_frame = b""

    def _sending(self, epoch: Epoch) -> Direction:
        return Direction(epoch, self.client)

    def _receiving(self, epoch: Epoch) -> Direction:
        return Direction(epoch, not self.client)

    # --- Sending ---------------------------------------------------------------------------------------------------

    def _put(self, name: str, plaintext: bytes) -> None:
        self.last_frame = self.sending.seal(name, plaintext)
        self.link.send(self.last_frame)

    def control(self, plaintext: bytes) -> None:
        self._put("CONTROL", plaintext)

    def stream(self, octets: bytes) -> None:
        """Octets of the record stream, cut into records of at most `cut` octets (spec, "Record stream")."""
        for at in range(0, len(octets), self.cut):
            self._put("MESSAGE", octets[at : at + self.cut])

    def send(self, parts: list[bytes]) -> None:
        last = len(parts) - 1
        self.stream(b"".join(frame(MORE if index < last else 0, part) for index, part in enumerate(parts)))

    def start_rotation(self) -> None:
        if self.own_update or self.next_receiving or self.state != "O":
            return
        key = KemKey(self.done.suite.kem)
        update = u(1, KEYUPDATE) + u(8, int(time.time() * 1000)) + u(4, self.epoch.number + 1) + v16(key.public)
        self.own_update = (key, update)
        self.control(update)

    def start_close(self, code: int) -> None:
        if self.state == "O":
            self.control(bytes([CLOSE, code]))
            self.state = "K1"

    # --- Receiving -------------------------------------------------------------------------------------------------

    def pump(self, until) -> None:
        """Reads and writes until `until()` holds; raises Closing when the peer is at fault, Ended when it is gone."""
        while not until():
            if self.state == "X":
                raise Ended("the connection is closed")
            try:
                found = self.link.decoder.next(self.limit + 33)
                if found:
                    self._record(*found)
                    continue
            except PeerError as error:
                self._fail(Closing(2, error.cause))
            except Closing as error:
                self._fail(error)
            if self.link.ended:
                self.state = "X"
                raise Ended("truncated")
            self.link.step()

    def flush(self) -> None:
        while self.link.out and not self.link.ended:
            self.link.step()

    def _fail(self, error: Closing) -> None:
        self.control(bytes([CLOSE, error.code]))
        self.link.close()
        self.state = "X"
        raise error

    def _record(self, flags: int, body: bytes) -> None:
        """spec, "Receiving records"."""
        name = body[1:8].decode("latin-1")
        if flags != COMMAND or body[:1] != b"\x07" or name not in ("MESSAGE", "CONTROL") or len(body) < 33:
            self.link.close()
            self.state = "X"
            raise Ended("truncated by a frame that is no record")
        if name == "CONTROL" and len(body) > CONTROL_LIMIT + 33:
            raise Closing(2, "CONTROL is too large")
        key_id, sequence, ciphertext = body[8], int.from_bytes(body[9:17], "big"), body[17:]
        if key_id == self.receiving.key_id:
            plaintext = self.receiving.open(name, sequence, ciphertext)
        elif self.next_receiving and key_id == self.next_receiving.key_id:
            plaintext = self.next_receiving.open(name, sequence, ciphertext)
            if name != "CONTROL" or plaintext != u(1, KEYCONFIRM) + u(4, self.epoch.number):
                raise Closing(2, "the first record of the new epoch is no KEYCONFIRM")
            self.receiving, self.next_receiving = self.next_receiving, None
            return
        else:
            raise Closing(2, f"key id {key_id}")
        if name == "CONTROL":
            self._control(plaintext)
        else:
            self._stream(plaintext)

    def _stream(self, plaintext: bytes) -> None:
        self.decoder.feed(plaintext)
        while True:
            found = self.decoder.next(MAX_MESSAGE)
            if not found:
                return
            flags, body = found
            if flags & COMMAND:
                self._command(*parse_command(body))
                continue
            self.parts.append(body)
            if not flags & MORE:
                self.messages.append(self.parts)
                self.parts = []

    def _command(self, name: str, data: bytes) -> None:
        if name == "READY" or name in NAMES:
            raise Closing(2, f"{name} in the stream")
        if name == "PING" and self.state == "O":  # RFC 37: ttl in 2 octets, then the context to give back
            self.stream(frame(COMMAND, v8(b"PONG") + data[2:]))
        if name == "PONG":
            self.pongs += 1

    def _control(self, plaintext: bytes) -> None:
        kind, reader = plaintext[0], Reader(plaintext[1:])
        if kind == KEYUPDATE:
            self._update(plaintext, reader)
        elif kind == KEYUPDATEACK:
            self._ack(plaintext, reader)
        elif kind == TICKET and self.client:
            self._ticket(reader)
        elif kind == CLOSE:
            self.peer_close = reader.u(1)
            reader.end()
            if self.state == "O":
                self.control(bytes([CLOSE, 0]))
            self.link.close()
            self.state = "X"
        elif kind != PAD or any(plaintext[1:]):
            raise Closing(2, f"control type {kind} is not awaited")

    # --- Rotation (spec, "Rotation", "Crossing rotations") ----------------------------------------------------------

    def _update(self, plaintext: bytes, reader: Reader) -> None:
        reader.take(8)  # the time is not looked at
        new_key_id, public = reader.u(4), reader.v16()
        reader.end()
        tokens, then = self.bucket
        now = time.monotonic()
        tokens = min(8.0, tokens + now - then) - 1
        self.bucket = (tokens, now)
        if tokens < 0 or self.next_receiving or new_key_id != self.epoch.number + 1:
            raise Closing(2, "KEYUPDATE is not awaited")
        if len(public) != KEMS[self.done.suite.kem][2]:
            raise Closing(2, "kem_public of another length")
        if self.state == "K1":
            return
        if self.own_update:
            self.crossings += 1
            if self.client:
                if self.ignored_update:
                    raise Closing(2, "a second KEYUPDATE")
                self.ignored_update = True
                return
            self.own_update = None
        try:
            ciphertext, kem_secret = encapsulate(self.done.suite.kem, public)
        except PeerError as error:
            raise Closing(2, error.cause) from None
        ack = u(1, KEYUPDATEACK) + u(4, new_key_id) + v16(ciphertext)
        self.control(ack)
        self.epoch = self.epoch.next(plaintext, ack, kem_secret)
        self.sending, self.next_receiving = self._sending(self.epoch), self._receiving(self.epoch)

    def _ack(self, plaintext: bytes, reader: Reader) -> None:
        new_key_id, ciphertext = reader.u(4), reader.v16()
        reader.end()
        if not self.own_update or new_key_id != self.epoch.number + 1:
            raise Closing(2, "KEYUPDATEACK is not awaited")
        key, update = self.own_update
        self.own_update, self.ignored_update = None, False
        self.epoch = self.epoch.next(update, plaintext, key.decapsulate(ciphertext))
        self.sending, self.receiving = self._sending(self.epoch), self._receiving(self.epoch)
        if self.state == "O":
            self.control(u(1, KEYCONFIRM) + u(4, new_key_id))

    # --- Tickets (spec, "TICKET", "Resumption") ---------------------------------------------------------------------

    def _ticket(self, reader: Reader) -> None:
        lifetime, _early_limit, nonce, octets = reader.u(4), reader.u(4), reader.take(16), reader.v16()
        reader.end()
        self.ticket_count += 1
        if not 1 <= lifetime <= 86400 or not 1 <= len(octets) <= 4069 or self.ticket_count > 4 or self.next_receiving:
            raise Closing(2, "a ticket out of range, or too many")
        psk = derive(self.done.suite, self.epoch.resumption, "ticket", nonce)
        self.tickets.append(Ticket(octets, psk, self.done.suite, time.time() + lifetime, self.done.chain))
