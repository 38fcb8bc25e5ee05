"""Events that leave something out, as runners built on act may, and events that say nothing: no guess is made, and no run falls over."""

from __future__ import annotations

import pytest

from preview_db.errors import UnsupportedEvent
from preview_db.planning.decision import Task
from preview_db.planning.lookups import EventState
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.github import payloads

from .test_decide import REPOSITORY, decided, event, parsed, said, where

WRITER = EventState(permission="write", checked=True)


def test_a_branch_whose_event_does_not_say_which_is_the_default_one_is_no_default_branch() -> None:
    pushed = parsed("push", payloads.push_event(ref="refs/heads/feat/x", before="2" * 40, after="1" * 40, **where()))
    unsaid = pushed.model_copy(update={"repository": None})
    assert decided(unsaid, command="create").scope == Scope(REPOSITORY, Kind.BRANCH, "feat/x")


@pytest.mark.parametrize("command", ["auto", "reset"])
def test_a_comment_that_nobody_is_said_to_have_written_gives_no_order(command: str) -> None:
    decision = decided(said("/preview-db reset").model_copy(update={"sender": None}), WRITER, command=command)
    assert (decision.task, decision.reason) == (Task.NOTHING, "the event does not say who wrote the comment")


def test_a_comment_whose_text_is_not_said_gives_no_order() -> None:
    decision = decided(said("/preview-db reset").model_copy(update={"comment": None}), WRITER)
    assert (decision.task, decision.reason) == (Task.NOTHING, "the comment gives no order to preview-db")


def test_an_order_on_a_pull_request_that_cannot_be_read_creates_nothing() -> None:
    decision = decided(said("/preview-db reset"), WRITER)
    assert (decision.task, decision.reason) == (Task.NOTHING, "pull request #12 can't be read")


def test_a_label_that_decides_nothing_changes_nothing() -> None:
    for action in ("labeled", "unlabeled"):
        assert decided(event(action=action)).task is Task.NOTHING


def test_an_event_that_says_nothing_is_answered_by_which_it_was_and_what_to_set() -> None:
    with pytest.raises(UnsupportedEvent) as refused:
        decided(parsed("issues", {}), command="connect")
    assert "started by the event 'issues'" in refused.value.cause
    assert "command: connect" in refused.value.cause
    assert "inputs command and pr" in refused.value.remedy
