"""The container's console scripts. Signals are taken over before anything that takes time is imported: a run may be cancelled at once."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from ..interrupts import Interrupts

TYPE_CHECKING = False  # typing takes a moment to be imported, too
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

_HTTPX_COMMANDS = "httpx._main"
"""httpx's own command line: where click and rich are installed, it imports them for that, which takes 40 ms."""


def action() -> None:
    """The console script ``preview-db-action``."""
    interrupts = _begin()
    gc.disable()  # what is imported stays, and looking through it for what can go takes a tenth of the start
    with _left_out("asyncio", _HTTPX_COMMANDS):  # httpx-retries imports asyncio for clients that are not used here, which takes 15 ms
        from ..services.prisma import ahead

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
        with _left_out(_HTTPX_COMMANDS):
            _end(run(os.environ, sys.stdout, interrupts=interrupts))


def _begin() -> Interrupts:
    interrupts = Interrupts()
    interrupts.install()
    gc.set_threshold(50_000)  # more than a step makes; a sweep, which makes more, holds no more memory for it
    # There are none, and to look for them, pydantic reads what each installed package says of itself.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "true"
    # Requests go out while something is imported in the background, and wait for that no longer than so many seconds at a time.
    sys.setswitchinterval(0.0005)
    return interrupts


@contextlib.contextmanager
def _left_out(*names: str) -> Iterator[None]:
    """Has whoever imports these modules meanwhile find nothing in them, unless they have been imported before."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: type(sys)(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _end(code: int) -> NoReturn:
    """Ends the process at once. All has been written by now, and taking the interpreter apart takes it another 30 ms."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
