"""The handshake, both roles (spec, "Handshake messages", "Client checks", "Server checks", "State tables")."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from codec import (
    CLIENT_AUTH, EARLY_DATA, PQ_ONLY, RECORD_LIMIT, SERVER_NAME, PeerError, Reader, check_socket_types, command,
    encode_chain, encode_extensions, encode_metadata, parse_chain, parse_client_auth, parse_extensions,
    parse_metadata, record_limit, u, v8, v16, v32,
)  # fmt: skip
from identities import CLIENT as CLIENT_USAGE
from identities import SERVER as SERVER_USAGE
from identities import Peer, PrivateKey, Trust, bare_certificate
from link import CLIENT, SERVER, Link, greeting
from primitives import PrimitiveError, verify
from schedule import SIGNATURE, Epoch, KemKey, Schedule, Suite, Transcript, check_kem_public, derive, encapsulate, equal

# spec, "Sizes of handshake frames"
FIRST_HELLO, OTHER = 8192, 65536
# spec, "Refused early data", for a server whose own early_limit is 0
DROPPED_OCTETS, DROPPED_COMMANDS = 65536, 64


@dataclass
class Ticket:
    """What a client keeps with a ticket (spec, "Resumption on the client")."""

    octets: bytes
    psk: bytes
    suite: Suite
    expires: float
    chain: list[bytes]


@dataclass
class Config:
    role: int
    trust: Trust
    suites: list[Suite]
    socket_type: str
    key: PrivateKey | None = None
    chain: list[bytes] = field(default_factory=list)
    server_name: str | None = None  # client: as the user configured it
    host: str | None = None  # client: the host part of the endpoint
    client_auth: int = 0  # server: 0 none, 1 optional, 2 required
    client_algorithms: list[int] = field(default_factory=lambda: [2, 3, 4])
    identity: bytes | None = None
    record_limit: int | None = None
    spoil: list[str] = field(default_factory=list)
    extensions: dict[int, bytes] = field(default_factory=dict)  # further ones, for tests

    def certificates(self) -> list[bytes]:
        return self.chain or ([bare_certificate(self.key)] if self.key else [])

    def metadata(self) -> bytes:
        properties = {"Socket-Type": self.socket_type.encode()}
        if self.identity is not None:
            properties["Identity"] = self.identity
        return encode_metadata(properties)

    def limit_extension(self) -> dict[int, bytes]:
        return {} if self.record_limit is None else {RECORD_LIMIT: u(4, self.record_limit)}

    def spoiled(self, what: str, data: bytes) -> bytes:
        """The octets, or with one bit flipped where a test asks for a peer that lies."""
        return bytes([data[0] ^ 1]) + data[1:] if what in self.spoil else data


@dataclass
class Established:
    suite: Suite
    epoch: Epoch
    exporter: bytes
    peer: Peer | None
    chain: list[bytes]
    metadata: dict[str, bytes]
    peer_record_limit: int
    resumed: bool
    retried: bool = False


def open_sealed(schedule: Schedule, secret: bytes, name: str, ciphertext: bytes) -> bytes:
    """spec, "Sealed parts"."""
    try:
        return schedule.sealed(secret).open(0, v8(name.encode()) + bytes(9), ciphertext)
    except PrimitiveError:
        raise PeerError("auth", f"{name} does not open") from None


def seal(schedule: Schedule, secret: bytes, name: str, plaintext: bytes) -> bytes:
    return v32(schedule.sealed(secret).seal(0, v8(name.encode()) + bytes(9), plaintext))


def ciphertext_field(reader: Reader) -> bytes:
    sealed = reader.v32()
    reader.end()
    if len(sealed) < 16:
        raise PeerError("protocol", "a sealed part without a tag")
    return sealed


def expect(got: str, *names: str) -> None:
    if got not in names:
        raise PeerError("protocol", f"{got} where {' or '.join(names)} was awaited")


def finish(suite: Suite, schedule: Schedule, transcript: Transcript, client_key_th: bytes) -> tuple[Epoch, bytes]:
    """Epoch 0 and the exporter (spec, "Key schedule"), with T_FIN in the transcript."""
    th = transcript.th(suite)
    return Epoch(suite, 0, th, schedule.master, client_key_th), derive(suite, schedule.master, "exporter", th)


# --- Client ----------------------------------------------------------------------------------------------------------


def client_handshake(link: Link, config: Config, ticket: Ticket | None) -> Established:
    server_greeting = link.exchange_greetings(CLIENT)
    extensions = {**config.limit_extension(), **config.extensions}
    if config.server_name:
        extensions[SERVER_NAME] = config.server_name.encode()
    if config.trust.mode == "pq-only":
        extensions[PQ_ONLY] = b""
    random = os.urandom(32)

    def hello(cookie: bytes) -> bytes:
        data = config.spoiled("version", u(1, 1)) + random + v8(cookie) + v16(ticket.octets if ticket else b"")
        return data + v8(b"".join(s.octets for s in config.suites)) + v16(encode_extensions(extensions))

    hello_data = hello(b"")
    link.send(command("CLIENTHELLO", hello_data))
    name, data = link.handshake_message(OTHER)
    retried = name == "RETRY"
    if retried:
        reader = Reader(data)
        cookie = reader.v8()
        reader.end()
        if not cookie:
            raise PeerError("protocol", "an empty cookie")
        hello_data = hello(config.spoiled("cookie", cookie))
        link.send(command("CLIENTHELLO", hello_data))
        name, data = link.handshake_message(OTHER)
    expect(name, "SERVERHELLO")

    reader = Reader(data)
    if reader.u(1) != 1:
        raise PeerError("version", "SERVERHELLO is of another version")
    reader.take(32)
    suite, resumed, kem_public = Suite(reader.take(4)), reader.u(1), reader.v16()
    found = parse_extensions(reader.v16(), "SERVERHELLO")
    chain = parse_chain(reader.v32())
    before_auth = reader.at
    auth = reader.v16()
    reader.end()
    if resumed > 1 or EARLY_DATA in found:
        raise PeerError("protocol", "resumed or early_data out of range")
    if (CLIENT_AUTH in found) == bool(resumed) or bool(resumed) != (not chain) or len(chain) > 4:
        raise PeerError("protocol", "client_auth or certificate does not fit resumed")
    level, algorithms = parse_client_auth(found[CLIENT_AUTH]) if CLIENT_AUTH in found else (0, [])
    if suite.octets not in [offered.octets for offered in config.suites]:
        raise PeerError("suite", "a suite that was not offered")
    if (PQ_ONLY in found or PQ_ONLY in extensions) and suite.classical_part():
        raise PeerError("protocol", "pq_only with a classical part")
    if resumed and (ticket is None or ticket.suite.octets != suite.octets):
        raise PeerError("protocol", "resumed without a ticket, or with another suite")
    check_kem_public(suite.kem, kem_public)

    transcript = Transcript(greeting(CLIENT), server_greeting)
    transcript.add(v8(b"CLIENTHELLO") + hello_data)
    transcript.add(v8(b"SERVERHELLO") + data[:before_auth])
    schedule = Schedule(suite, ticket.psk if resumed else None)
    th = transcript.th(suite)
    now = int(time.time())
    if resumed:
        chain = ticket.chain
    names = (config.server_name, config.host)
    peer_algorithms = [suite.signature]
    peer = config.trust.evaluate(chain, peer_algorithms, SERVER_USAGE, *names, now)
    if resumed:
        if not equal(auth, schedule.psk_mac("psk auth", th)):
            raise PeerError("auth", "the PSK MAC of SERVERHELLO is wrong")
    else:
        check_signature(peer, "QZMQ/1 server", th, auth)
    transcript.add(v16(auth))

    ciphertext, kem_secret = encapsulate(suite.kem, kem_public)
    transcript.add(v8(b"CLIENTKEY") + v16(ciphertext))
    schedule.handshake(kem_secret, transcript.th(suite))
    certificates, signature = [], b""
    if level and not resumed:
        if config.key and config.key.algorithm in algorithms:
            certificates = config.certificates()
        elif level == 2:
            raise PeerError("auth", "the server wants a key and there is none of its algorithms")
    plaintext = v32(config.metadata()) + u(4, 0) + v32(encode_chain(certificates))
    transcript.add(plaintext)
    if certificates:
        signature = config.key.sign("QZMQ/1 client", transcript.th(suite))
        signature = config.spoiled("clientSignature", signature)
    transcript.add(v16(signature))
    binder = schedule.psk_mac("res binder", transcript.th(suite)) if resumed else b""
    binder = config.spoiled("binder", binder) if resumed else b""
    transcript.add(v8(binder))
    verify_data = config.spoiled("verifyData", schedule.verify_data(schedule.c_hs, transcript.th(suite)))
    transcript.add(verify_data)
    plaintext += v16(signature) + v8(binder) + verify_data
    sealed = seal(schedule, schedule.c_hs, "CLIENTKEY", plaintext)
    link.send(command("CLIENTKEY", v16(config.spoiled("ciphertext", ciphertext)) + sealed))
    client_key_th = transcript.th(suite)

    name, data = link.handshake_message(OTHER)
    try:
        expect(name, "FINISHED")
        opened = Reader(open_sealed(schedule, schedule.s_hs, "FINISHED", ciphertext_field(Reader(data))))
        metadata = opened.v32()
        transcript.add(v8(b"FINISHED") + v32(metadata))
        verify_data = opened.take(suite.L)
        opened.end()
        if not equal(verify_data, schedule.verify_data(schedule.s_hs, transcript.th(suite))):
            raise PeerError("auth", "verify_data of FINISHED is wrong")
        properties = parse_metadata(metadata)
        check_socket_types(config.socket_type, properties["socket-type"])
    except PeerError as error:
        error.silent = True  # no handshake message is left for an ERROR to stand in place of (spec, "ERROR")
        raise
    transcript.add(verify_data)
    epoch, exporter = finish(suite, schedule, transcript, client_key_th)
    limit = record_limit(found)
    return Established(suite, epoch, exporter, peer, chain, properties, limit, bool(resumed), retried)


def check_signature(peer: Peer, context: str, th: bytes, signature: bytes) -> None:
    certificate = peer.certificate
    if len(signature) != SIGNATURE[certificate.algorithm] or not verify(
        certificate.algorithm, certificate.public, context, th, signature
    ):
        raise PeerError("auth", f"the signature under {context} is wrong")


# --- Server ----------------------------------------------------------------------------------------------------------


def server_handshake(link: Link, config: Config) -> Established:
    """Full handshakes without RETRY: a ticket that is offered does not resume, which is no error."""
    client_greeting = link.exchange_greetings(SERVER)
    name, hello_data = link.handshake_message(FIRST_HELLO)
    expect(name, "CLIENTHELLO")
    reader = Reader(hello_data)
    if reader.u(1) != 1:
        raise PeerError("version", "CLIENTHELLO is of another version")
    reader.take(32)
    cookie, session_id, offered = reader.v8(), reader.v16(), reader.v8()
    found = parse_extensions(reader.v16(), "CLIENTHELLO")
    reader.end()
    suites = [offered[at : at + 4] for at in range(0, len(offered), 4)]
    if cookie or len(offered) % 4 or not 1 <= len(suites) <= 16 or len(set(suites)) != len(suites):
        raise PeerError("protocol", "a cookie that nobody asked for, or suites out of range")
    if EARLY_DATA in found and not session_id:
        raise PeerError("protocol", "early_data without a ticket")
    if PQ_ONLY in found and any(s[0] in (1, 4, 5) or s[1] == 1 for s in suites):
        raise PeerError("protocol", "pq_only beside a classical part")
    own = [s for s in config.suites if s.valid(config.trust.mode) and s.signature == config.key.algorithm]
    suite = next((s for s in own if s.octets in suites), None)
    if suite is None:
        raise PeerError("suite", "no common suite")

    kem = KemKey(suite.kem)
    algorithms = config.client_algorithms if config.client_auth else []
    extensions = {CLIENT_AUTH: u(1, config.client_auth) + v8(bytes(algorithms)), **config.limit_extension(), **config.extensions}
    if config.trust.mode == "pq-only":
        extensions[PQ_ONLY] = b""
    chosen = config.spoiled("suite", suite.octets)
    data = config.spoiled("version", u(1, 1)) + os.urandom(32) + chosen + u(1, 0) + v16(kem.public)
    data += v16(encode_extensions(extensions)) + v32(encode_chain(config.certificates()))
    transcript = Transcript(client_greeting, greeting(SERVER))
    transcript.add(v8(b"CLIENTHELLO") + hello_data)
    transcript.add(v8(b"SERVERHELLO") + data)
    auth = config.spoiled("auth", config.key.sign("QZMQ/1 server", transcript.th(suite)))
    transcript.add(v16(auth))
    link.send(command("SERVERHELLO", data + v16(auth)))

    name, data = client_key(link, EARLY_DATA in found)
    reader = Reader(data)
    ciphertext = reader.v16()
    sealed = ciphertext_field(reader)
    schedule = Schedule(suite, None)
    kem_secret = kem.decapsulate(ciphertext)
    transcript.add(v8(b"CLIENTKEY") + v16(ciphertext))
    schedule.handshake(kem_secret, transcript.th(suite))
    opened = open_sealed(schedule, schedule.c_hs, "CLIENTKEY", sealed)
    reader = Reader(opened)
    metadata, early_records, certificates = reader.v32(), reader.u(4), parse_chain(reader.v32())
    transcript.add(opened[: reader.at])
    signed_th = transcript.th(suite)
    signature, binder = reader.v16(), reader.v8()
    transcript.add(v16(signature) + v8(binder))
    verify_data = reader.take(suite.L)
    reader.end()
    if binder or bool(certificates) != bool(signature) or len(certificates) > 4:
        raise PeerError("protocol", "certificates and signature do not fit")
    if certificates and config.client_auth == 0:
        raise PeerError("protocol", "certificates that nobody asked for")
    if not equal(verify_data, schedule.verify_data(schedule.c_hs, transcript.th(suite))):
        raise PeerError("auth", "verify_data of CLIENTKEY is wrong")
    transcript.add(verify_data)
    client_key_th = transcript.th(suite)
    peer = None
    if certificates:
        peer = config.trust.evaluate(certificates, algorithms, CLIENT_USAGE, None, None, int(time.time()))
        check_signature(peer, "QZMQ/1 client", signed_th, signature)
    elif config.client_auth == 2:
        raise PeerError("auth", "the client shows no certificate")
    if early_records:
        raise PeerError("protocol", "early_records without early data")
    properties = parse_metadata(metadata)
    check_socket_types(config.socket_type, properties["socket-type"])

    own_metadata = config.metadata()
    transcript.add(v8(b"FINISHED") + v32(own_metadata))
    verify_data = config.spoiled("finished", schedule.verify_data(schedule.s_hs, transcript.th(suite)))
    transcript.add(verify_data)
    link.send(command("FINISHED", seal(schedule, schedule.s_hs, "FINISHED", v32(own_metadata) + verify_data)))
    epoch, exporter = finish(suite, schedule, transcript, client_key_th)
    return Established(suite, epoch, exporter, peer, certificates, properties, record_limit(found), False)


def client_key(link: Link, early_asked: bool) -> tuple[str, bytes]:
    """The CLIENTKEY, past EARLY commands that are dropped unopened (spec, "Refused early data")."""
    octets = commands = 0
    while True:
        name, data = link.handshake_message(OTHER)
        if name != "EARLY" or not early_asked:
            expect(name, "CLIENTKEY")
            return name, data
        octets, commands = octets + len(data) + 6 - 31, commands + 1
        if octets > DROPPED_OCTETS or commands > DROPPED_COMMANDS:
            raise PeerError("protocol", "too much early data")
