"""The envelope of the Management API's answers, and the pages of its lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..store import Model, Table
from .models import invalid

M = TypeVar("M", bound=Model)
PAGE = 100


def data(data: Any, *, status: int = 200, **beside: Any) -> Response:
    return JSONResponse({"data": data, **beside}, status)


def paging(request: Request) -> tuple[int, int | None]:
    """Return how many, and beyond which serial number. Raises Refusal 422."""
    limit = request.query_params.get("limit", str(PAGE))
    if not limit.isascii() or not limit.isdigit() or int(limit[:9]) < 1:
        raise invalid("limit: expected a positive integer")
    cursor = request.query_params.get("cursor")
    if not cursor:
        return int(limit[:9]), None
    try:
        return int(limit[:9]), int(base64.urlsafe_b64decode(cursor).decode().removeprefix("from:"))
    except (binascii.Error, ValueError) as error:
        raise invalid("cursor: invalid") from error


def page(
    request: Request,
    table: Table[M],
    wanted: Callable[[M], bool],
    serialize: Callable[[M], dict[str, Any]],
    *,
    oldest_first: bool = False,
) -> Response:
    """One page, newest first unless told otherwise. The cursor is a serial number, so what comes or goes meanwhile moves nothing."""
    limit, last_seen = paging(request)
    found: list[M] = []
    cursor, last = None, None
    for serial, item in table.oldest_first(last_seen) if oldest_first else table.newest_first(last_seen):
        if not wanted(item):
            continue
        if len(found) == limit:
            cursor = base64.urlsafe_b64encode(f"from:{last}".encode()).decode()
            break
        found.append(item)
        last = serial
    pagination = {"nextCursor": cursor, "hasMore": cursor is not None}
    return data([serialize(item) for item in found], pagination=pagination)
