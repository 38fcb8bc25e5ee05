"""Reading what the control surface is sent. Raises ValueError, with words, where it makes no sense."""

from __future__ import annotations

import datetime
from typing import Any

from starlette.requests import Request

Json = dict[str, Any]


async def read(request: Request) -> Json:
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise ValueError("expected an object")
    return body


def known(given: Json, names: set[str]) -> Json:
    if unknown := given.keys() - names:
        raise ValueError(f"unknown fields {sorted(unknown)}; there are {', '.join(sorted(names))}")
    return dict(given)


def one_of(value: Any, allowed: Any) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {', '.join(map(str, allowed))}")
    return value


def seconds(when: Any) -> float:
    """Unix seconds from Unix seconds, or from ISO 8601."""
    return float(when) if isinstance(when, int | float) else datetime.datetime.fromisoformat(when).timestamp()
