"""How fast a run goes on after something that did not work yet: one factor on every pause of ours between two attempts.

A server's own ``Retry-After`` is kept as it is, and neither time-outs nor deadlines change: only fewer seconds are spent idle.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from .errors import InvalidInput

VARIABLE = "PREVIEW_DB_PACE"
"""For tests against a server that minds no haste. Nothing a workflow would set."""

_SHORTEST = 0.01


def factor(environ: Mapping[str, str] = os.environ) -> float:
    """What each pause is multiplied by: 1 unless the environment says less.

    Raises:
        InvalidInput: it says something else than a number from 0.01 to 1.
    """
    text = environ.get(VARIABLE) or "1"
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not _SHORTEST <= number <= 1:  # which nan is not, either
        raise InvalidInput(
            f"The variable {VARIABLE} is no number from {_SHORTEST} to 1.",
            cause="It shortens the pauses between two attempts, for tests.",
            remedy="Unset it: no workflow needs it.",
        )
    return number


def sleep(seconds: float) -> None:
    """Waits for so many seconds at the usual pace."""
    time.sleep(seconds * factor())
