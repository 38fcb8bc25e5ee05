"""The runner cancels with SIGINT, then SIGTERM: stop at the next boundary between two steps, and say where."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from .errors import Cancelled


class Interrupts:
    """Turns a signal into :class:`Cancelled`, at once while only waiting or reading, at its end while something is being changed."""

    def __init__(self) -> None:
        self._pending: str | None = None
        self._changing = False
        self._at = "before the first step"

    def install(self) -> None:
        """Takes SIGINT and SIGTERM over for the rest of the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step that changes something is not interrupted half-way; a signal that came during it takes effect right after."""
        self._raise_if_pending()
        self._changing = True
        try:
            yield
        finally:
            self._changing = False
        self.reached(f"after: {what}")

    def reached(self, where: str) -> None:
        """Remembers how far the run has come, and stops it here if it was told to stop."""
        self._at = where
        self._raise_if_pending()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        first, self._pending = self._pending is None, signal.Signals(number).name
        if first and not self._changing:
            self._raise_if_pending()

    def _raise_if_pending(self) -> None:
        if self._pending is not None:
            raise Cancelled(
                f"The run was stopped by {self._pending} ({self._at}).",
                cause="The workflow run was cancelled, or a newer run took its place in the concurrency group.",
                remedy="Nothing needs to be done: the next run for this pull request, or the sweep, goes on from here.",
            )
