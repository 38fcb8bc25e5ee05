"""How the processes of both front doors begin and end: neither takes longer than it has to. It imports next to nothing itself."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

from .interrupts import Interrupts

TYPE_CHECKING = False  # typing takes a moment to be imported, too
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

NEVER_USED = ("asyncio", "httpx._main")
"""httpx-retries imports asyncio for clients that are not used here, which takes 15 ms; httpx its own command line, where click and rich are
installed, which takes 40 ms."""


def begin() -> Interrupts:
    """Takes signals over, before anything that takes time, and sets what makes the rest quick."""
    interrupts = Interrupts()
    interrupts.install()
    gc.set_threshold(50_000)  # more than a step makes; a sweep, which makes more, holds no more memory for it
    # There are none, and to look for them, pydantic reads what each installed package says of itself.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "true"
    # Requests go out while something is imported in the background, and wait for that no longer than so many seconds at a time.
    sys.setswitchinterval(0.0005)
    return interrupts


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """For imports: what is imported stays, and looking through it for what can go takes a tenth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Has whoever imports these modules meanwhile find nothing in them, unless they have been imported before."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: type(sys)(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def end(code: int) -> NoReturn:
    """Ends the process at once. All has been written by now, and taking the interpreter apart takes it another 30 ms."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
