"""A connection string and its parts, and the credential they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from ..hosts import is_loopback
from .model import Endpoint


class ConnectionString(NamedTuple):
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


class Credential(NamedTuple):
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

    def has(self, endpoint: Endpoint) -> bool:
        """Whether there is a string for ``endpoint``."""
        return (self.direct if endpoint is Endpoint.DIRECT else self.pooled) is not None

    def string(self, endpoint: Endpoint) -> ConnectionString:
        """The string for ``endpoint``, which a credential that is handed out has: one that lacks it was refused, not substituted."""
        string = self.direct if endpoint is Endpoint.DIRECT else self.pooled
        assert string is not None, f"a credential is handed out only if it has its {endpoint} endpoint"
        return string

    def other(self, endpoint: Endpoint) -> ConnectionString | None:
        """The string for the endpoint that ``endpoint`` is not, if there is one."""
        return self.pooled if endpoint is Endpoint.DIRECT else self.direct
