"""A pull request that is reopened just as its preview is deleted: one more look after the deletion, and what it comes to.

No request deletes on a condition, so a run for ``reopened`` may be given what is deleted a moment later. It can't notice that once it has
ended; the run that deletes can.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from ..planning import decide
from ..planning.decision import Decision, Task
from ..planning.events import Event, PullRequest
from ..planning.lookups import PULL_REQUEST_EVENTS, EventState
from ..planning.model import Repository
from ..planning.outcome import Outcome, OutcomeKind
from ..planning.settings import Inputs
from ..services.github.errors import GitHubFailed
from ..services.github.repository import GitHubRepository
from ..services.github.runner import Runner

Look = Callable[[], PullRequest | None]


class Reopening(NamedTuple):
    """What the run is about once more: the event as that of the reopening, and what it comes to."""

    event: Event
    state: EventState
    decision: Decision


def look(outcome: Outcome, event: Event, inputs: Inputs, github: GitHubRepository | None) -> Look:
    """Looks, in the background, at the pull request whose preview was deleted.

    Nothing is asked after a merge, which is for good, nor where somebody has asked for the deletion.

    Returns:
        What answers the pull request if it is open. Raises :class:`GitHubFailed`.
    """
    number = outcome.scope.pull_request if outcome.scope else None
    was_merged = event.pull_request is not None and event.pull_request.number == number and event.pull_request.was_merged
    by_hand = event.name == "issue_comment" or (inputs.command == "delete" and event.action != "closed")
    if outcome.kind is not OutcomeKind.DELETED or number is None or github is None or was_merged or by_hand:
        return lambda: None
    found = github.begin(functools.partial(github.pull_request, number))

    def answer() -> PullRequest | None:
        pull_request = found()
        return pull_request if pull_request is not None and pull_request.is_open else None

    return answer


def reopening(
    was_reopened: Look, deleted: Outcome, event: Event, state: EventState, inputs: Inputs, repository: Repository, runner: Runner
) -> Reopening | None:
    """What to do now that the pull request should have a preview again; none if nothing. A person is told.

    Another is created only where that would be like the one that was deleted: a step for ``closed`` alone may know no ``source``.
    """
    try:
        pull_request = was_reopened()
    except GitHubFailed as error:
        runner.warning(error.title, str(error))
        return None
    if pull_request is None:
        return None
    if event.name in PULL_REQUEST_EVENTS:
        event = event.model_copy(update={"action": "reopened", "pull_request": pull_request})
    state = state._replace(pull_request=pull_request, checked=True)
    decision = decide.decide(inputs, event, repository, state)
    is_wanted = decision.task in (Task.ENSURE, Task.RESET)
    if not is_wanted and inputs.command != "delete":
        return None
    had_source = deleted.database is not None and deleted.database.source is not None
    creates = is_wanted and had_source == (inputs.source != "empty")
    runner.warning(
        "Reopened meanwhile",
        f"By the time its preview was deleted, {deleted.scope} was meant to have one again. "
        f"{'Another is created now' if creates else 'This step creates none'}. If a run was given the one that was deleted, its "
        "connection strings open nothing: run that job again.",
    )
    return Reopening(event, state, decision) if creates else None
