"""A pull request that is reopened as its preview is deleted has one again, and is told so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, lying
from tests.drivers.workflow import PullRequest, Workflow, can_log_in, until


def closed_as(pull: PullRequest, between: Callable[[], object], **inputs: str) -> Run:
    """The run for ``closed``, with ``between`` its last look at the pull request and the deletion."""
    came: list[object] = []

    def lie(answer: Answer) -> None:
        if answer.operation.startswith("GET /github/") and "/pulls/" in answer.operation and not came:
            came.append(between())

    with lying(pull.workflow.emulator, lie) as liar:
        behind = dataclasses.replace(pull.workflow, environ={**pull.workflow.environ, **liar.environ})
        return PullRequest(behind, pull.number).happens("closed", {"state": "closed"}, **inputs)


def told(run: Run) -> list[str]:
    return [annotation.message for annotation in run.annotations if annotation.title == "Reopened meanwhile"]


def test_one_that_is_reopened_as_its_preview_is_deleted_has_one_again(workflow: Workflow) -> None:
    """The reopened pull request's own run was given the old one: nothing had been deleted when it looked."""
    pull = workflow.pull()
    opened, reopened = pull.opened(), list[Run]()
    closed = closed_as(pull, lambda: reopened.append(pull.happens("reopened", {"state": "open"})))
    assert reopened[0].outputs["database_id"] == opened.outputs["database_id"]
    assert not can_log_in(reopened[0].outputs["database_url"])

    assert closed.succeeded, closed.log
    (message,) = told(closed)
    assert "Another is created now" in message
    assert "run that job again" in message
    (database,) = pull.databases()
    assert (closed.outputs["outcome"], closed.outputs["deleted"]) == ("created", "false")
    assert closed.outputs["database_id"] == database["id"] != opened.outputs["database_id"]
    assert can_log_in(closed.outputs["database_url"])
    (comment,) = pull.comments()
    assert database["id"] in comment["body"]
    assert pull.happens("reopened", {}).outputs["outcome"] == "reused"


def test_a_step_that_is_there_to_delete_says_so_and_creates_none(workflow: Workflow) -> None:
    pull = workflow.pull()
    pull.opened()
    closed = closed_as(pull, lambda: pull.event("reopened", state="open"), command="delete")
    assert (closed.exit_code, closed.outputs["outcome"]) == (0, "deleted")
    assert ["This step creates none" in message for message in told(closed)] == [True]
    assert pull.databases() == []


def test_a_step_that_knows_no_source_does_not_put_an_empty_one_in_the_place_of_a_clone(workflow: Workflow) -> None:
    source = workflow.pull().opened().outputs["database_id"]
    pull = workflow.pull()
    pull.opened(source=source)
    closed = closed_as(pull, lambda: pull.event("reopened", state="open"))
    assert ["This step creates none" in message for message in told(closed)] == [True]
    assert pull.databases() == []


def test_one_that_is_reopened_as_a_draft_has_none_where_drafts_have_none(workflow: Workflow) -> None:
    pull = workflow.pull()
    pull.opened()
    closed = closed_as(pull, lambda: pull.event("reopened", state="open", draft=True), drafts="false")
    assert (closed.outputs["outcome"], told(closed), pull.databases()) == ("deleted", [], [])


@pytest.mark.parametrize(("merged", "looks"), [(True, 1), (False, 2)])
def test_after_a_merge_nothing_is_looked_at_again(workflow: Workflow, merged: bool, looks: int) -> None:
    pull = workflow.pull()
    pull.opened()
    workflow.emulator.control("DELETE", "requests")
    assert pull.closed(merged=merged).outputs["outcome"] == "deleted"
    served = [request["path"] for request in workflow.emulator.control("GET", "requests")]
    assert len([path for path in served if path.endswith(f"/pulls/{pull.number}")]) == looks


def test_a_sweep_says_whose_preview_it_has_deleted_as_it_was_reopened(workflow: Workflow) -> None:
    pull = workflow.pull()
    pull.opened()
    pull.event("closed", state="closed")

    def lie(answer: Answer) -> None:
        if answer.operation.startswith("DELETE /v1/databases"):
            pull.event("reopened", state="open")

    with lying(workflow.emulator, lie) as liar:
        swept = dataclasses.replace(workflow, environ=liar.environ).sweep()
    assert swept.succeeded, swept.log
    (message,) = told(swept)
    assert f"The preview of pull request #{pull.number} was deleted, and it is open by now" in message
    assert "run that job again" in swept.summary
    (comment,) = pull.comments()
    assert "run that job again" in comment["body"]


def test_where_github_cannot_be_asked_again_the_deletion_stands(workflow: Workflow) -> None:
    pull = workflow.pull()
    pull.opened()

    def lie(answer: Answer) -> None:
        if answer.operation.endswith(f"/pulls/{pull.number}") and any("DELETE /v1/databases" in asked for asked in liar.asked):
            answer.status, answer.json = 403, {"message": "Resource not accessible by integration"}

    with lying(workflow.emulator, lie) as liar:
        behind = dataclasses.replace(workflow, environ=liar.environ)
        closed = PullRequest(behind, pull.number).closed()
    assert (closed.exit_code, closed.outputs["outcome"]) == (0, "deleted")
    assert any("pull-requests: read" in annotation.message for annotation in closed.annotations)
    until(lambda: pull.databases() == [])
