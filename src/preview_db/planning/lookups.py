"""What has to be looked up on GitHub before anything is decided, and what was seen. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from .events import Event, PullRequest
from .settings import Inputs

PULL_REQUEST_EVENTS = ("pull_request", "pull_request_target")

_ORDER = re.compile(r"\s*/preview-db[ \t]+(?P<verb>[a-z-]+)[ \t]*(?:\r?\n.*)?\Z", re.DOTALL)
_HARMLESS = ("doctor", "unseal")
_SAY_IT_ALL = (*PULL_REQUEST_EVENTS, "push", "create", "delete", "merge_group", "schedule", "issue_comment")


class Lookups(NamedTuple):
    """What has to be looked up on GitHub before anything is decided.

    Attributes:
        only_if_possible: whether the event alone will do where GitHub can't be asked.
    """

    pull_request: int | None = None
    branch: str | None = None
    permission_of: str | None = None
    queue: bool = False
    only_if_possible: bool = False


class EventState(NamedTuple):
    """The answers to :class:`Lookups`.

    Attributes:
        checked: whether GitHub was asked at all; of what is none then, there is no saying whether it exists.
        permission: what the repository lets the person do, as GitHub's API says it; never what a payload says.
        queue: the refs of the merge queue's live entries.
    """

    pull_request: PullRequest | None = None
    branch_exists: bool | None = None
    permission: str = "none"
    queue: frozenset[str] = frozenset()
    checked: bool = False


def needed(inputs: Inputs, event: Event) -> Lookups:
    """What :func:`decide` needs to have seen. Most events carry all it takes."""
    automatic = inputs.command in ("auto", "plan")
    if event.name == "issue_comment":
        return _needed_for_comment(inputs, event, automatic=automatic)
    number = event.pull_request.number if event.pull_request else None
    deletes = automatic or (inputs.command == "delete" and inputs.database_id is None and inputs.pr in (None, number))
    if event.name in PULL_REQUEST_EVENTS and event.action == "closed" and deletes:
        # A closed run may be run again, weeks later, on a pull request that was reopened.
        return Lookups(pull_request=number, only_if_possible=True)
    if event.name == "merge_group" and automatic and event.action == "destroyed":
        return Lookups(queue=True)
    if inputs.command in ("create", "reset") and (inputs.branch or inputs.pr not in (None, number)):
        return Lookups(pull_request=inputs.pr, branch=inputs.branch, only_if_possible=True)
    if event.name not in _SAY_IT_ALL and automatic:
        return Lookups(pull_request=inputs.pr, branch=inputs.branch)
    return Lookups()


def _needed_for_comment(inputs: Inputs, event: Event, *, automatic: bool) -> Lookups:
    """A comment counts only from who may write, and what it is about may come from a fork: both are looked up, whatever the command."""
    if event.sender is None or event.sender.is_bot or event.issue is None or event.action != "created":
        return Lookups()
    if inputs.command in _HARMLESS or (automatic and order_of(event) is None):
        return Lookups()
    branch = None if automatic else inputs.branch
    number = event.issue.number if automatic or inputs.pr is None else inputs.pr
    is_pull_request = event.issue.pull_request is not None or inputs.pr is not None
    return Lookups(pull_request=number if is_pull_request and branch is None else None, branch=branch, permission_of=event.sender.login)


def order_of(event: Event) -> str | None:
    """The verb of ``/preview-db <verb>`` in the first line of a new comment on a pull request."""
    if event.action != "created" or event.comment is None or event.issue is None or event.issue.pull_request is None:
        return None
    said = _ORDER.match(event.comment.body or "")
    return said["verb"] if said else None
