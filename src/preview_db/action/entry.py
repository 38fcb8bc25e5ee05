"""The container's console scripts. Signals are taken over before anything that takes time is imported: a run may be cancelled at once."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

from ..interrupts import Interrupts


def action() -> None:
    """The console script ``preview-db-action``."""
    interrupts = _interrupts()
    from .step import run

    _end(run(os.environ, sys.stdout, interrupts=interrupts))


def post() -> None:
    """The console script ``preview-db-post``. It runs at the end of every job, and most have nothing to revoke."""
    interrupts = _interrupts()
    from .post import EPHEMERAL, run

    if os.environ.get(f"STATE_{EPHEMERAL}"):
        _end(run(os.environ, sys.stdout, interrupts=interrupts))


def _interrupts() -> Interrupts:
    interrupts = Interrupts()
    interrupts.install()
    # Where click and rich are installed, httpx imports them for a command line of its own, which takes 40 ms.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # this is how an import is told to fail
    return interrupts


def _end(code: int) -> NoReturn:
    """Ends the process at once. All has been written by now, and taking the interpreter apart takes it another 30 ms."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
