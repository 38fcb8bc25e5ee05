"""A pull request's life: its project, its workflow, and each of its events as a process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from preview_db.planning.model import Scope
from preview_db_emulator.runner.runner import Run, Step

from .workflow import PullRequest, Workflow

PROCESSES = bool(os.environ.get("PREVIEW_DB_PROCESSES") or os.environ.get("PREVIEW_DB_TORTURE"))
"""Whether each run of a workflow is a process of its own: in `make cases`, which CI runs, and in `make torture`. In `make test` a run that
ends before the test goes on calls the action's entry point, with the same environment, event and files, in the test's own process; the
terminal's commands are forked from a process that has imported them."""


@dataclass
class Life(Workflow):
    """A project with one pull request in it, so that a test can say in a line what happens."""

    in_process: bool = not PROCESSES
    pull_request: PullRequest = field(init=False)

    def __post_init__(self) -> None:
        self.pull_request = self.pull()

    @property
    def number(self) -> int:
        return self.pull_request.number

    @property
    def scope(self) -> Scope:
        return self.pull_request.scope

    def comments(self) -> list[dict[str, Any]]:
        return self.pull_request.comments()

    def opened(self, **inputs: str) -> Run:
        return self.pull_request.opened(**inputs)

    def pushed(self, **inputs: str) -> Run:
        return self.pull_request.pushed(**inputs)

    def closed(self, *, merged: bool = False, **inputs: str) -> Run:
        return self.pull_request.closed(merged=merged, **inputs)

    def happens(self, action: str, fields: dict[str, Any], **inputs: str) -> Run:
        return self.pull_request.happens(action, fields, **inputs)

    def starts(self, action: str, fields: dict[str, Any], **inputs: str) -> Step:
        return self.pull_request.starts(action, fields, **inputs)

    def post(self, run: Run, **inputs: str) -> Run:
        return self.pull_request.post(run, **inputs)
