"""A connection string and its parts, and the credential they belong to."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from ..hosts import is_loopback
from .model import Endpoint


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectionString:
    """One way in, with its secret. ``url`` is the whole string; what a program may want apart is taken from it."""

    url: SecretStr

    @property
    def _parts(self) -> tuple[str, str, str, int, str]:
        parts = urlsplit(self.url.get_secret_value())
        return (
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            parts.hostname or "",
            parts.port or 5432,
            unquote(parts.path.removeprefix("/")),
        )

    @property
    def sslmode(self) -> str:
        """As in the string. If that says nothing, TLS is asked for, but on this machine (libpq's own default would do without)."""
        said = dict(parse_qsl(urlsplit(self.url.get_secret_value()).query))
        return said.get("sslmode", "prefer" if is_loopback(self.host) else "require")

    @property
    def user(self) -> str:
        return self._parts[0]

    @property
    def password(self) -> SecretStr:
        return SecretStr(self._parts[1])

    @property
    def host(self) -> str:
        return self._parts[2]

    @property
    def port(self) -> int:
        return self._parts[3]

    @property
    def database(self) -> str:
        return self._parts[4]


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """A connection somebody can log in with.

    Attributes:
        name: what the user calls it, a line of ``connections``.
    """

    name: str
    connection_id: str
    database_id: str
    created_at: datetime
    direct: ConnectionString | None
    pooled: ConnectionString | None


def string_of(credential: Credential, endpoint: Endpoint) -> ConnectionString:
    """The string for ``endpoint``. A server that offers only the other one is a :class:`LookupError`, not a substitute."""
    string = credential.direct if endpoint is Endpoint.DIRECT else credential.pooled
    if string is None:
        raise LookupError(endpoint)
    return string
