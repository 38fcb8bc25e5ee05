"""How the text of an input is read: durations, booleans, lists of connections."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from .model import Endpoint

_DURATION = re.compile(r"(?P<count>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>s|m|h|d)?", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", None: "seconds"}
_CONNECTION_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_COMPUTE_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,255}", re.ASCII)
_RESERVED_VARIABLE = re.compile(r"(?:GITHUB|RUNNER|ACTIONS|INPUT)_|(?:CI|PATH|HOME|NODE_OPTIONS)\Z", re.ASCII | re.IGNORECASE)


def duration(value: object) -> timedelta:
    """``30``, ``90s``, ``15m``, ``6h`` or ``2d`` as a timedelta; a bare number is seconds."""
    if isinstance(value, timedelta):
        return value
    parts = _DURATION.fullmatch(str(value).strip())
    if parts is None:
        raise ValueError("takes a duration like 90s, 15m, 6h or 2d")
    return timedelta(**{_UNITS[parts["unit"]]: float(parts["count"])})


def duration_or_never(value: object) -> timedelta | None:
    """As :func:`duration`, or none for ``never``."""
    try:
        return None if value in (None, "never") else duration(value)
    except ValueError as error:
        raise ValueError("takes never, or a duration like 14d") from error


def boolean(value: object) -> bool:
    """YAML 1.2's core schema, which is what GitHub's own toolkit accepts."""
    if isinstance(value, bool):
        return value
    if value in ("true", "True", "TRUE"):
        return True
    if value in ("false", "False", "FALSE"):
        return False
    raise ValueError("takes true or false")


Duration = Annotated[timedelta, BeforeValidator(duration)]
Boolean = Annotated[bool, BeforeValidator(boolean)]


class RequestedConnection(BaseModel):
    """One line of ``connections``: a name and, where it is to be exported, the variable."""

    model_config = ConfigDict(frozen=True)

    name: str
    variable: str | None = None


class RequestedVariable(BaseModel):
    """One of ``compute_env``: the name, and which connection string it is to hold where that is said."""

    model_config = ConfigDict(frozen=True)

    name: str
    endpoint: Endpoint | None = None


def variable_list(value: object) -> object:
    """``NAME`` or ``NAME=direct``, with commas or line breaks between them."""
    if not isinstance(value, str):
        return value
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


def connection_lines(value: object) -> object:
    """``name`` or ``name=ENV_VAR``, one a line; empty lines and lines that begin with ``#`` don't count."""
    if not isinstance(value, str):
        return value
    requested: list[RequestedConnection] = []
    for line in (line.strip() for line in value.splitlines()):
        if not line or line.startswith("#"):
            continue
        name, equals, variable = (part.strip() for part in line.partition("="))
        if not _CONNECTION_NAME.fullmatch(name):
            raise ValueError(
                "takes names of a-z, 0-9 and '-', at most 32 characters, one a line, each with =VARIABLE if it is to be exported"
            )
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
