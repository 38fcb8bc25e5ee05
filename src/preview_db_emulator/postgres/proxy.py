"""The door to the real server: demands TLS as the service does, knows cold starts, and passes the bytes on.

It speaks just enough of PostgreSQL's start-up protocol (https://www.postgresql.org/docs/current/protocol-message-formats.html)
to see who wants which database; authentication is the real server's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable, Mapping

from .pool import Session

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
LONGEST_STARTUP = 10_000  # bytes, as in the server's own source
START_S = 30.0
TLS_REQUIRED = "SSL/TLS connection is required: use sslmode=require"

Admit = Callable[[str], str | None]
"""Asked with the name of the database; answers with why nobody may in there now, or None."""


class Gateway:
    """One listening socket in front of the server at ``server_port``; ``pooled`` has it work in transaction mode."""

    def __init__(self, *, server_port: int, tls: ssl.SSLContext, admit: Admit, pooled: bool) -> None:
        self._server_port = server_port
        self._pooled = pooled
        self._tls = tls
        self._admit = admit
        self._sessions: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def listen(self, listener: socket.socket) -> None:
        self._listener = await asyncio.start_server(self._accept, sock=listener)

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own rather than start_server's: those are not to be had for cancelling.
        session = asyncio.create_task(self._session(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client may go at any moment: in the middle of a message, of the handshake, of a query.
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError):
            try:
                async with asyncio.timeout(START_S):
                    startup = await self._negotiate(reader, writer)
                if startup is not None:
                    await self._relay(startup, reader, writer)
            finally:
                writer.transport.abort()

    async def _negotiate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """Return the StartupMessage of a client that may pass, or None."""
        encrypted = False
        while True:
            message = await _read_startup(reader)
            (code,) = struct.unpack_from("!I", message, 4)
            if code == GSSENC_REQUEST:
                writer.write(b"N")
            elif code == SSL_REQUEST and not encrypted:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._tls)
                encrypted = True
            elif code == CANCEL_REQUEST:
                await self._pass_on(message)
                return None
            else:
                refusal = self._refusal(message) if encrypted else TLS_REQUIRED
                if refusal is None:
                    return message
                writer.write(_error("08006" if encrypted else "28000", refusal))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return None

    def _refusal(self, message: bytes) -> str | None:
        parameters = _parameters(message)
        return self._admit(parameters.get("database") or parameters.get("user", ""))

    async def _relay(self, startup: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            server_writer.write(startup)
            if self._pooled:
                session = Session((reader, writer), (server_reader, server_writer))
                ways = session.client_to_server(), session.server_to_client()
            else:
                ways = _pump(reader, server_writer), _pump(server_reader, writer)
            directions = [asyncio.create_task(way) for way in ways]
            try:
                # Whichever end closes first ends the session: the protocol has no half-closed state.
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
            with contextlib.suppress(OSError, ssl.SSLError):
                writer.close()
                await asyncio.wait_for(writer.wait_closed(), 1)
        finally:
            server_writer.close()

    async def _pass_on(self, message: bytes) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        writer.write(message)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _read_startup(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    (length,) = struct.unpack("!I", head)
    if not 8 <= length <= LONGEST_STARTUP:
        raise ConnectionError("not PostgreSQL's protocol")
    return head + await reader.readexactly(length - 4)


def _parameters(message: bytes) -> Mapping[str, str]:
    fields = [field.decode(errors="replace") for field in message[8:].split(b"\0")]
    return dict(zip(fields[::2], fields[1::2], strict=False))


def _error(code: str, text: str) -> bytes:
    fields = "".join(f"{kind}{value}\0" for kind, value in (("S", "FATAL"), ("V", "FATAL"), ("C", code), ("M", text)))
    body = fields.encode() + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
