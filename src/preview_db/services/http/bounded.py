"""Whole answers only: in time, of a bearable size, and not too many at a time."""

from __future__ import annotations

import email.utils
import functools
import math
import threading
import time
from typing import Any

import httpx

from ...background import AT_ONCE
from ...deadline import Deadline
from .errors import DeadlineExceeded, Garbled, NotRead

_WELL = 10  # times that as many requests as are let in have to go well before there is one more


class _Gate:
    """How many requests are under way at a time: half as many once the server says that it is too many, and slowly more again."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self._most = self._allowed = most
        self._changed = threading.Condition()
        self._under_way = self._well = self._slower = 0

    def enter(self) -> int:
        """Waits for its turn. Returns how often it had become slower by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._allowed)
            self._under_way += 1
            return self._slower

    def leave(self, entered: int, status: int) -> None:
        with self._changed:
            self._under_way -= 1
            if status == httpx.codes.TOO_MANY_REQUESTS:
                if entered == self._slower:  # those that were under way together are told so together, too
                    self._slower, self._allowed, self._well = self._slower + 1, max(1, self._allowed // 2), 0
            elif (well := self._well + 1) >= _WELL * self._allowed:
                self._allowed, self._well = min(self._most, self._allowed + 1), 0
            else:
                self._well = well
            self._changed.notify_all()


class _CompleteResponse(httpx.Response):
    """An answer that has come to its end. Its JSON is read once, however often it is asked for."""

    @functools.cached_property
    def _as_json(self) -> Any:
        return super().json()

    def json(self, **_: Any) -> Any:
        return self._as_json


class BoundedTransport(httpx.BaseTransport):
    """Hands on whole answers only: in time, of a bearable size, and JSON where they say that all went well; so many at a time.

    It stands below the retries, so that an answer that breaks off is resent like one that never came.
    """

    def __init__(self, transport: httpx.BaseTransport, deadline: Deadline, largest: int) -> None:
        self._transport = transport
        self._deadline = deadline
        self._largest = largest
        self._gate = _Gate()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        status, entered = 0, self._gate.enter()
        try:
            response = self._handle(request)
            status = response.status_code
        finally:
            self._gate.leave(entered, status)
        return response

    def _handle(self, request: httpx.Request) -> httpx.Response:
        left = self._deadline.left
        if not left:
            raise DeadlineExceeded("the time the run has is over")
        timeouts = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {what: left if most is None else min(most, left) for what, most in timeouts.items()}
        response = self._transport.handle_request(request)
        try:
            content = self._content(response)
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_BODY]
        complete = _CompleteResponse(response.status_code, headers=headers, content=content, extensions=response.extensions)
        _make_limits_alike(complete)
        if complete.is_success and content:
            try:
                complete.json()
            except (ValueError, RecursionError):
                raise Garbled(f"HTTP {complete.status_code}, and not JSON") from None
        return complete

    def close(self) -> None:
        self._transport.close()

    def _content(self, response: httpx.Response) -> bytes:
        # One layer of gzip grows a thousandfold, 64 KiB at a time; of several, each chunk could fill the memory.
        if (encoding := response.headers.get("content-encoding", "identity").strip().lower()) not in ("identity", "gzip"):
            raise NotRead(f"compressed as nobody asked for ({encoding[:40]!r})")
        content = bytearray()
        try:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > self._largest:
                    raise NotRead(f"more than {self._largest // 1024**2} MiB")
                if self._deadline.has_passed:
                    raise httpx.ReadTimeout("the answer took longer than the run has time")
        except httpx.DecodingError:
            raise Garbled(f"HTTP {response.status_code}, and not the gzip it says it is") from None
        return bytes(content)


def _make_limits_alike(response: httpx.Response) -> None:
    """Makes a rate limit, however GitHub says it, what it is elsewhere: a 429 with ``Retry-After``. Any other 403 stays one."""
    if response.status_code not in (httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS):
        return
    headers = response.headers
    if "retry-after" not in headers:
        if headers.get("x-ratelimit-remaining") == "0" and (seconds := renewed_in(headers)) is not None:
            headers["retry-after"] = str(max(1, math.ceil(seconds)))
        elif b"secondary rate limit" in response.content:
            headers["retry-after"] = "60"  # what GitHub asks for if it says nothing
        else:
            return
    response.status_code = httpx.codes.TOO_MANY_REQUESTS


def renewed_in(headers: httpx.Headers) -> float | None:
    """Seconds until GitHub's limit is over, by the server's clock; none if it does not say."""
    reset = headers.get("x-ratelimit-reset", "")
    return int(reset) - _server_time(headers) if reset.isdecimal() else None


def _server_time(headers: httpx.Headers) -> float:
    """Unix seconds by the clock of whoever answered: a runner's own may be hours off."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")
