"""Settings and event in, decision out: which preview this run is about, and whether it is wanted. Pure."""

from __future__ import annotations

import dataclasses

from .errors import UnsupportedEvent
from .events import Event, PullRequest
from .model import Kind, Repository, Scope
from .settings import Inputs

_PRESENT = {
    "opened": "pull request #{} was opened",
    "reopened": "pull request #{} was reopened",
    "synchronize": "pull request #{} got new commits",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What this run is about.

    Attributes:
        scope: the preview it is about; none if there is none, or if a ``database_id`` is to say.
        present: whether the preview should exist; none for "leave everything as it is".
        reason: why, as the beginning of a sentence.
    """

    scope: Scope | None
    present: bool | None
    reason: str
    may_create: bool = True


def decide(inputs: Inputs, event: Event, repository: Repository) -> Decision:
    """What ``command`` means for this event.

    Raises:
        UnsupportedEvent: neither event nor inputs say which pull request it is about.
    """
    number = inputs.pr or (event.pull_request.number if event.pull_request else None)
    scope = Scope(repository, Kind.PULL_REQUEST, str(number), inputs.key) if number else None
    if event.has_no_secrets and inputs.service_token is None:
        whose = "a fork" if event.pull_request and event.pull_request.is_fork else "Dependabot"
        return Decision(scope, None, f"GitHub gives no secrets to a pull request of {whose}")
    match inputs.command:
        case "create" if scope:
            return Decision(scope, True, f"the preview of {scope} was asked for")
        case "connect" if scope or inputs.database_id:
            return Decision(
                scope, True, f"a connection to {inputs.database_id or f'the preview of {scope}'} was asked for", may_create=False
            )
        case "delete" if scope or inputs.database_id:
            return Decision(scope, False, f"the deletion of {inputs.database_id or f'the preview of {scope}'} was asked for")
        case "auto" if event.is_pull_request and event.pull_request and scope:
            return _by_action(event, event.pull_request, scope)
    raise UnsupportedEvent(
        f"The event {event.name!r} does not say which pull request this is about.",
        cause=f"'command: {inputs.command}' goes by the event 'pull_request', or by the input pr where there is none.",
        remedy="Run the step on: pull_request (types: opened, reopened, synchronize, closed), or set the inputs command and pr.",
    )


def _by_action(event: Event, pull_request: PullRequest, scope: Scope) -> Decision:
    number = pull_request.number
    if event.action == "closed":
        how = "merged" if pull_request.merged else "closed"
        return Decision(scope, False, f"pull request #{number} was {how}")
    if event.action in _PRESENT:
        return Decision(scope, True, _PRESENT[event.action].format(number))
    return Decision(scope, None, f"the action {event.action!r} of a pull request is no reason to do anything")
