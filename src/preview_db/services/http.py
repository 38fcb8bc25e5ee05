"""One policy for time-outs, retries and sizes, for every API that is spoken to."""

from __future__ import annotations

import dataclasses
import email.utils
import functools
import importlib.metadata
import math
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Self

import httpx
from httpx_retries import Retry, RetryTransport

from .. import pace
from ..background import AT_ONCE
from ..deadline import NEVER, Deadline
from ..errors import InvalidInput
from ..hosts import is_loopback

TIMEOUT = httpx.Timeout(10)
"""For everything but creating and deleting databases, in seconds."""

SLOW_TIMEOUT = httpx.Timeout(120, connect=10)
"""For creating and deleting databases, in seconds."""

LARGEST = 8 * 1024 * 1024
"""Bytes of an answer that is read. A page of 100 databases with 30 connections each has about 2 MB. Read as JSON, the worst take 30 times
as much memory."""

LONGEST_WAIT = 60.0
"""Seconds between two tries, unless the client says otherwise."""

_MOMENT = 1.0  # seconds that nobody has to be told of
_WELL = 10  # times that as many requests as are let in have to go well before there is one more


class Garbled(httpx.RemoteProtocolError):
    """A success with a body that is not JSON: a proxy's page, or an answer cut short."""


class NotRead(httpx.TransportError):
    """An answer that is not read to its end: more than anybody could have asked for."""


class DeadlineExceeded(httpx.TransportError):
    """There is no time left to ask, or to wait for as long as the server wants. What was asked for was certainly not carried out."""


def silent(_: str) -> None:
    """A log that nobody reads."""


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way.

    Attributes:
        what: such as ``GET api.prisma.io/v1/projects``.
        since: when it was first sent, on the deadline's clock.
        log: is told of every wait, once it is worth a word.
        pace: what each pause is multiplied by that the server did not ask for.
    """

    what: str = ""
    since: float = 0.0
    deadline: Deadline = NEVER
    log: Callable[[str], None] = silent
    pace: float = 1.0


class RateLimited(DeadlineExceeded):
    """The server limits how many requests it takes, and that lasts for longer than there is time."""


class Resend(Retry):
    """httpx-retries' policy, which gives up rather than wait for longer than there is time, and says what it waits for."""

    asked = Asked()
    _because = ""

    def of(self, asked: Asked, longest_wait: float) -> Self:
        """The same, for one request, with waits of up to ``longest_wait`` seconds."""
        policy = self.copy_with(max_backoff_wait=longest_wait, total_timeout=2 * longest_wait)
        policy.asked = asked
        return policy

    def copy_with(self, **changes: Any) -> Self:  # type: ignore[override]  # the same arguments, passed on
        copy: Self = super().copy_with(**changes)  # type: ignore[assignment]  # it is of this class
        copy.asked = self.asked  # the library makes a copy for each try
        return copy

    def sleep(self, response: httpx.Response | Exception) -> None:
        self._because = _because(response)
        try:
            super().sleep(response)
        except DeadlineExceeded as error:
            if isinstance(response, httpx.Response) and response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                raise RateLimited(str(error)) from None
            raise

    def parse_retry_after(self, retry_after: str) -> float:
        return self._in_time(super().parse_retry_after(retry_after), "the server asks to wait for {:.0f} s, and {:.0f} are left")

    def backoff_strategy(self) -> float:
        return self._in_time(super().backoff_strategy() * self.asked.pace, "the next try would be in {:.0f} s, and {:.0f} are left")

    def _in_time(self, seconds: float, otherwise: str) -> float:
        left = self.asked.deadline.left
        if seconds >= left:
            raise DeadlineExceeded(otherwise.format(seconds, left))
        wait = min(seconds, self.max_backoff_wait)
        if wait and self.asked.deadline.monotonic() - self.asked.since + wait > _MOMENT:
            most = min(left, max(wait, (self.total_timeout or left) - self.elapsed_sleep))
            tries = f"try {self.attempts_made + 1} of {self.total + 1}, for {most:.0f} s at most"
            self.asked.log(f"{self.asked.what}: {self._because}; trying again in {wait:.0f} s ({tries})")
        return seconds


def _because(response: httpx.Response | Exception) -> str:
    """Why a request is resent, in words."""
    if isinstance(response, httpx.Response):
        return f"HTTP {response.status_code}"
    if isinstance(response, Garbled | NotRead):
        return str(response)
    if isinstance(response, httpx.ConnectError | httpx.ConnectTimeout):
        return "no connection"
    return "no answer in time" if isinstance(response, httpx.TimeoutException) else "the connection broke off"


SAFE_TO_RESEND = Resend(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.5,
    allowed_methods=["GET", "DELETE", "PATCH"],
    status_forcelist=[429, 500, 502, 503, 504],
)
"""What reads, deletes or sets is resent. ``Retry-After`` is honoured up to the client's longest wait at a time."""

REFUSED_UNSEEN = Resend(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.5,
    allowed_methods=["POST"],
    status_forcelist=[429],
    retry_on_exceptions=[httpx.ConnectError, httpx.ConnectTimeout],
)
"""What creates is resent only if it certainly was not carried out: it never left, or was turned away at the door."""


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


class _BoundedTransport(httpx.BaseTransport):
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
        whole = httpx.Response(response.status_code, headers=headers, content=content, extensions=response.extensions)
        _make_limits_alike(whole)
        if whole.is_success and content:
            try:
                whole.json()
            except (ValueError, RecursionError):
                raise Garbled(f"HTTP {whole.status_code}, and not JSON") from None
        return whole

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
        if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
            headers["retry-after"] = str(max(1, math.ceil(int(headers["x-ratelimit-reset"]) - _server_time(headers))))
        elif b"secondary rate limit" in response.content:
            headers["retry-after"] = "60"  # what GitHub asks for if it says nothing
        else:
            return
    response.status_code = httpx.codes.TOO_MANY_REQUESTS


def _server_time(headers: httpx.Headers) -> float:
    """Unix seconds by the clock of whoever answered: a runner's own may be hours off."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


class _Policy(RetryTransport):
    """Resends by the method, unless the request brings a policy of its own along (the extension ``retry``)."""

    def __init__(self, transport: httpx.BaseTransport, deadline: Deadline, longest_wait: float, log: Callable[[str], None]) -> None:
        super().__init__(transport=transport)
        self._deadline = deadline
        self._longest_wait = longest_wait
        self._log = log
        self._pace = pace.factor()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        policy: Resend = request.extensions.get("retry", REFUSED_UNSEEN if request.method == "POST" else SAFE_TO_RESEND)
        what = f"{request.method} {request.url.host}{request.url.path}"
        asked = Asked(what, self._deadline.monotonic(), self._deadline, self._log, self._pace)
        request.extensions["retry"] = policy.of(asked, self._longest_wait)
        return super().handle_request(request)


def client(
    base_url: str,
    *,
    token: str,
    deadline: Deadline = NEVER,
    largest: int = LARGEST,
    longest_wait: float = LONGEST_WAIT,
    log: Callable[[str], None] = silent,
) -> httpx.Client:
    """A client that sends ``token`` to ``base_url`` and to no other host: redirects are not followed, ``.netrc`` is not read.

    Its requests raise ``httpx.HTTPError``, of which :class:`Garbled`, :class:`NotRead` and :class:`DeadlineExceeded` say why in words.

    Args:
        largest: bytes of an answer that is read.
        longest_wait: seconds; a server that asks for a longer one is asked again after these.
        log: takes a line for a person when a request is tried again that has taken more than a second.

    Raises:
        InvalidInput: the environment names a proxy that can't be used, or a pace that makes no sense.
    """
    url = httpx.URL(base_url)
    transport = _BoundedTransport(httpx.HTTPTransport(verify=_trust(url.scheme), proxy=_proxy(url)), deadline, largest)
    return httpx.Client(
        base_url=base_url,
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"preview-db/{importlib.metadata.version('preview-db')}",
        },
        timeout=TIMEOUT,
        transport=_Policy(transport, deadline, longest_wait, log),
        follow_redirects=False,
    )


@functools.cache
def _trust(scheme: str) -> ssl.SSLContext:
    """Whom to believe who they are. Read once, since the list of authorities takes 20 ms; where no TLS is spoken, nobody."""
    return httpx.create_ssl_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that ``HTTPS_PROXY`` and its like name for ``url``. There is none on the way to this machine, where a token may go bare."""
    if is_loopback(url.host) or urllib.request.proxy_bypass(f"{url.host}:{url.port or 443}"):
        return None
    found = urllib.request.getproxies()
    address = found.get(url.scheme) or found.get("all")
    if not address:
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise InvalidInput(
            f"The variable {url.scheme.upper()}_PROXY (or ALL_PROXY) names no proxy that can be used.",
            cause="It takes an address such as http://proxy.example:3128.",
            remedy="Correct the variable on the runner, or unset it; NO_PROXY lists the hosts that need none.",
        ) from None
