"""How long a run may take, all its waiting and asking together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple, Self


class Deadline(NamedTuple):
    """A moment after which nothing is begun any more.

    Attributes:
        at: seconds on the clock ``monotonic``.
    """

    at: float = math.inf
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Self:
        """The moment ``seconds`` from now."""
        return cls(monotonic() + seconds, monotonic)

    @property
    def left(self) -> float:
        """Seconds until then; 0 once it has passed."""
        return max(0.0, self.at - self.monotonic())

    @property
    def has_passed(self) -> bool:
        return not self.left


NEVER = Deadline()
"""No deadline."""
