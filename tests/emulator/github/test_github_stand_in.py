"""The GitHub stand-in, by PyGithub itself where it can be asked through it, and over HTTP where it can't."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.Repository import Repository

from tests.drivers import plain_http
from tests.drivers.emulator import StandIn


@pytest.fixture
def repository(stand_in: StandIn) -> Iterator[Repository]:
    client = Github(
        auth=Auth.Token(stand_in.ready["github_token"]),
        base_url=stand_in.ready["github_api_url"],
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    with client:
        yield client.get_repo(stand_in.ready["repository"])


@pytest.fixture
def rest(stand_in: StandIn) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"token {stand_in.ready['github_token']}"}
    with plain_http.client(base_url=stand_in.ready["github_api_url"], headers=headers) as client:
        yield client


def put_pull(stand_in: StandIn, number: int, **fields: Any) -> dict[str, Any]:
    answer = stand_in.control.put(f"github/pulls/{number}", json=fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_repository_answers_to_name_and_id(stand_in: StandIn, repository: Repository) -> None:
    assert (repository.full_name, repository.id) == (stand_in.ready["repository"], stand_in.ready["repository_id"])
    assert repository.default_branch == "main"
    by_id = repository.requester
    _, data = by_id.requestJsonAndCheck("GET", f"/repositories/{repository.id}")
    assert data["full_name"] == repository.full_name


def test_a_wrong_token_is_bad_credentials(stand_in: StandIn) -> None:
    answer = httpx.get(f"{stand_in.ready['github_api_url']}/repos/acme/shop", headers={"Authorization": "token no"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_the_jobs_token_may_not_ask_who_it_is(rest: httpx.Client) -> None:
    answer = rest.get("/user")
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_what_is_not_there_is_not_found(repository: Repository, rest: httpx.Client) -> None:
    with pytest.raises(UnknownObjectException):
        repository.get_pull(999_999)
    with pytest.raises(UnknownObjectException):
        repository.get_issue(999_999).create_comment("x")
    assert rest.get("/repos/acme/other").json() == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }


def test_a_pull_request_opens_closes_merges_and_reopens(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9011, head_ref="feat/x", labels=["a", "b"], draft=True, title="Hello", user="mona")
    pull = repository.get_pull(9011)
    assert (pull.state, pull.merged, pull.draft, pull.title, pull.user.login) == ("open", False, True, "Hello", "mona")
    assert ([label.name for label in pull.labels], pull.head.ref) == (["a", "b"], "feat/x")
    assert (pull.head.repo.full_name, pull.base.ref, pull.closed_at) == (repository.full_name, "main", None)
    assert repository.get_issue(9011).state == "open"
    put_pull(stand_in, 9011, merged=True)
    pull = repository.get_pull(9011)
    assert (pull.state, pull.merged) == ("closed", True)
    assert pull.closed_at is not None
    assert pull.merged_at is not None
    put_pull(stand_in, 9011, state="open")
    pull = repository.get_pull(9011)
    assert (pull.state, pull.merged, pull.closed_at, pull.merged_at) == ("open", False, None, None)


def test_a_pull_request_from_a_fork_and_from_a_deleted_fork(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9012, head_repo="stranger/shop")
    fork = repository.get_pull(9012).head.repo
    assert (fork.full_name, fork.fork) == ("stranger/shop", True)
    put_pull(stand_in, 9012, head_repo=None)
    assert repository.get_pull(9012).head.repo is None


def test_pull_requests_are_listed_by_state_order_and_page(stand_in: StandIn, repository: Repository, rest: httpx.Client) -> None:
    for number in range(90100, 90145):
        put_pull(
            stand_in, number, base_ref="listed", updated_at=f"2025-01-01T00:{number - 90100:02}:00Z", created_at=1_700_000_000 + number
        )
    put_pull(stand_in, 90144, state="closed", updated_at="2024-12-31T00:00:00Z")
    opened = [pull.number for pull in repository.get_pulls(base="listed")]
    assert opened == list(range(90143, 90099, -1))
    every = [pull.number for pull in repository.get_pulls(state="all", base="listed", sort="updated", direction="asc")]
    assert every == [90144, *range(90100, 90144)]
    assert [pull.number for pull in repository.get_pulls(state="closed", base="listed")] == [90144]
    assert [pull.number for pull in repository.get_pulls(head="acme:feature-90120")] == [90120]
    answer = rest.get("/repos/acme/shop/pulls", params={"base": "listed", "per_page": 20, "page": 2})
    assert len(answer.json()) == 20
    assert "merged" not in answer.json()[0], "a list shows less than a single one"
    assert re.findall(r'[?&]page=(\d+)[^>]*>; rel="(\w+)"', answer.headers["link"]) == [
        ("3", "next"),
        ("3", "last"),
        ("1", "prev"),
        ("1", "first"),
    ]
    assert stand_in.ready["github_api_url"] in answer.headers["link"]


def test_comments_are_the_bots_and_can_be_found_on_any_page(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9013)
    stand_in.control.put("github/comments/9013", json=[{"login": "mona", "body": f"chatter {n}"} for n in range(70)])
    issue = repository.get_issue(9013)
    mine = issue.create_comment("<!-- mine -->\nhello")
    assert (mine.user.login, mine.user.type) == ("github-actions[bot]", "Bot")
    found = [comment for comment in issue.get_comments() if comment.body.startswith("<!-- mine -->")]
    assert [comment.id for comment in found] == [mine.id]
    found[0].edit("edited")
    assert repository.get_issue(9013).comments == 71
    seen = stand_in.control.get("github/comments/9013").json()
    assert (seen[-1]["body"], seen[-1]["user"], len(seen)) == ("edited", "github-actions[bot]", 71)
    assert seen[0].keys() >= {"id", "body", "user", "created_at", "updated_at"}
    mine.delete()
    with pytest.raises(UnknownObjectException):
        repository.get_issue(9013).get_comment(mine.id)


def test_a_comment_has_a_size_limit(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9014)
    issue = repository.get_issue(9014)
    assert len(issue.create_comment("é" * 65_536).body) == 65_536
    for body in ("x" * 65_537, "  "):
        with pytest.raises(GithubException) as refusal:
            issue.create_comment(body)
        assert refusal.value.status == 422
        assert refusal.value.data["errors"]


def test_reactions(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9015)
    (comment,) = stand_in.control.put("github/comments/9015", json={"login": "mona", "body": "/preview-db reset"}).json()
    seen = repository.get_issue(9015).get_comment(comment["id"])
    first, again = seen.create_reaction("eyes"), seen.create_reaction("eyes")
    assert first.id == again.id
    assert [reaction.user.login for reaction in seen.get_reactions()] == ["github-actions[bot]"]
    assert stand_in.control.get("github/comments/9015").json()[0]["reactions"] == ["eyes"]
    seen.delete_reaction(first.id)
    assert list(seen.get_reactions()) == []


def test_branches_come_and_go(stand_in: StandIn, repository: Repository) -> None:
    queue = "gh-readonly-queue/main/pr-7-abc"
    for name in ("feat/a", queue):
        assert stand_in.control.put(f"github/branches/{name}", json={}).status_code == 200
    assert {"main", "feat/a", queue} <= {branch.name for branch in repository.get_branches()}
    assert repository.get_branch("feat/a").commit.sha == repository.get_git_ref("heads/feat/a").object.sha
    queued = {ref.ref for ref in repository.get_git_matching_refs("heads/gh-readonly-queue")}  # other tests' entries among them
    assert f"refs/heads/{queue}" in queued
    assert all(ref.startswith("refs/heads/gh-readonly-queue") for ref in queued)
    assert stand_in.control.delete("github/branches/feat/a").status_code == 204
    with pytest.raises(GithubException) as refusal:
        repository.get_branch("feat/a")
    assert refusal.value.status == 404


def test_permissions(stand_in: StandIn, repository: Repository) -> None:
    assert repository.get_collaborator_permission("acme") == "admin"
    assert repository.get_collaborator_permission("stranger") == "read"
    stand_in.control.put("github/permissions/mona", json={"permission": "write"})
    assert repository.get_collaborator_permission("Mona") == "write"


def test_a_deployment_lives_and_ends(stand_in: StandIn, repository: Repository) -> None:
    put_pull(stand_in, 9016, head_ref="deployed")
    create: dict[str, Any] = {
        "required_contexts": [],
        "auto_merge": False,
        "transient_environment": True,
        "environment": "preview-db",
        "task": "pr-16",
    }
    deployment = repository.create_deployment("deployed", payload={"a": 1}, **create)
    other = repository.create_deployment("main", **create)
    deployment.create_status("success", environment_url="https://example.com", description="ready")
    assert [status.state for status in deployment.get_statuses()] == ["success"]
    assert {each.id for each in repository.get_deployments(environment="preview-db", task="pr-16")} == {deployment.id, other.id}
    assert repository.get_deployment(deployment.id).payload == {"a": 1}
    path = deployment.url
    with pytest.raises(GithubException) as refusal:
        repository.requester.requestJsonAndCheck("DELETE", path)
    assert refusal.value.status == 422, "an active one can't be deleted"
    deployment.create_status("inactive")
    repository.requester.requestJsonAndCheck("DELETE", path)
    left = {each["id"] for each in stand_in.control.get("github/deployments").json()}
    assert (deployment.id in left, other.id in left) == (False, True)
    assert "preview-db" in {each.name for each in repository.get_environments()}, "environments pile up, as they do"
    with pytest.raises(GithubException):
        repository.create_deployment("no-such-ref")
