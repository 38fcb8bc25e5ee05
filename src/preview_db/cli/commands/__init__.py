"""What each command of the terminal does between its options and its answer: the doing itself is the engine's, as in the action."""

from __future__ import annotations

from collections.abc import Mapping

from ...interrupts import Interrupts
from ..console import Terminal
from ..target import with_token
from . import inside, plan, preview, sweep
from . import list as list_
from .session import Asked, Session

_RUNS = {
    "list": list_.run,
    "create": preview.run,
    "connect": preview.run,
    "reset": preview.run,
    "delete": preview.run,
    "migrate": inside.run,
    "diff": inside.run,
    "sweep": sweep.run,
    "plan": plan.run,
}


def run(asked: Asked, environ: Mapping[str, str], terminal: Terminal, interrupts: Interrupts) -> int:
    """Runs the command. The exit code is 0, or 1 if a check of the doctor's failed; of all else that fails an exception tells.

    Raises:
        PreviewError: see the failure policy.
    """
    session = Session.begin(asked, environ, terminal, interrupts)
    if asked.command == "doctor":
        from . import doctor  # here, since no other command needs it

        return doctor.run(session)
    with_token(session.inputs)
    if session.inputs.repositories is not None:
        from . import many  # here, since no other command needs it

        return many.run(session)
    return _RUNS[asked.command](session)
