"""The pooled end-point's sessions, in transaction mode: what a transaction leaves in its session is gone with it.

PgBouncer gives each transaction whichever server connection is free. To a client the effect is that ``SET``, temporary tables,
``LISTEN``, advisory locks, held cursors and SQL's ``PREPARE`` don't outlive their transaction, while the few parameters it tracks and
statements prepared by protocol do (https://www.pgbouncer.org/features.html). Here a client keeps its server connection, and the
connection is cleaned whenever the server says that no transaction is open.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator

TRACKED = (b"client_encoding", b"DateStyle", b"TimeZone", b"standard_conforming_strings", b"application_name")
CLEANING = (
    b"CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; RESET ROLE; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all(); "
    b"DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES"
)

# Types of messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
QUERY, SYNC, FUNCTION_CALL, TERMINATE = b"Q", b"S", b"F", b"X"
ANY_TIME = (b"p", b"d", b"c", b"f", b"H", TERMINATE)  # passwords, COPY's data and its ends, Flush
READY, COPY_IN, PARAMETER, COMPLETE, NOTIFICATION, ERROR = b"Z", b"G", b"S", b"C", b"A", b"E"
NO_TRANSACTION = b"I"


class Session:
    """Passes messages on between a client and its server connection, one transaction after the other."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._server_is_ready = asyncio.Event()
        self._asked_by = b""
        self._parameters: dict[bytes, bytes] = {}
        self._at_start: dict[bytes, bytes] | None = None
        self._prepared_by_sql = False

    async def client_to_server(self) -> None:
        async for kind, message in _messages(self._from_client):
            # What follows in a pipeline waits for the cleaning after what is before it.
            if kind not in ANY_TIME:
                await self._server_is_ready.wait()
            if kind in (QUERY, SYNC, FUNCTION_CALL):
                self._server_is_ready.clear()
                self._asked_by = kind
            self._to_server.write(message)
            await self._to_server.drain()
            if kind == TERMINATE:
                return

    async def server_to_client(self) -> None:
        async for kind, message in _messages(self._from_server):
            if kind == PARAMETER:
                self._note(message)
            elif kind == COMPLETE and message[5:] == b"PREPARE\0":
                self._prepared_by_sql = True
            elif kind == COPY_IN and self._asked_by == SYNC:
                self._server_is_ready.set()  # it ignores that Sync, and waits for the one after the data
            elif kind == READY:
                await self._ready(transaction=message[5:])
            self._to_client.write(message)
            await self._to_client.drain()
            if kind == READY:
                self._server_is_ready.set()

    async def _ready(self, *, transaction: bytes) -> None:
        if self._at_start is None:
            self._at_start = dict(self._parameters)
        elif transaction == NO_TRANSACTION:
            await self._clean()

    async def _clean(self) -> None:
        assert self._at_start is not None
        changed = {name: value for name, value in self._parameters.items() if name in TRACKED and value != self._at_start.get(name)}
        again = (b"SELECT pg_catalog.set_config(%s, %s, false)" % (_literal(name), _literal(value)) for name, value in changed.items())
        statements = [CLEANING, *again]
        if self._prepared_by_sql:
            statements.append(b"DEALLOCATE ALL")
            self._prepared_by_sql = False
        query = b"; ".join(statements) + b"\0"
        self._to_server.write(QUERY + struct.pack("!I", len(query) + 4) + query)
        await self._to_server.drain()
        async for kind, message in _messages(self._from_server):
            if kind == READY:
                return
            if kind == ERROR:
                raise ConnectionError("the session could not be cleaned")
            if kind == PARAMETER:
                self._note(message)
            if kind in (PARAMETER, NOTIFICATION):
                self._to_client.write(message)

    def _note(self, parameter: bytes) -> None:
        name, value, _ = parameter[5:].split(b"\0")
        self._parameters[name] = value


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """Whole messages with their types, until the other side hangs up."""
    while True:
        try:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
        except asyncio.IncompleteReadError:
            return
        yield head[:1], head + body


def _literal(text: bytes) -> bytes:
    return b"'" + text.replace(b"'", b"''") + b"'"
