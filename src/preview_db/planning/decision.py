"""What a run is about, as far as its event and its inputs say."""

from __future__ import annotations

import enum
from typing import NamedTuple

from .model import Scope


class Task(enum.StrEnum):
    """What is to become of the preview."""

    ENSURE = "ensure"
    RESET = "reset"
    CONNECT = "connect"
    REMOVE = "remove"
    STATUS = "status"
    SWEEP = "sweep"
    NOTHING = "nothing"


MEANS = {
    Task.ENSURE: "creating or reusing its preview",
    Task.RESET: "replacing its preview by a new one",
    Task.CONNECT: "creating a credential",
    Task.REMOVE: "deleting its preview",
    Task.STATUS: "looking at its preview",
    Task.SWEEP: "deleting stale previews",
    Task.NOTHING: "nothing to do",
}
"""What a task comes to, in words for the log."""


class Decision(NamedTuple):
    """What this run is about.

    Attributes:
        scope: the preview; none for a sweep, for nothing, or if a ``database_id`` is to say.
        reason: why, as the beginning of a sentence.
        advice: what to do about it, where nothing is done and a person may have expected something.
        reaction: how a comment that gave an order is answered if all goes well.
    """

    task: Task
    reason: str
    scope: Scope | None = None
    advice: str = ""
    reaction: str = ""
