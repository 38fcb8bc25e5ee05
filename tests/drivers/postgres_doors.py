"""Other ways to the emulator than its own: by an address that is not this machine's to a client, with TLS; and a server that is none."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ELSEWHERE = "0.0.0.0"
"""An address that is no loopback address by its form, and leads to this machine all the same."""

_SSL_REQUEST = struct.pack("!II", 8, 80877103)


@dataclass(frozen=True)
class Authority:
    """A private certificate authority; `file` holds its certificate."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.file.write_bytes(self._sign(self.key, self.name, None).public_bytes(serialization.Encoding.PEM))

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def name(self) -> str:
        return f"authority of {self.folder.name}"

    def server(self, host: str = ELSEWHERE) -> ssl.SSLContext:
        """A server's context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        path = self.folder / f"{host}.pem"
        path.write_bytes(
            self._sign(key, host, host).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _sign(self, key: ec.EllipticCurvePrivateKey, name: str, host: str | None) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            address = x509.IPAddress(ipaddress.ip_address(host))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


@contextlib.contextmanager
def listening(handle: Callable[[socket.socket], None], host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Hands each connection to `handle`, in a thread of its own; yields the port."""
    with socket.create_server((host, port)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

        def serve_one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError, struct.error), connection:
                handle(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def https_door(port: int, tls: ssl.SSLContext) -> Iterator[int]:
    """The HTTP server at `port` of this machine, by TLS at `ELSEWHERE`."""

    def handle(client: socket.socket) -> None:
        with tls.wrap_socket(client, server_side=True) as inside, socket.create_connection(("127.0.0.1", port)) as server:
            relay(inside, server)

    with listening(handle, ELSEWHERE) as door:
        yield door


@contextlib.contextmanager
def postgres_door(port: int, tls: ssl.SSLContext) -> Iterator[int]:
    """The emulator's PostgreSQL at `port` of this machine, with another certificate at `ELSEWHERE`."""

    def handle(client: socket.socket) -> None:
        with encrypted(client, tls) as inside, encrypted_to(port) as server:
            relay(inside, server)

    with listening(handle, ELSEWHERE) as door:
        yield door


def encrypted(client: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
    """The connection of a PostgreSQL client once it has asked for TLS."""
    assert client.recv(8) == _SSL_REQUEST
    client.sendall(b"S")
    return tls.wrap_socket(client, server_side=True)


@contextlib.contextmanager
def encrypted_to(port: int) -> Iterator[ssl.SSLSocket]:
    """A connection to the emulator's PostgreSQL at `port`, as a client's that asks for TLS and believes any certificate."""
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(_SSL_REQUEST)
        plain.recv(1)
        with unverified.wrap_socket(plain) as server:
            yield server


@contextlib.contextmanager
def thief(tls: ssl.SSLContext) -> Iterator[tuple[int, list[bytes]]]:
    """A PostgreSQL server that asks for the password in the clear; yields its port and what it was told."""
    told: list[bytes] = []

    def handle(client: socket.socket) -> None:
        with encrypted(client, tls) as inside:
            inside.recv(10_000)
            inside.sendall(b"R" + struct.pack("!II", 8, 3))  # AuthenticationCleartextPassword
            if answer := inside.recv(10_000):
                told.append(answer)

    with listening(handle) as port:
        yield port, told


Passes = Callable[[socket.socket], bool]
"""Whether what has come from an end is passed on. If not, no more is."""


def relay(one: socket.socket, other: socket.socket, passes: Passes = lambda _: True) -> None:
    """Passes everything on until either end closes. In a single thread: two must not use a TLS connection at once."""
    beyond = {one: other, other: one}
    while ready := [end for end in beyond if isinstance(end, ssl.SSLSocket) and end.pending()] or select.select(beyond, (), (), 60)[0]:
        for source in ready:
            source.setblocking(False)  # what came may be TLS's own
            try:
                data = source.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue
            finally:
                source.setblocking(True)
            if not data or not passes(source):
                return
            beyond[source].sendall(data)
