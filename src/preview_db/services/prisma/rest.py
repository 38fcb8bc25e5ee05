"""The Management API over httpx: reads that are resent, creations that are not, pages that come to an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from ...deadline import NEVER, Deadline
from ...errors import Unreachable
from .. import http
from . import errors
from .models import Pagination
from .paths import PAGE, first_page

_Model = TypeVar("_Model", bound=BaseModel)

MAX_PAGES = 1000
"""More pages than a workspace can fill (1000 databases on a paid plan, 100 a page): a listing that goes on is not believed."""


_CLOCKS_AGREE = timedelta(seconds=5)


class Rest:
    """How the Management API is asked, and how its answers are read.

    Args:
        deadline: when nothing is asked any more.
        log: is told what is tried again.
        ahead: what was asked already.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str,
        deadline: Deadline = NEVER,
        log: Callable[[str], None] = http.silent,
        ahead: http.Ahead | None = None,
    ) -> None:
        self._client = http.client(base_url, token=token, deadline=deadline, log=log, over=ahead)
        self._told_at: tuple[datetime, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is asked any more."""
        self._client.close()

    @property
    def host(self) -> str:
        """The host that is spoken to."""
        return self._client.base_url.host

    def now(self) -> datetime:
        """The server's time: the age of what it has created is told by its own clock, since a runner's may be hours off.

        The ``Date`` of its last answer is exact to a second or two; this machine's clock is taken where it agrees with that, or where no
        answer said it.
        """
        here = datetime.now(UTC)
        if self._told_at is None:
            return here
        date, at = self._told_at
        there = date + timedelta(seconds=time.monotonic() - at)
        return here if abs(here - there) <= _CLOCKS_AGREE else there

    def _send(self, doing: str, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise errors.API.unreachable(doing, self.host, error) from None
        if not response.is_success:
            raise errors.refusal(doing, response)
        if (date := _date(response)) is not None:
            self._told_at = date, time.monotonic()
        return response

    def _get(self, doing: str, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return _json(self._send(doing, "GET", path, params=query), doing)

    def _one(self, model: type[_Model], doing: str, path: str, method: str = "GET", **request: Any) -> _Model:
        return self._read(model, doing, _data(_json(self._send(doing, method, path, **request), doing), doing))

    def _items(self, doing: str, path: str, query: Mapping[str, str] | None = None) -> list[Any]:
        """Of a list that comes in one answer."""
        return _list(self._get(doing, path, query), doing)

    def _create(
        self, model: type[_Model], doing: str, path: str, body: Mapping[str, Any], *, timeout: httpx.Timeout = http.TIMEOUT
    ) -> _Model:
        try:
            response = self._client.post(path, json=dict(body), timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, http.DeadlineExceeded) as error:
            raise errors.API.unreachable(doing, self.host, error) from None
        except httpx.HTTPError as error:
            raise _unanswered(doing, type(error).__name__) from None
        if response.status_code >= 500:
            refusal = errors.refusal(doing, response)
            raise _unanswered(doing, f"HTTP {response.status_code}") if isinstance(refusal, Unreachable) else refusal
        if not response.is_success:
            raise errors.refusal(doing, response)
        try:
            return self._read(model, doing, _data(_json(response, doing), doing))
        except Unreachable as error:
            raise _unanswered(doing, error.what) from None

    def _delete(self, doing: str, path: str, *, timeout: httpx.Timeout = http.TIMEOUT) -> bool:
        try:
            self._send(doing, "DELETE", path, timeout=timeout)
        except errors.Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def _pages(self, model: type[_Model], doing: str, path: str, query: Mapping[str, str] | None = None) -> Iterator[_Model]:
        """Every page. A cursor that is missing where more is said to come, or that was seen before, is an error, not an end."""
        seen: set[str] = set()
        parameters = first_page(dict(query or {}))
        while len(seen) < MAX_PAGES:
            answer = self._get(doing, path, parameters)
            items = _list(answer, doing)
            if len(items) > PAGE:
                raise errors.API.not_understood(doing, f"{len(items)} items on a page, where {PAGE} were asked for")
            yield from (self._read(model, doing, item) for item in items)
            pagination = self._read(Pagination, doing, answer.get("pagination"))
            if not pagination.has_more:
                return
            if not pagination.next_cursor or pagination.next_cursor in seen:
                raise errors.API.not_understood(doing, "the list says that it goes on, and not where")
            seen.add(pagination.next_cursor)
            parameters["cursor"] = pagination.next_cursor
        raise errors.API.not_understood(doing, f"the list has no end after {MAX_PAGES} pages")  # pragma: no cover - takes 1,000 requests

    def _read(self, model: type[_Model], doing: str, content: Any) -> _Model:
        try:
            return model.model_validate(content)
        except ValidationError as error:
            raise errors.API.misshapen(doing, error) from None


def _date(response: httpx.Response) -> datetime | None:
    """When the server says it answered; none if it doesn't, or says what can't be."""
    try:
        said = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return said if said.tzinfo is not None else None


def _unanswered(doing: str, why: str) -> errors.Unanswered:
    return errors.Unanswered(
        f"{doing} got no usable answer ({why}).",
        cause="The service has a problem, or the network dropped the answer; the request may have been carried out all the same.",
        remedy="Run the job again: it looks for what was made before it makes anything.",
    )


def _json(response: httpx.Response, doing: str) -> dict[str, Any]:
    try:
        content: Any = response.json()
    except (ValueError, RecursionError):
        raise errors.API.not_understood(doing, f"HTTP {response.status_code}, and not JSON") from None
    if not isinstance(content, dict):
        raise errors.API.not_understood(doing, "not a JSON object")
    return content


def _data(answer: dict[str, Any], doing: str) -> Any:
    if "data" not in answer:
        raise errors.API.not_understood(doing, "no data in it")
    return answer["data"]


def _list(answer: dict[str, Any], doing: str) -> list[Any]:
    data = _data(answer, doing)
    if not isinstance(data, list):
        raise errors.API.not_understood(doing, "no list in it")
    return data
