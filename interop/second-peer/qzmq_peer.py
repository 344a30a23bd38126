"""A QZMQ peer in Python, written from spec/ alone: `python3 qzmq_peer.py CONFIG.json`.

The configuration says who the peer is and which steps it takes; each step prints one JSON object a line. README.md
lists both. Files: codec.py (octets), schedule.py (suites, keys), identities.py (trust), link.py (TCP, greeting),
handshake.py, records.py (records, rotation, tickets, closing), faults.py (what no honest peer sends),
primitives.py (what Python lacks, from Node).
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import time

import faults
from codec import COMMAND, PeerError, frame, u, v8
from handshake import Config, client_handshake, server_handshake
from identities import Trust, read_certificates, read_pins, read_private_key
from link import CLIENT, SERVER, Ended, Link, RemoteError
from records import Closing, Connection
from schedule import Suite, export


def report(event: str, **fields) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def load(options: dict) -> Config:
    trust = Trust(mode=options.get("mode", "hybrid"))
    if "pins" in options:
        trust.pins = read_pins(options["pins"])
    for data in read_certificates(options["authorities"]) if "authorities" in options else []:
        trust.add_authority(data)
    role = {"client": CLIENT, "server": SERVER}[options["role"]]
    return Config(
        role=role,
        trust=trust,
        suites=[Suite(bytes.fromhex(octets)) for octets in options.get("suites", ["04020101"])],
        socket_type=options.get("socketType", "DEALER"),
        key=read_private_key(options["key"], options.get("passphrase")) if "key" in options else None,
        chain=read_certificates(options["chain"]) if "chain" in options else [],
        server_name=options.get("serverName"),
        host=options.get("host", "127.0.0.1"),
        client_auth=options.get("clientAuth", 0),
        client_algorithms=options.get("clientAlgorithms", [2, 3, 4]),
        identity=bytes.fromhex(options["identity"]) if "identity" in options else None,
        record_limit=options.get("recordLimit"),
        spoil=options.get("spoil", []),
        extensions={int(kind): bytes.fromhex(data) for kind, data in options.get("extensions", {}).items()},
    )


class Driver:
    def __init__(self, options: dict) -> None:
        self.options, self.config = options, load(options)
        self.listener: socket.socket | None = None
        self.link: Link | None = None
        self.connection: Connection | None = None
        self.tickets = []
        self.delimited = self.config.socket_type in ("REQ", "REP")
        self.seconds = options.get("seconds", 30)
        if options.get("listen"):
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.listener.settimeout(self.seconds)
            report("listening", port=self.listener.getsockname()[1])

    def run(self) -> None:
        for step in self.options["steps"]:
            action = getattr(self, "do_" + step["do"])
            try:
                action(**{name: value for name, value in step.items() if name != "do"})
            except Closing as error:
                report("closed", by="self", code=error.code, cause=error.cause)
            except Ended as error:
                code = self.connection.peer_close if self.connection else None
                report("ended", cause=str(error), peerClose=code)

    # --- Connections -----------------------------------------------------------------------------------------------

    def _socket(self) -> socket.socket:
        if self.listener:
            return self.listener.accept()[0]
        until = time.monotonic() + self.seconds
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.options["port"]), timeout=self.seconds)
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def do_open(self, ticket: bool = False, keep: bool = False) -> None:
        """Opens a connection, or accepts one, and does the handshake; `keep` leaves the ticket to be used again."""
        link = self.link = Link(self._socket(), self.seconds)
        self.connection = None
        offered = self.tickets[0] if ticket else None
        if offered and not keep:
            self.tickets.pop(0)
        try:
            if self.config.role == CLIENT:
                done = client_handshake(link, self.config, offered)
            else:
                done = server_handshake(link, self.config)
        except RemoteError as error:
            link.close()
            return report("refused", by="peer", reason=error.reason)
        except PeerError as error:
            if getattr(error, "silent", False):
                link.close()
            else:
                link.refuse(error.reason)
            return report("refused", by="self", reason=error.reason, cause=error.cause)
        self.connection = Connection(link, self.config, done)
        self.connection.cut = min(self.options.get("cut", 1 << 30), done.peer_record_limit)
        report(
            "established",
            suite=done.suite.octets.hex(),
            peer=done.peer.identity if done.peer else None,
            resumed=done.resumed,
            retried=done.retried,
            socketType=done.metadata["socket-type"].decode(),
            routingId=done.metadata.get("identity", b"").hex(),
        )

    def do_close(self, code: int = 0) -> None:
        """Closes in order: CLOSE, then reads until the peer's (spec, "Closing")."""
        connection = self.connection
        connection.start_close(code)
        connection.pump(lambda: connection.state == "X")
        report("closed", by="self", code=connection.peer_close, left=len(connection.messages))

    def do_awaitClose(self) -> None:
        connection = self.connection
        connection.pump(lambda: connection.state == "X")
        report("closed", by="peer", code=connection.peer_close)

    def do_abort(self) -> None:
        """Ends the transport without CLOSE."""
        self.connection.flush()
        self.link.close()
        report("aborted")

    # --- Messages ----------------------------------------------------------------------------------------------------

    def _message(self, index: int, sizes: list[int], frames: int) -> list[bytes]:
        parts = [os.urandom(sizes[(index + at) % len(sizes)]) for at in range(frames)]
        return [b"", *parts] if self.delimited else parts

    def do_send(self, count: int = 1, sizes: list[int] = (32,), frames: int = 1) -> None:
        self.do_exchange(count, 0, sizes, frames)

    def do_receive(self, count: int = 1) -> None:
        self.do_exchange(0, count)

    def do_exchange(self, send: int, receive: int, sizes: list[int] = (32,), frames: int = 1) -> None:
        """Sends and receives so many messages at once; reports a hash of each direction."""
        connection, sent, got = self.connection, hashlib.sha256(), hashlib.sha256()
        for index in range(send):
            parts = self._message(index, sizes, frames)
            connection.send(parts)
            add(sent, parts)
            if len(connection.link.out) > 1 << 20:
                connection.pump(lambda: len(connection.link.out) < 1 << 18)
        connection.pump(lambda: len(connection.messages) >= receive and not connection.link.out)
        for _ in range(receive):
            add(got, connection.messages.popleft())
        report("exchanged", sent=sent.hexdigest(), received=got.hexdigest(), epoch=connection.epoch.number)

    def do_echo(self, count: int) -> None:
        connection = self.connection
        for _ in range(count):
            connection.pump(lambda: connection.messages)
            connection.send(connection.messages.popleft())
        connection.flush()
        report("echoed", epoch=connection.epoch.number)

    def do_ping(self) -> None:
        connection = self.connection
        connection.stream(frame(COMMAND, v8(b"PING") + u(2, 10) + b"context"))
        connection.pump(lambda: connection.pongs)
        report("pong")

    # --- Rotation, tickets, exporter -----------------------------------------------------------------------------------

    def do_rotate(self) -> None:
        """Starts a rotation and waits for its end."""
        connection, epoch = self.connection, self.connection.epoch.number
        connection.start_rotation()
        connection.pump(lambda: connection.epoch.number > epoch and not connection.link.out)
        report("rotated", epoch=connection.epoch.number)

    def do_cross(self) -> None:
        """Waits until the peer's KEYUPDATE is there, unread, and starts an own rotation before reading it."""
        connection, epoch = self.connection, self.connection.epoch.number
        while b"\x07CONTROL" not in connection.link.decoder.buffer:
            connection.link.step()
        connection.start_rotation()
        connection.pump(lambda: connection.epoch.number > epoch and not connection.next_receiving)
        connection.flush()
        report("rotated", epoch=connection.epoch.number, crossings=connection.crossings)

    def do_epoch(self, at: int) -> None:
        """Waits for an epoch, its KEYCONFIRM included, whoever starts it."""
        connection = self.connection
        connection.pump(lambda: connection.epoch.number >= at and not connection.next_receiving)
        connection.flush()
        report("rotated", epoch=connection.epoch.number)

    def do_ticket(self, count: int = 1) -> None:
        connection = self.connection
        connection.pump(lambda: len(connection.tickets) >= count)
        self.tickets.extend(connection.tickets)
        connection.tickets.clear()
        report("tickets", count=len(self.tickets))

    def do_export(self, label: str, context: str, length: int) -> None:
        done = self.connection.done
        report("exported", octets=export(done.suite, done.exporter, label, context.encode(), length).hex())

    # --- Faults --------------------------------------------------------------------------------------------------------

    def do_inject(self, what: str) -> None:
        """Breaks one rule of "Established" or "Rotation responder", then waits for the peer's answer."""
        faults.FAULTS[what](self.connection)
        self.do_awaitClose()


def add(hasher, parts: list[bytes]) -> None:
    """Messages are hashed as: number of frames u32, then each frame v32<>."""
    hasher.update(u(4, len(parts)) + b"".join(u(4, len(part)) + part for part in parts))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        Driver(json.load(file)).run()
