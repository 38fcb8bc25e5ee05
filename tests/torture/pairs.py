"""What is run against what, in :mod:`.orders`: pairs of events and some threes, each on four kinds of server."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

from .house import NUMBER

NAMES = "ABC"


@dataclasses.dataclass(frozen=True)
class Event:
    """What starts a run: what becomes of the pull request by it, if anything, and what the step is told."""

    name: str = "pull_request"
    action: str = "synchronize"
    state: str | None = None
    inputs: Mapping[str, str] = dataclasses.field(default_factory=dict)


EVENTS = {
    "create": Event(action="opened"),
    "push": Event(),
    "reset": Event(inputs={"on_push": "reset"}),
    "close": Event(action="closed", state="closed"),
    "reopen": Event(action="reopened", state="open"),
    "delete": Event(name="workflow_dispatch", inputs={"command": "delete", "pr": str(NUMBER)}),
    "connect": Event(inputs={"command": "connect"}),
    "sweep": Event(name="schedule"),
}


@dataclasses.dataclass(frozen=True)
class Setting:
    """What runs against what, on which kind of server.

    Attributes:
        mode: whether the server knows ``logicalId``, or ignores it.
        lag: how many lists a new database is missing from.
    """

    kinds: tuple[str, ...]
    mode: str = "known"
    lag: int = 0

    @property
    def runs(self) -> dict[str, str]:
        """The runs' letters, and what they are."""
        return dict(zip(NAMES, self.kinds, strict=False))

    @property
    def has_preview(self) -> bool:
        """Whether the preview is there at the beginning."""
        return "create" not in self.kinds

    @property
    def is_open(self) -> bool:
        """Whether the pull request is open at the beginning: not if it is reopened, unless beside what happens to open ones only."""
        return "reopen" not in self.kinds or not {"reopen", "close", "delete", "sweep"}.issuperset(self.kinds)

    def __str__(self) -> str:
        lag = f", lists lag by {self.lag}" if self.lag else ""
        return f"{' against '.join(self.kinds)} (logicalId {self.mode}{lag})"


PAIRS = tuple(itertools.combinations_with_replacement(EVENTS, 2))
THREES = (
    ("create", "create", "create"),
    ("create", "create", "close"),
    ("create", "create", "sweep"),
    ("push", "reset", "sweep"),
    ("push", "reset", "close"),
    ("reset", "reset", "sweep"),
    ("reset", "sweep", "close"),
    ("reset", "sweep", "sweep"),
    ("reopen", "sweep", "close"),
)
SERVERS = tuple(itertools.product(("known", "ignored"), (0, 1)))
SETTINGS = tuple(Setting(kinds, mode, lag) for kinds in PAIRS for mode, lag in SERVERS)
SETTINGS_OF_THREE = tuple(Setting(kinds, mode, lag) for kinds in THREES for mode, lag in SERVERS)
