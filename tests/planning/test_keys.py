"""A key tells the databases of one pull request, branch or queue entry apart, whatever the event and the command."""

from __future__ import annotations

import pytest

from preview_db.planning import events
from preview_db.planning.decision import Task
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.github import payloads

from .test_decide import REPOSITORY, decided, event, parsed, queue, where

PUSHED = parsed("push", payloads.push_event(ref="refs/heads/feat/x", before="2" * 40, after="1" * 40, **where()))
ABOUT = [
    (event(), Kind.PULL_REQUEST, "12"),
    (PUSHED, Kind.BRANCH, "feat/x"),
    (queue("checks_requested"), Kind.MERGE_QUEUE, "3"),
]


@pytest.mark.parametrize(("command", "task"), [("auto", Task.ENSURE), ("connect", Task.CONNECT), ("delete", Task.REMOVE)])
@pytest.mark.parametrize(("happened", "kind", "ref"), ABOUT)
def test_a_command_is_about_the_preview_of_its_key(happened: events.Event, kind: Kind, ref: str, command: str, task: Task) -> None:
    decision = decided(happened, command=command, key="e2e")
    assert (decision.task, decision.scope) == (task, Scope(REPOSITORY, kind, ref, "e2e"))
    assert decided(happened, command=command).scope == Scope(REPOSITORY, kind, ref)
