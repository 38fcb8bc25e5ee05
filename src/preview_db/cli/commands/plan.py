"""``plan``: what would be done for one pull request or branch, or for the whole repository."""

from __future__ import annotations

from ...errors import NotFound
from ...planning import decide
from ...planning.decide import EventState
from . import sweep
from .session import EVENT, Session


def run(session: Session) -> int:
    if session.asked.everything:
        return sweep.run(session)
    session = session.with_inputs(session.target.about())
    inputs = session.inputs
    github = session.github("A plan depends on whether the pull request or branch is still there.")
    seen = EventState(
        pull_request=github.pull_request(inputs.pr) if inputs.pr else None,
        branch_exists=github.branch_exists(inputs.branch) if inputs.branch else None,
    )
    if inputs.pr and seen.pull_request is None:
        raise NotFound(
            f"There is no pull request #{inputs.pr} in {session.target.full_name}.",
            cause="It has another number, or is another repository's.",
            remedy="Correct --pr or --repo.",
        )
    session.output.result(session.run(decide.decide(inputs, EVENT, session.target.repository, seen)))
    return 0
