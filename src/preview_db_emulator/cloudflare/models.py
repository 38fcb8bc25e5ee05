"""A Hyperdrive configuration as it is kept, and the way Cloudflare says no."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

FREE_LIMIT = 10
PAID_LIMIT = 25

UNPUBLISHED = 1000
"""Stands for every code that Cloudflare does not document; a client can go by the status and the message only."""


class Rejected(Exception):
    """Cloudflare says no: an HTTP status, its own code and a message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def invalid(message: str) -> Rejected:
    return Rejected(400, UNPUBLISHED, message)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a configuration logs in. The password is never shown."""

    scheme: str
    host: str
    port: int
    database: str
    user: str
    password: str

    @property
    def connection_string(self) -> str:
        user, password = (quote(part, safe="") for part in (self.user, self.password))
        return f"{self.scheme}://{user}:{password}@{self.host}:{self.port}/{quote(self.database, safe='')}?sslmode=require"

    def shown(self) -> Json:
        return {name: value for name, value in asdict(self).items() if name != "password"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """One configuration. ``origin`` is an :class:`Origin` as a dictionary, for the archive's sake; times are as they are shown."""

    id: str
    name: str
    origin: Json
    caching: Json
    created_on: str
    modified_on: str
    mtls: Json | None = None
    origin_connection_limit: int = 60

    @property
    def key(self) -> str:
        return self.id

    def shown(self) -> Json:
        """As every answer has it."""
        shown = {**asdict(self), "origin": Origin(**self.origin).shown()}
        if self.mtls is None:
            del shown["mtls"]
        return shown


def new_id() -> str:
    """32 hexadecimal digits, as configurations and accounts have them."""
    return secrets.token_hex(16)
