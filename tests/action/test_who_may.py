"""Who may have a preview made, reset or deleted, and of what: the same whatever the event and whatever the command."""

from __future__ import annotations

from typing import Any

import pytest

from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life

ANSWERED = "2026-01-01T00:00:00Z"


def dispatched(life: Life, **inputs: str) -> Run:
    return life.runs("workflow_dispatch", payloads.workflow_dispatch_event(ref="refs/heads/main", **life.emulator.where()), inputs)


def commented(life: Life, by: str, *, action: str = "created", **inputs: str) -> Run:
    """A comment that says nothing to preview-db; the workflow's `command` says what it is to do."""
    where = life.emulator.where(by)
    comment = payloads.issue_comment(
        id=1, repository=where["repository"], issue_number=life.number, body="nice", user=where["sender"], created_at=ANSWERED,
        updated_at=ANSWERED,
    )  # fmt: skip
    pull_request = life.emulator.pull_request(life.number)
    return life.runs(
        "issue_comment", payloads.issue_comment_event(action=action, comment=comment, pull_request=pull_request, **where), inputs
    )


def is_skipped(run: Run, why: str) -> bool:
    return run.succeeded and run.outputs["outcome"] == "skipped" and why in run.raw_stdout


@pytest.mark.parametrize("command", ["create", "reset"])
def test_no_command_gives_a_fork_a_database(life: Life, command: str) -> None:
    life.emulator.control("PUT", "github/permissions/maintainer", {"permission": "write"})
    life.emulator.pull_request(life.number, state="open", head_repo="stranger/shop")
    another = life.emulator.pull_request_event("opened", life.pull().number, state="open")
    asked = {"command": command, "pr": str(life.number)}
    runs = [
        dispatched(life, **asked),
        commented(life, "maintainer", command=command),
        life.runs("pull_request_target", another, asked),
        life.runs("pull_request_target", life.pull_request.event("labeled"), {"command": command}),
    ]
    assert [is_skipped(run, "comes from a fork, and allow_forks is false") for run in runs] == [True] * 4
    assert life.databases() == []
    assert dispatched(life, **asked, allow_forks="true").succeeded
    assert len(life.databases()) == 1


@pytest.mark.parametrize("command", ["create", "reset", "delete", "connect"])
def test_a_comment_counts_only_from_who_may_write_and_only_when_it_is_new(life: Life, command: str) -> None:
    life.emulator.control("PUT", "github/permissions/maintainer", {"permission": "write"})
    life.opened()
    before = life.databases()
    assert is_skipped(commented(life, "stranger", command=command), "may not write")
    assert is_skipped(commented(life, "helpful[bot]", command=command), "bots give no orders")
    assert is_skipped(commented(life, "maintainer", action="edited", command=command), "only a new one counts")
    assert life.databases() == before
    assert commented(life, "maintainer", command=command).outputs["outcome"] != "skipped"


@pytest.mark.parametrize(
    ("asked", "said"), [({"pr": "987654"}, "There is no pull request #987654"), ({"branch": "no/such"}, "There is no branch no/such")]
)
@pytest.mark.parametrize("command", ["create", "reset"])
def test_what_does_not_exist_gets_no_database(life: Life, command: str, asked: dict[str, str], said: str) -> None:
    run = dispatched(life, command=command, **asked)
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert life.databases() == []


def test_without_a_token_for_github_it_says_that_it_did_not_look(life: Life) -> None:
    run = dispatched(life, command="create", pr="987654", github_token="")
    assert run.outputs["outcome"] == "created"
    assert "GitHub was not asked whether that exists" in run.raw_stdout


def test_a_delete_in_a_closed_run_that_is_run_again_leaves_a_reopened_pull_request_alone(life: Life) -> None:
    life.opened()
    closed = life.pull_request.event("closed", state="closed")
    life.emulator.pull_request(life.number, state="open")
    assert is_skipped(life.runs("pull_request", closed, {"command": "delete"}), "is open again by now")
    assert len(life.databases()) == 1


def test_deleting_another_pull_requests_database_takes_nothing_of_this_one(life: Life) -> None:
    def deployments() -> list[Any]:
        return [each for each in life.emulator.control("GET", "github/deployments") if each["fields"]["ref"].endswith(str(life.number))]

    life.inputs["deployment"] = "true"
    life.opened()
    mine, told, shown = life.databases(), life.comments()[0]["body"], life.emulator.control("GET", "github/deployments")
    another = life.pull()
    other = another.opened().outputs["database_id"]
    run = life.pushed(command="delete", database_id=other)
    assert run.outputs["outcome"] == "deleted", run.log
    assert life.databases() == mine
    assert life.comments()[0]["body"] == told
    left = life.emulator.control("GET", "github/deployments")
    assert [each["id"] for each in shown] == [each["id"] for each in left if each["id"] in {known["id"] for known in shown}]
