"""GitHub's stand-in as GitHub publishes itself: shapes in full, deployments' switches, rate limits in every answer, and GraphQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.drivers import plain_http
from tests.drivers.emulator import StandIn


@pytest.fixture
def rest(stand_in: StandIn) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"token {stand_in.ready['github_token']}"}
    with plain_http.client(base_url=stand_in.ready["github_api_url"], headers=headers) as client:
        yield client


REPOSITORY = "/repos/acme/shop"


def test_a_branch_by_itself_shows_its_commit_in_full(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/branches/feat/full", json={})
    branch = rest.get(f"{REPOSITORY}/branches/feat/full").json()
    assert branch.keys() == {"name", "commit", "_links", "protected", "protection", "protection_url"}
    assert branch["_links"].keys() == {"html", "self"}
    commit = branch["commit"]
    assert commit.keys() == {"url", "sha", "node_id", "html_url", "comments_url", "commit", "author", "committer", "parents"}
    assert commit["commit"].keys() == {"url", "author", "committer", "message", "tree", "comment_count", "verification"}


def test_a_repository_and_an_account_by_themselves_show_more(rest: httpx.Client) -> None:
    repository = rest.get(REPOSITORY).json()
    assert repository.keys() >= {"network_count", "subscribers_count", "permissions", "allow_squash_merge", "temp_clone_token"}
    user = rest.get("/users/mona").json()
    profile = {"name", "company", "blog", "location", "email", "hireable", "bio", "public_repos", "public_gists", "followers", "following"}
    assert user.keys() >= profile | {"created_at", "updated_at", "login", "id"}


def deploy(rest: httpx.Client, **fields: Any) -> httpx.Response:
    sent = {"ref": "main", "environment": "shapes", "required_contexts": [], "auto_merge": False, **fields}
    return rest.post(f"{REPOSITORY}/deployments", json={name: value for name, value in sent.items() if value is not None})


@pytest.mark.parametrize("contexts", [None, ["ci/build"]])
def test_a_deployment_whose_checks_are_not_over_is_a_conflict(rest: httpx.Client, contexts: list[str] | None) -> None:
    answer = deploy(rest, required_contexts=contexts)
    assert answer.status_code == 409
    assert "Commit status checks failed" in answer.json()["message"]
    assert answer.json()["errors"][0]["contexts"][0]["context"] == (contexts or ["preview"])[0]


def test_auto_merge_merges_the_default_branch_and_deploys_nothing(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/branches/feat/behind", json={})
    answer = deploy(rest, ref="feat/behind", auto_merge=None)
    assert (answer.status_code, answer.json().keys()) == (202, {"message"})
    assert deploy(rest, ref="feat/behind").status_code == 201
    assert deploy(rest, auto_merge=None).status_code == 201, "the default branch is not behind itself"


def test_an_environment_called_production_is_one_unless_told_otherwise(rest: httpx.Client) -> None:
    assert deploy(rest, environment="production").json()["production_environment"] is True
    assert deploy(rest, environment="production", production_environment=False).json()["production_environment"] is False
    assert deploy(rest).json()["production_environment"] is False
    (shown,) = [each for each in rest.get(f"{REPOSITORY}/environments").json()["environments"] if each["name"] == "production"]
    assert shown.keys() >= {"id", "node_id", "name", "url", "html_url", "created_at", "updated_at", "protection_rules"}


@pytest.mark.parametrize(
    ("fields", "ends"), [({}, True), ({"transient_environment": True}, False), ({"production_environment": True}, False)]
)
@pytest.mark.parametrize("auto_inactive", [None, False])
def test_a_success_ends_what_was_deployed_before(
    rest: httpx.Client, fields: dict[str, bool], ends: bool, auto_inactive: bool | None
) -> None:
    environment = f"ends-{fields}-{auto_inactive}"
    before, after = (deploy(rest, environment=environment, **fields).json() for _ in range(2))
    rest.post(f"{before['statuses_url']}", json={"state": "success"})
    rest.post(f"{after['statuses_url']}", json={"state": "success", **({} if auto_inactive is None else {"auto_inactive": auto_inactive})})
    newest = rest.get(before["statuses_url"]).json()[0]["state"]
    assert newest == ("inactive" if ends and auto_inactive is None else "success")
    assert rest.get(after["statuses_url"]).json()[0]["state"] == "success"


def test_every_answer_says_what_is_left_of_the_rate_limit(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/rate_limit", json={"remaining": 500, "reset_in_s": 3600})
    first, second = rest.get(REPOSITORY), rest.get(f"{REPOSITORY}/pulls/404404")
    assert (second.status_code, first.headers["x-ratelimit-resource"]) == (404, "core")
    assert int(second.headers["x-ratelimit-used"]) == int(first.headers["x-ratelimit-used"]) + 1
    assert int(first.headers["x-ratelimit-limit"]) - int(first.headers["x-ratelimit-used"]) == int(first.headers["x-ratelimit-remaining"])
    asked = rest.get("/rate_limit")
    assert asked.json()["rate"]["used"] == int(second.headers["x-ratelimit-used"]), "asking for it is free"


def test_the_rate_limit_can_run_out(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/rate_limit", json={"remaining": 1, "reset_in_s": 3600})
    try:
        assert [rest.get(REPOSITORY).status_code for _ in range(3)] == [200, 403, 403]
        refused = rest.get(REPOSITORY)
        assert (refused.headers["x-ratelimit-remaining"], "rate limit exceeded" in refused.json()["message"]) == ("0", True)
        assert rest.get("/rate_limit").status_code == 200
    finally:
        stand_in.control.delete("github/rate_limit")
    assert rest.get(REPOSITORY).status_code == 200


COMMENTS = """
query ($repo: String!, $owner: String!, $number: Int!, $after: String) {
  viewer { login }
  repository(name: $repo, owner: $owner) {
    pullRequest(number: $number) {
      comments(first: 100, after: $after) {
        nodes { id author { __typename login } isMinimized body }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""


def graphql(rest: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    answer = rest.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_graphql_finds_comments_on_every_page_and_knows_its_own(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/pulls/970", json={})
    stand_in.control.put("github/comments/970", json=[{"login": "mona", "body": f"chatter {n}"} for n in range(100)])
    written = rest.post(f"{REPOSITORY}/issues/970/comments", json={"body": "mine"}).json()
    where = {"owner": "acme", "repo": "shop", "number": 970}
    first = graphql(rest, COMMENTS, **where)["data"]
    page = first["repository"]["pullRequest"]["comments"]
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (100, True)
    second = graphql(rest, COMMENTS, **where, after=page["pageInfo"]["endCursor"])["data"]["repository"]["pullRequest"]["comments"]
    (mine,) = second["nodes"]
    assert (mine["id"], mine["body"], second["pageInfo"]["hasNextPage"]) == (written["node_id"], "mine", False)
    assert first["viewer"]["login"] == "github-actions[bot]"
    assert mine["author"] == {"__typename": "Bot", "login": "github-actions"}, "an author's login has no [bot] here"


def test_graphql_edits_hides_and_deletes_comments(stand_in: StandIn, rest: httpx.Client) -> None:
    stand_in.control.put("github/pulls/971", json={})
    id = rest.post(f"{REPOSITORY}/issues/971/comments", json={"body": "first"}).json()["node_id"]
    update = "mutation ($input: UpdateIssueCommentInput!) { updateIssueComment(input: $input) { issueComment { id body } } }"
    assert graphql(rest, update, input={"id": id, "body": "second"})["data"]["updateIssueComment"]["issueComment"]["body"] == "second"
    hide = (
        "mutation ($input: MinimizeCommentInput!) { minimizeComment(input: $input) { minimizedComment { isMinimized minimizedReason } } }"
    )
    hidden = graphql(rest, hide, input={"subjectId": id, "classifier": "OUTDATED"})["data"]["minimizeComment"]["minimizedComment"]
    assert hidden == {"isMinimized": True, "minimizedReason": "outdated"}
    delete = "mutation ($input: DeleteIssueCommentInput!) { deleteIssueComment(input: $input) { clientMutationId } }"
    assert "errors" not in graphql(rest, delete, input={"id": id})
    assert stand_in.control.get("github/comments/971").json() == []
    (error,) = graphql(rest, delete, input={"id": id})["errors"]
    assert error["type"] == "NOT_FOUND"


def test_graphql_refuses_what_its_schema_does_not_have_and_who_has_no_token(stand_in: StandIn, rest: httpx.Client) -> None:
    assert "Cannot query field" in graphql(rest, "{ viewer { nonsense } }")["errors"][0]["message"]
    assert httpx.post(f"{stand_in.ready['github_api_url']}/graphql", json={"query": "{ viewer { login } }"}).status_code == 401
