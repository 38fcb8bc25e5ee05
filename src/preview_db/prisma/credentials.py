"""From an answer that holds a secret to a credential that may be handed out, or an error: the last check before a job gets a database."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from ..errors import Mismatch
from ..hosts import same_domain
from .models import ConnectionString, ConnectionWire, Credential, EndpointWire, bare


def credential(name: str, connection: ConnectionWire, *, database_id: str, api_host: str) -> Credential:
    """The credential in ``connection``, an answer that created it.

    Args:
        name: what the user calls it.
        database_id: the database it has to be of.
        api_host: the host that answered; the database's has to be of the same domain.

    Raises:
        Mismatch: it is another database's, another host's, or holds no usable string. Nothing is made up for what is missing.
    """
    if connection.database is not None and bare(connection.database.id) != bare(database_id):
        raise _refuse(f"a connection of the database {connection.database.id} instead of {database_id}")
    direct = _string(connection.endpoints.direct, api_host)
    pooled = _string(connection.endpoints.pooled, api_host)
    if direct is None and pooled is None:
        raise _refuse("a connection without a connection string")
    return Credential(
        name=name,
        connectionId=connection.id,
        databaseId=database_id,
        createdAt=connection.created_at,
        direct=direct,
        pooled=pooled,
    )


def has_string(connection: ConnectionWire) -> bool:
    """Whether the answer shows a PostgreSQL connection's secret; create-database answers may leave it out."""
    ends = (connection.endpoints.direct, connection.endpoints.pooled)
    return connection.kind == "postgres" and any(end is not None and end.connection_string is not None for end in ends)


def _string(endpoint: EndpointWire | None, api_host: str) -> ConnectionString | None:
    if endpoint is None or endpoint.connection_string is None:
        return None
    text = endpoint.connection_string.get_secret_value()
    try:
        parts = urlsplit(text)
        port = parts.port or 5432
    except ValueError:
        raise _refuse("a connection string that can't be read") from None
    if parts.scheme not in ("postgres", "postgresql") or not text.isprintable() or " " in text:
        raise _refuse("a connection string that is not PostgreSQL's")
    if not (parts.username and parts.password and parts.hostname and parts.path.removeprefix("/")):
        raise _refuse("a connection string without user, password, host or database")
    if (parts.hostname, port) != (endpoint.host.lower(), endpoint.port) or not same_domain(parts.hostname, api_host):
        raise _refuse("a connection string that points at another host")
    return ConnectionString(url=SecretStr(text))


def _refuse(what: str) -> Mismatch:
    return Mismatch(
        f"The Management API answered with {what}.",
        cause="The answer is not about what was asked, or this version of preview-db does not know its form.",
        remedy="Nothing was handed out. Run the job again; if it stays, look for a newer version of preview-db.",
    )
