"""``plan``: what would be done for one pull request or branch, or for the whole repository."""

from __future__ import annotations

from ...planning import decide
from . import sweep
from .session import EVENT, Session


def run(session: Session) -> int:
    if session.asked.everything:
        return sweep.run(session)
    session = session.with_inputs(session.target.about())
    decision = decide.decide(session.inputs, EVENT, session.target.repository, session.look())
    session.output.result(session.run(decision))
    return 0
