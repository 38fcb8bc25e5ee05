"""The container's console scripts. Signals are taken over before anything that takes time is imported: a run may be cancelled at once."""

from __future__ import annotations

import os
import sys

from .. import startup


def action() -> None:
    """The console script ``preview-db-action``."""
    interrupts = startup.begin()
    with startup.uncollected():
        with startup.left_out(*startup.NEVER_USED):
            from ..services.prisma import ahead

        begun = ahead.begin(os.environ)  # what follows takes twice as long to be imported as what this needs
        from .run import run

    startup.end(run(os.environ, sys.stdout, interrupts=interrupts, ahead=begun))


def post() -> None:
    """The console script ``preview-db-post``. It runs at the end of every job, and most have nothing to revoke."""
    interrupts = startup.begin()
    from .post import EPHEMERAL, run

    if os.environ.get(f"STATE_{EPHEMERAL}"):
        with startup.left_out(*startup.NEVER_USED):
            startup.end(run(os.environ, sys.stdout, interrupts=interrupts))
