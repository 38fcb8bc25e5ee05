"""What GitHub refuses, and how it is told: a limit is waited out and then named, and each refusal has its own cause."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from pydantic import SecretStr

from preview_db.deadline import Deadline
from preview_db.services.github.errors import GitHubFailed
from preview_db.services.github.repository import GitHubRepository
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.torture.claims import LONG

LIMITS = ["403-primary-limit", "429-primary-limit", "403-secondary-limit", "429-secondary-limit"]
OPERATIONS = ("GET .*/comments", "POST .*/comments", "POST .*/graphql")
WAITED_OUT = (
    [(operation, kind) for operation in OPERATIONS for kind in LIMITS]
    if LONG
    else [(OPERATIONS[0], "403-primary-limit"), (OPERATIONS[1], "429-secondary-limit"), (OPERATIONS[2], "403-secondary-limit")]
)


def refuse(life: Life, operation: str, kind: str, **rule: Any) -> None:
    life.emulator.control("PUT", "faults", {"kinds": [kind], "operations": [operation], **rule})


def warnings(run: Run) -> list[str]:
    return [annotation.message for annotation in run.annotations if annotation.level == "warning"]


@pytest.mark.parametrize(("operation", "kind"), WAITED_OUT)
def test_a_limit_that_ends_in_time_is_waited_out(life: Life, operation: str, kind: str) -> None:
    refuse(life, operation, kind, retry_after=1, count=2 if LONG else 1)
    run = life.opened()
    assert warnings(run) == []
    assert len(life.comments()) == 1


@pytest.mark.parametrize("kind", LIMITS)
def test_a_limit_that_lasts_longer_is_named_and_not_waited_for(life: Life, kind: str) -> None:
    refuse(life, "GET .*/comments", kind, retry_after=3000)
    run = life.opened()
    assert run.succeeded
    (warning,) = warnings(run)
    assert "rate limit" in warning
    assert "permission" not in warning
    assert run.seconds < 60


def test_a_limit_that_says_nothing_of_its_end_lasts_a_minute(life: Life) -> None:
    refuse(life, "GET .*/pulls", "403-secondary-limit", retry_after=None)
    where = life.emulator.addresses
    github = GitHubRepository(
        api_url=str(where["github_api_url"]),
        token=SecretStr(str(where["github_token"])),
        repository=life.emulator.repository,
        deadline=Deadline.after(59),
    )
    with contextlib.closing(github), pytest.raises(GitHubFailed, match=r"the server asks to wait for 60 s, and 5\d are left"):
        github.open_pull_requests()


if LONG:  # it is waited out

    def test_a_limit_that_says_nothing_of_its_end_is_waited_for_a_minute(life: Life) -> None:
        life.opened()
        life.emulator.pull_request(life.number, state="closed")
        refuse(life, "GET .*/pulls", "403-secondary-limit", retry_after=None)
        run = life.sweep(timeout="40s")
        assert run.exit_code == 1
        assert "the server asks to wait for 60 s" in run.annotations[-1].message
        assert len(life.databases()) == 1

    def test_a_secondary_limit_that_says_nothing_is_a_minute(life: Life) -> None:
        refuse(life, "GET .*/comments", "403-secondary-limit", retry_after=None)
        (warning,) = warnings(life.opened(timeout="1s", wait="none"))
        assert "rate limit" in warning
        assert "60 s" in warning


def test_a_missing_permission_is_not_asked_for_again(life: Life) -> None:
    refuse(life, "GET .*/comments", "403-permission")
    life.emulator.control("DELETE", "requests")
    (warning,) = warnings(life.opened())
    assert "lacks the permission 'pull-requests: write'" in warning
    asked = [request for request in life.emulator.control("GET", "requests") if request["status"] == 403]
    assert [request["path"].endswith(f"/{life.number}/comments") for request in asked] == [True]


def test_a_permission_that_no_workflow_can_give_is_not_asked_for(life: Life) -> None:
    refuse(life, "GET .*/permission", "403-permission")
    where, pull_request = life.emulator.where("maintainer"), life.emulator.pull_request(life.number, state="open")
    comment = payloads.issue_comment(
        id=1, repository=where["repository"], issue_number=life.number, body="/preview-db reset", user=where["sender"],
        created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    payload = payloads.issue_comment_event(action="created", comment=comment, pull_request=pull_request, **where)
    run = life.runs("issue_comment", payload)
    said = "\n".join(annotation.message for annotation in run.annotations)
    assert "HTTP 403" in said
    assert "metadata" not in said


@pytest.mark.parametrize(("kind", "cause"), [("401", "expired"), ("500", "GitHub has a problem")])
def test_each_refusal_has_its_own_cause(life: Life, kind: str, cause: str) -> None:
    refuse(life, "GET .*/comments", kind)
    (warning,) = warnings(life.opened())
    assert cause in warning
    assert "permission" not in warning


def test_a_repository_the_token_does_not_see_is_no_missing_permission(life: Life) -> None:
    life.environ["GITHUB_REPOSITORY"] = "acme/hidden"
    (warning,) = warnings(life.opened())
    assert "private" in warning
    assert "permission" not in warning
