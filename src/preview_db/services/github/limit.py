"""What GitHub leaves a token of its requests in an hour, and how fast they are asked by that: see :class:`Limit`."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

import httpx

from ...background import AT_ONCE
from ...deadline import Deadline
from .. import http

_SCARCE = 10  # once less than one in so many is left


@dataclasses.dataclass(slots=True)
class Limit:
    """What GitHub says of the token's requests, as of its last answer.

    Once few are left, they are asked one at a time; once none is, nothing is asked until GitHub takes more: to ask all the same would be
    held against the token.

    Attributes:
        log: takes a line for the person who watches.
        left: how many it takes before the limit is reached; none as long as it has not said.
        most: how many it takes in an hour.
        stops: whether a limit that lasts for longer than the run ends all asking.
        refused: why nothing is asked any more.
    """

    deadline: Deadline
    log: Callable[[str], None] = http.silent
    left: int | None = None
    most: int | None = None
    stops: bool = False
    refused: str = ""
    _renewed_at: float = 0.0
    _under_way: int = 0
    _turns: threading.Condition = dataclasses.field(default_factory=threading.Condition)

    def note(self, headers: httpx.Headers) -> None:
        """Reads what an answer says of it. GraphQL has a limit of its own."""
        left, most = headers.get("x-ratelimit-remaining", ""), headers.get("x-ratelimit-limit", "")
        renewed_in = http.renewed_in(headers)
        if left.isdecimal() and most.isdecimal() and renewed_in is not None and headers.get("x-ratelimit-resource", "core") == "core":
            self.left, self.most, self._renewed_at = int(left), int(most), self.deadline.monotonic() + renewed_in

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for when to ask. Raises :class:`http.RateLimited` if that is not before the deadline."""
        with self._turns:
            self._turns.wait_for(lambda: not (self._is_scarce and self._under_way))
            self._under_way += 1
        try:
            if self._is_scarce:
                self._wait()
            yield
        finally:
            with self._turns:
                self._under_way -= 1
                self._turns.notify_all()

    @property
    def _is_scarce(self) -> bool:
        """Whether so few are left that each is asked alone."""
        if self.left is None or not self.most:
            return False
        return self.left <= max(AT_ONCE, self.most // _SCARCE)

    def _wait(self) -> None:
        seconds = self._renewed_at - self.deadline.monotonic()
        if self.left or seconds <= 0:
            return
        if seconds >= self.deadline.left:
            raise http.RateLimited(f"no more requests for {seconds:.0f} s, and the run has {self.deadline.left:.0f} s left")
        self.log(f"GitHub takes no more requests with this token for {seconds:.0f} s: waiting")
        time.sleep(seconds)
        self.left = None
