"""The container's console scripts. Signals are taken over before anything that takes time is imported: a run may be cancelled at once."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from ..interrupts import Interrupts

TYPE_CHECKING = False  # typing takes a moment to be imported, too
if TYPE_CHECKING:
    from typing import NoReturn


def action() -> None:
    """The console script ``preview-db-action``."""
    interrupts = _begin()
    gc.disable()  # what is imported stays, and looking through it for what can go takes a tenth of the start
    # What httpx-retries has for asyncio is not used here, and to import that takes longer than to import httpx.
    sys.modules["asyncio"] = type(sys)("asyncio")
    from ..services.prisma import ahead

    del sys.modules["asyncio"]
    begun = ahead.begin(os.environ)  # what follows takes twice as long to be imported as what this needs
    from .run import run

    gc.freeze()
    gc.enable()
    _end(run(os.environ, sys.stdout, interrupts=interrupts, ahead=begun))


def post() -> None:
    """The console script ``preview-db-post``. It runs at the end of every job, and most have nothing to revoke."""
    interrupts = _begin()
    from .post import EPHEMERAL, run

    if os.environ.get(f"STATE_{EPHEMERAL}"):
        _end(run(os.environ, sys.stdout, interrupts=interrupts))


def _begin() -> Interrupts:
    interrupts = Interrupts()
    interrupts.install()
    gc.set_threshold(10_000)
    # Where click and rich are installed, httpx imports them for a command line of its own, which takes 40 ms.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # this is how an import is told to fail
    # There are none, and to look for them, pydantic reads what each installed package says of itself.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "true"
    return interrupts


def _end(code: int) -> NoReturn:
    """Ends the process at once. All has been written by now, and taking the interpreter apart takes it another 30 ms."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
