"""The test connection that Hyperdrive makes before it stores an origin, with the codes it documents for what may go wrong."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import psycopg

from .models import Origin, Rejected

UNRESOLVED, NOT_PUBLIC, NO_ROUTE, REFUSED, NO_TLS, WRONG_PASSWORD, NO_DATABASE, FAILED, QUERY_FAILED = range(2008, 2017)
NAME_TAKEN = 2017

FIRST_CONNECTION_S = 15

MESSAGES = {
    UNRESOLVED: "The origin database's hostname could not be resolved",
    NOT_PUBLIC: "The origin database's hostname does not resolve to a public address",
    NO_ROUTE: "No route to the origin database's host and port",
    REFUSED: "The connection was refused by the origin database",
    NO_TLS: "The origin database does not support TLS, which Hyperdrive requires",
    WRONG_PASSWORD: "Invalid database credentials",
    NO_DATABASE: "The database name does not exist",
    FAILED: "Failed to connect to the origin database: Host Unreachable",
    QUERY_FAILED: "The test query failed",
}

_WORDS = {
    "does not support SSL": NO_TLS,
    "password authentication failed": WRONG_PASSWORD,
    "no password supplied": WRONG_PASSWORD,
    'role "': WRONG_PASSWORD,
    'database "': NO_DATABASE,
    "Connection refused": REFUSED,
    "No route to host": NO_ROUTE,
    "Network is unreachable": NO_ROUTE,
}
"""What libpq and the server say, in the order in which it counts."""


def refused(code: int) -> Rejected:
    return Rejected(400, code, MESSAGES[code])


async def check(origin: Origin, *, own_host: str) -> None:
    """Log in and send an empty query. Raises Rejected.

    own_host: of the databases that are played here; it counts as a public address.
    """
    addresses = await _addresses(origin.host)
    if not any(address == own_host or ipaddress.ip_address(address).is_global for address in addresses):
        raise refused(NOT_PUBLIC)
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=origin.host,
            port=origin.port,
            user=origin.user,
            password=origin.password,
            dbname=origin.database,
            sslmode="require",
            connect_timeout=FIRST_CONNECTION_S,
            autocommit=True,
        )
    except psycopg.Error as error:
        raise refused(next((code for words, code in _WORDS.items() if words in str(error)), FAILED)) from error
    try:
        await connection.execute("")
    except psycopg.Error as error:
        raise refused(QUERY_FAILED) from error
    finally:
        await connection.close()


async def _addresses(host: str) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise refused(UNRESOLVED) from error
    return [str(address[0]) for *_, address in found]
