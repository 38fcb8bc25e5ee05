"""The stand-in's GitHub objects are ones that GitHub's own clients read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from github import Github
from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.PullRequest import PullRequest
from github.Repository import Repository

from preview_db_emulator.github import payloads

ADDRESSES: dict[str, Any] = {"api_url": "http://127.0.0.1:8080/api/v3", "server_url": "http://127.0.0.1:8080"}
THEN, LATER = "2026-01-02T03:04:05Z", "2026-01-02T04:05:06Z"
A, B, NOBODY = "a" * 40, "b" * 40, "0" * 40

ACME = payloads.user("acme", id=2, kind="Organization", **ADDRESSES)
MONA = payloads.user("mona", id=3, **ADDRESSES)
BOT = payloads.user("github-actions[bot]", id=41898282, kind="Bot", **ADDRESSES)
SHOP = payloads.repository("acme/shop", id=77, owner=ACME, **ADDRESSES)
FORK = payloads.repository("mona/shop", id=78, fork=True, **ADDRESSES)


def pull(**differently: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "number": 12,
        "repository": SHOP,
        "head_ref": "feat/basket",
        "head_sha": A,
        "base_ref": "main",
        "base_sha": B,
        "head_repository": SHOP,
        "state": "open",
        "merged": False,
        "draft": False,
        "labels": ["needs db"],
        "title": "Add a basket",
        "body": None,
        "user": MONA,
        "created_at": THEN,
        "updated_at": LATER,
        "closed_at": None,
        "merged_at": None,
    }
    return payloads.pull_request(**{**usual, **differently})


COMMENT = payloads.issue_comment(id=5, repository=SHOP, issue_number=12, body="Hello", user=BOT, created_at=THEN, updated_at=LATER)
WHERE: dict[str, Any] = {"repository": SHOP, "sender": MONA}
EVENTS = {
    "opened": payloads.pull_request_event(action="opened", pull_request=pull(), **WHERE),
    "synchronize": payloads.pull_request_event(action="synchronize", pull_request=pull(), before=B, after=A, **WHERE),
    "edited": payloads.pull_request_event(action="edited", pull_request=pull(), changes={"title": {"from": "x"}}, **WHERE),
    "labeled": payloads.pull_request_event(action="labeled", pull_request=pull(), label=payloads.label("x", repository=SHOP), **WHERE),
    "push": payloads.push_event(ref="refs/heads/x", before=B, after=A, **WHERE),
    "push that deletes": payloads.push_event(ref="refs/heads/x", before=B, after=NOBODY, **WHERE),
    "create": payloads.create_event(ref="x", **WHERE),
    "delete": payloads.delete_event(ref="x", **WHERE),
    "merge_group": payloads.merge_group_event(action="checks_requested", number=12, base_ref="main", base_sha=B, head_sha=A, **WHERE),
    "schedule": payloads.schedule_event(schedule="0 3 * * *", repository=SHOP),
    "workflow_dispatch": payloads.workflow_dispatch_event(ref="refs/heads/main", inputs={"pr": "12"}, **WHERE),
    "repository_dispatch": payloads.repository_dispatch_event(event_type="sweep", client_payload={"a": 1}, **WHERE),
    "workflow_run": payloads.workflow_run_event(action="completed", head_branch="x", head_sha=A, pull_requests=[pull()], **WHERE),
    "issue_comment": payloads.issue_comment_event(action="created", comment=COMMENT, pull_request=pull(), **WHERE),
}


def strings(content: Any) -> Iterator[tuple[str, str]]:
    """Every string in a payload with the key it stands under."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        if isinstance(value, str):
            yield str(key), value
        elif isinstance(value, dict | list):
            yield from strings(value)


def test_pygithub_reads_each_object() -> None:
    github = Github(base_url=ADDRESSES["api_url"])
    account = github.create_from_raw_data(NamedUser, BOT)
    repository = github.create_from_raw_data(Repository, SHOP)
    request = github.create_from_raw_data(PullRequest, pull(state="closed", merged=True, merged_at=LATER, closed_at=LATER))
    comment = github.create_from_raw_data(IssueComment, COMMENT)

    assert (account.login, account.type) == ("github-actions[bot]", "Bot")
    assert (repository.full_name, repository.id, repository.owner.login) == ("acme/shop", 77, "acme")
    assert (request.number, request.merged, request.head.ref) == (12, True, "feat/basket")
    assert [label.name for label in request.labels] == ["needs db"]
    assert request.closed_at == datetime(2026, 1, 2, 4, 5, 6, tzinfo=UTC)
    assert (comment.body, comment.user.login) == ("Hello", "github-actions[bot]")


@pytest.mark.parametrize("name", EVENTS)
def test_every_payload_is_json(name: str) -> None:
    assert json.loads(json.dumps(EVENTS[name])) == EVENTS[name]


@pytest.mark.parametrize("name", EVENTS)
def test_every_address_is_on_the_stand_in(name: str) -> None:
    for key, value in strings(EVENTS[name]):
        if "://" in value and key != "git_url":
            assert value.startswith(tuple(ADDRESSES.values())), key


def test_a_deleted_fork_leaves_a_pull_request_without_a_head_repository() -> None:
    assert pull(head_repository=FORK)["head"]["repo"]["full_name"] == "mona/shop"
    assert pull(head_repository=None)["head"]["repo"] is None


def test_only_an_organization_s_events_name_the_organization() -> None:
    assert EVENTS["opened"]["organization"]["login"] == "acme"
    own = payloads.delete_event(ref="x", repository=FORK, sender=MONA)
    assert "organization" not in own


def test_a_push_says_whether_the_branch_is_new_or_gone() -> None:
    gone = EVENTS["push that deletes"]
    assert (gone["created"], gone["deleted"], gone["head_commit"]) == (False, True, None)
    new = payloads.push_event(ref="refs/heads/x", before=NOBODY, after=A, **WHERE)
    assert (new["created"], new["deleted"], new["head_commit"]["id"]) == (True, False, A)


def test_a_merge_group_s_ref_is_all_that_names_its_pull_request() -> None:
    assert EVENTS["merge_group"]["merge_group"]["head_ref"] == f"refs/heads/gh-readonly-queue/main/pr-12-{B}"
    assert "pull_request" not in EVENTS["merge_group"]
