"""How the text of an input is read, and what each takes: durations, branches, tokens, lists of connections."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from ..hosts import trusted_url
from . import access, identity
from .model import Endpoint
from .repositories import Selection, Shard

LONGEST_RUN = timedelta(hours=6)
"""The longest that ``timeout`` takes, since it is the longest a hosted job may run."""

_DURATION = re.compile(r"(?P<count>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>s|m|h|d)?", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", None: "seconds"}
_CONNECTION_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_COMPUTE_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,255}", re.ASCII)
_RESERVED_VARIABLE = re.compile(r"(?:GITHUB|RUNNER|ACTIONS|INPUT)_|(?:CI|PATH|HOME|NODE_OPTIONS)\Z", re.ASCII | re.IGNORECASE)


def duration(value: str) -> timedelta:
    """``30``, ``90s``, ``15m``, ``6h`` or ``2d`` as a timedelta; a bare number is seconds."""
    parts = _DURATION.fullmatch(value.strip())
    if parts is None:
        raise ValueError("takes a duration like 90s, 15m, 6h or 2d")
    return timedelta(**{_UNITS[parts["unit"]]: float(parts["count"])})


def idle(value: str) -> timedelta | None:
    """As :func:`duration`, an hour and more, or none for ``never``."""
    try:
        longest = None if value == "never" else duration(value)
    except ValueError as error:
        raise ValueError("takes never, or a duration like 14d") from error
    if longest is not None and longest < timedelta(hours=1):
        raise ValueError("takes never, or at least 1h")
    return longest


def time_limit(value: timedelta) -> timedelta:
    """``value`` if a run may take so long."""
    if not timedelta(seconds=1) <= value <= LONGEST_RUN:
        raise ValueError("takes from 1s to 6h")
    return value


def boolean(value: str) -> bool:
    """YAML 1.2's core schema, which is what GitHub's own toolkit accepts."""
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    raise ValueError("takes true or false")


def region(value: str) -> str:
    """``inherit``, or a region as Prisma names them."""
    if not re.fullmatch(r"[a-z]{2,12}(?:-[a-z]+-[0-9]+)?", value):
        raise ValueError("takes inherit or a region such as eu-central-1")
    return value


def source(value: str) -> str:
    """``empty``, a database's id or name, or ``<id or name>/<backup id>``."""
    if not re.fullmatch(r"[^\s/](?:[^/]{0,253}[^\s/])?(?:/[A-Za-z0-9_.:-]{1,128})?", value) or not value.isprintable():
        raise ValueError("takes empty, a database's id or name, or <id or name>/<backup id>")
    return value


def database_id(value: str) -> str:
    """An id as the service gives them."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError("takes the database_id that an earlier step or job put out, such as db_abc123")
    return value


def key(value: str) -> str:
    """What tells a pull request's previews apart; empty where it has one only."""
    if value and not identity.KEY.fullmatch(value):
        raise ValueError(f"takes a-z, 0-9 and single '-' between them, at most {identity.MAX_KEY_LENGTH} characters")
    return value


def branch(value: str) -> str:
    """A branch's name, without ``refs/heads/``. What ``git check-ref-format`` forbids is refused, as far as it could mislead."""
    value = value.removeprefix("refs/heads/")
    if not value or re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|\A[-/]|[/.]\Z|\.lock\Z", value):
        raise ValueError("takes a branch's name as git has it, such as feat/checkout")
    return value


def printable(value: str) -> str:
    """``value`` if nothing in it moves a cursor or breaks a line."""
    if not value.isprintable():
        raise ValueError("takes printable characters only")
    return value


def account_id(value: str) -> str:
    """An account's id at Cloudflare."""
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise ValueError("takes the 32 hexadecimal digits that Cloudflare's dashboard shows in its address")
    return value


def token(value: SecretStr) -> SecretStr:
    """``value`` if a header can carry it."""
    access.sendable(value.get_secret_value())
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
TimeLimit = Annotated[Duration, AfterValidator(time_limit)]
Idle = Annotated[timedelta | None, BeforeValidator(idle)]
Boolean = Annotated[bool, BeforeValidator(boolean)]
Region = Annotated[str, AfterValidator(region)]
Source = Annotated[str, AfterValidator(source)]
DatabaseId = Annotated[str, AfterValidator(database_id)]
Key = Annotated[str, AfterValidator(key)]
Branch = Annotated[str, Field(max_length=255), AfterValidator(branch)]
Name = Annotated[str, Field(max_length=256), AfterValidator(printable)]
DatabaseName = Annotated[str, Field(max_length=255), AfterValidator(printable)]
Label = Annotated[str, Field(max_length=100), AfterValidator(printable)]
Path = Annotated[str, Field(max_length=1024), AfterValidator(printable)]
"""In the workspace."""
AccountId = Annotated[str, AfterValidator(account_id)]
Token = Annotated[SecretStr, AfterValidator(token)]
Address = Annotated[str, AfterValidator(trusted_url)]
"""That a token may be sent to."""
Count = Annotated[int, Field(ge=0, le=10_000)]


class RequestedConnection(BaseModel):
    """One line of ``connections``: a name and, where it should be exported, the variable."""

    model_config = ConfigDict(frozen=True)

    name: str
    variable: str | None = None


class RequestedVariable(BaseModel):
    """One of ``compute_env``: the name, and which connection string it should hold where that is said."""

    model_config = ConfigDict(frozen=True)

    name: str
    endpoint: Endpoint | None = None


def variable_list(value: str) -> tuple[RequestedVariable, ...]:
    """``NAME`` or ``NAME=direct``, with commas or line breaks between them."""
    requested: list[RequestedVariable] = []
    for part in filter(None, (part.strip() for part in re.split(r"[,\n]", value))):
        name, equals, endpoint = (word.strip() for word in part.partition("="))
        if not _COMPUTE_VARIABLE.fullmatch(name):
            raise ValueError("takes names of Compute's variables: A-Z, 0-9 and '_', at most 256 characters, with commas between them")
        if equals and endpoint not in tuple(Endpoint):
            raise ValueError("takes after '=' the endpoint, direct or pooled")
        requested.append(RequestedVariable(name=name, endpoint=Endpoint(endpoint) if equals else None))
    if len({variable.name for variable in requested}) < len(requested):
        raise ValueError("names the same variable twice")
    if len(requested) > 20:
        raise ValueError("takes at most 20 variables")
    return tuple(requested)


def connection_lines(value: str) -> tuple[RequestedConnection, ...]:
    """``name`` or ``name=ENV_VAR``, one a line; empty lines and lines that begin with ``#`` don't count."""
    requested: list[RequestedConnection] = []
    for line in (line.strip() for line in value.splitlines()):
        if not line or line.startswith("#"):
            continue
        name, equals, variable = (part.strip() for part in line.partition("="))
        if not _CONNECTION_NAME.fullmatch(name):
            raise ValueError("takes names of a-z, 0-9 and '-', at most 32 characters, one a line, each with =VARIABLE to export it")
        if equals and not _VARIABLE.fullmatch(variable):
            raise ValueError("takes after '=' the name of an environment variable, such as app=DATABASE_URL")
        if equals and _RESERVED_VARIABLE.match(variable):
            raise ValueError("can't export to a variable that belongs to the runner")
        requested.append(RequestedConnection(name=name, variable=variable or None))
    if not requested:
        raise ValueError("takes at least one name")
    if len({connection.name for connection in requested}) < len(requested):
        raise ValueError("names the same connection twice")
    if len(requested) > 20:
        raise ValueError("takes at most 20 connections")
    return tuple(requested)


Connections = Annotated[tuple[RequestedConnection, ...], BeforeValidator(connection_lines)]
Variables = Annotated[tuple[RequestedVariable, ...], BeforeValidator(variable_list)]
Repositories = Annotated[Selection, BeforeValidator(Selection.parse)]
ThisShard = Annotated[Shard, BeforeValidator(Shard.parse)]
