"""A key tells the databases of one pull request, branch or queue entry apart, whatever the event and the command."""

from __future__ import annotations

import pytest

from preview_db.errors import UnsupportedEvent
from preview_db.planning import events
from preview_db.planning.decision import Task
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.github import payloads

from .test_decide import REPOSITORY, TOKEN, decided, event, parsed, queue, where

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


def test_a_branch_whose_event_does_not_say_which_one_is_the_default_is_no_default_branch() -> None:
    """Runners built on act leave parts of a payload out."""
    pushed = PUSHED.model_copy(update={"repository": None})
    assert decided(pushed, command="create").scope == Scope(REPOSITORY, Kind.BRANCH, "feat/x")


def test_an_event_that_says_nothing_is_answered_by_which_it_was_and_what_to_set() -> None:
    with pytest.raises(UnsupportedEvent) as refused:
        decided(parsed("issues", {}), command="connect")
    assert "started by the event 'issues'" in refused.value.cause
    assert "command: connect" in refused.value.cause
    assert "inputs command and pr" in refused.value.remedy
    assert TOKEN["INPUT_SERVICE_TOKEN"] not in str(refused.value)
