"""The runner cancels with SIGINT, then SIGTERM, then SIGKILL: stop at the next boundary between two steps, and say where."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from .errors import Cancelled, PreviewError

_A_MOMENT = 0.02  # seconds


class Interrupts:
    """Turns a signal into :class:`Cancelled`: at once while only waiting or reading, at its end while something is being changed.

    A second signal does not wait for that end: there would be no time left to say anything. One that comes before the first
    :meth:`reached` waits for that, since until then there is nobody to say it.
    """

    def __init__(self) -> None:
        self._pending: str | None = None
        self._changing: str | None = None
        self._is_lost = False  # whether a signal has come, and what was raised for it came to nobody
        self._in_passing = False  # whether that is being noted just now, when nothing can be raised either
        self._at: str | None = None  # how far the run has come, while there is somebody to say so

    def install(self) -> None:
        """Takes SIGINT and SIGTERM over for the rest of the process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)
        sys.unraisablehook = self._not_raised

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step that changes something is not interrupted half-way; a signal that came during it takes effect right after.

        Args:
            what: what is so once it is done, as a clause.
        """
        self._raise_if_pending()
        self._changing = what
        try:
            yield
        except PreviewError:
            self._changing = None
            if self._pending is not None:
                self.reached(f"uncertain whether {what}")
            raise
        finally:
            self._changing = None
        self.reached(f"after: {what}")

    def reached(self, where: str) -> None:
        """Remembers how far the run has come, and stops it here if it was told to stop."""
        self._at = where
        self._raise_if_pending()

    def cause_of(self, failure: Exception) -> Exception:
        """What to say of a run that ended with ``failure``: that it was stopped, if it was told to.

        What is raised inside a library may come out of it as something else.
        """
        if self._pending is None or isinstance(failure, Cancelled):
            return failure
        return self._cancelled(self._pending)

    def over(self) -> None:
        """From here on a signal changes nothing: all that is left is to say what came of it."""
        self._at = None

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        first, self._pending = self._pending is None or self._is_lost, signal.Signals(number).name
        if self._at is None or self._in_passing:
            return
        if first and self._changing is None:
            self._raise_if_pending()
        elif not first and self._changing is not None:
            self.reached(f"uncertain whether {self._changing}")

    def _not_raised(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Python raises nothing while it calls back in passing, when it has imported or freed something; a moment later it can."""
        if not isinstance(unraisable.exc_value, Cancelled) or self._pending is None:
            sys.__unraisablehook__(unraisable)
            return
        self._in_passing = self._is_lost = True
        try:
            _thread.start_new_thread(self._send_again, (signal.Signals[self._pending],))  # not waited for, as threading's are
        finally:
            self._in_passing = False

    def _send_again(self, number: signal.Signals) -> None:
        while self._is_lost and self._at is not None:
            time.sleep(_A_MOMENT)
            os.kill(os.getpid(), number)

    def _raise_if_pending(self) -> None:
        if self._pending is not None:
            self._is_lost = False
            raise self._cancelled(self._pending)

    def _cancelled(self, by: str) -> Cancelled:
        return Cancelled(
            f"The run was stopped by {by} ({self._at}).",
            cause="The workflow run was cancelled, or a newer run took its place in the concurrency group.",
            remedy="Nothing needs to be done: the next run for this pull request, or the sweep, goes on from here.",
        )
