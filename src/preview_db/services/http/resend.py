"""What is asked again, when, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import httpx
from httpx_retries import Retry, RetryTransport

from ... import pace
from ...deadline import NEVER, Deadline
from .errors import DeadlineExceeded, Garbled, NotRead, RateLimited

_MOMENT = 1.0  # seconds that nobody has to be told of


def silent(_: str) -> None:
    """A log that nobody reads."""


class Asked(NamedTuple):
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


class ResendingTransport(RetryTransport):
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
