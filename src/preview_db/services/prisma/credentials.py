"""From an answer that holds a secret to a credential that may be handed out, or an error: the last check before a job gets a database."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from pydantic import SecretStr

from ...errors import Mismatch
from ...hosts import HOST, is_loopback, same_domain
from ...planning.credential import ConnectionString, Credential
from .models import ConnectionWire, EndpointWire, bare

# libpq takes the first '@' for the end of the password and Python the last, and several hosts stand between commas: only a string that
# every program reads the same is believed.
_PART = r"(?:[!\"$&-.0-9;<=>A-Z^_`a-z{|}~]|%[0-9A-Fa-f]{2})+"
_STRING = re.compile(
    rf"postgres(?:ql)?://(?P<user>{_PART}):(?P<password>{_PART})@(?P<host>{HOST})(?::(?P<port>[0-9]{{1,5}}))?/(?P<database>{_PART})"
    r"(?:\?(?P<query>(?:[A-Za-z0-9_.-]+=[A-Za-z0-9_.,:/~+%-]*(?:&|\Z))+))?",
    re.ASCII,
)
_POINTS_ELSEWHERE = frozenset(
    {
        "host", "hostaddr", "port", "user", "username", "password", "dbname", "database", "db", "socket", "service", "servicefile",
        "passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "sslidentity", "replication",
    }
)  # fmt: skip
"""Parameters by which a driver goes to another host, as another user or by files of the machine, whatever the rest of the string says."""

_IN_THE_CLEAR = frozenset({("sslmode", "disable"), ("sslmode", "allow"), ("sslmode", "prefer"), ("ssl", "false"), ("ssl", "0")})


def credential(name: str, connection: ConnectionWire, *, database_id: str, api_host: str) -> Credential:
    """The credential in ``connection``, an answer that created it.

    Args:
        name: what the user calls it.
        database_id: the database it has to be of.
        api_host: the host that answered; the database's has to be of the same domain.

    Raises:
        Mismatch: it is another database's, another host's, or holds no usable string. Nothing is made up for what is missing.
    """
    if connection.database is None or bare(connection.database.id) != bare(database_id):
        found = connection.database.id if connection.database else "it does not name"
        raise _refuse(f"a connection of the database {found} instead of {database_id}")
    direct = _string(connection.endpoints.direct, api_host)
    pooled = _string(connection.endpoints.pooled, api_host)
    if direct is None and pooled is None:
        raise _refuse("a connection without a connection string")
    return Credential(
        name=name,
        connection_id=connection.id,
        database_id=database_id,
        created_at=connection.created_at,
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
    parts = _STRING.fullmatch(text)
    if parts is None:
        raise _refuse("a connection string of another form than postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    try:
        if any("\0" in unquote(parts[name], errors="strict") for name in ("user", "password", "database")):
            raise _refuse("a connection string with a zero byte in it")
        query = parse_qsl(parts["query"] or "", keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise _refuse("a connection string that can't be read") from None
    host, port = parts["host"].lower().strip("[]"), int(parts["port"] or 5432)
    if (host, port) != (endpoint.host.lower().strip("[]"), endpoint.port) or not 0 < port < 65536 or not same_domain(host, api_host):
        raise _refuse("a connection string that points at another host")
    parameters = {(name.lower(), value.lower()) for name, value in query}
    if odd := sorted({name for name, _ in parameters} & _POINTS_ELSEWHERE):
        raise _refuse(f"a connection string whose parameter {odd[0]} can point elsewhere")
    if parameters & _IN_THE_CLEAR and not is_loopback(host):
        raise _refuse("a connection string that allows to log in without TLS")
    return ConnectionString(url=SecretStr(text))


def _refuse(what: str) -> Mismatch:
    return Mismatch(
        f"The Management API answered with {what}.",
        cause="The answer is not about what was asked, or this version of preview-db does not know its form.",
        remedy="Nothing was handed out. Run the job again; if it stays, look for a newer version of preview-db.",
    )
