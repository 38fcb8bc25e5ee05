"""GitHub's refusals: rate limits of both kinds, a missing permission, a token that is no good; and whom the token writes as."""

from __future__ import annotations

import time
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


def fault(stand_in: StandIn, **rule: Any) -> None:
    answer = stand_in.control.put("faults", json={"count": 1, **rule})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("status", [403, 429])
def test_a_primary_limit_says_when_it_ends(stand_in: StandIn, rest: httpx.Client, status: int) -> None:
    fault(stand_in, kinds=[f"{status}-primary-limit"], retry_after=30)
    before = time.time()
    answer = rest.get("/repos/acme/shop")
    assert answer.status_code == status
    assert "rate limit exceeded" in answer.json()["message"]
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert before + 30 <= int(answer.headers["x-ratelimit-reset"]) <= time.time() + 31
    assert "retry-after" not in answer.headers
    assert rest.get("/repos/acme/shop").status_code == 200


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("retry_after", [7, None])
def test_a_secondary_limit_may_say_how_long_to_wait(stand_in: StandIn, rest: httpx.Client, status: int, retry_after: int | None) -> None:
    fault(stand_in, kinds=[f"{status}-secondary-limit"], retry_after=retry_after)
    answer = rest.get("/repos/acme/shop")
    assert answer.status_code == status
    assert "secondary rate limit" in answer.json()["message"]
    assert int(answer.headers["x-ratelimit-remaining"]) > 0
    assert answer.headers.get("retry-after") == (None if retry_after is None else "7")


def test_a_missing_permission_is_named_in_a_header(stand_in: StandIn, rest: httpx.Client) -> None:
    fault(stand_in, kinds=["403-permission"], permission="issues=write; pull_requests=write")
    answer = rest.get("/repos/acme/shop/pulls")
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")
    assert answer.headers["x-accepted-github-permissions"] == "issues=write; pull_requests=write"
    assert int(answer.headers["x-ratelimit-remaining"]) > 0, "it is no limit"


def test_each_api_refuses_in_its_own_shape(stand_in: StandIn, rest: httpx.Client) -> None:
    fault(stand_in, kinds=["401"], count=2)
    assert rest.get("/repos/acme/shop").json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }
    answer = stand_in.api.get("/v1/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "authentication-failed")


@pytest.mark.parametrize(("login", "kind", "may_ask"), [("acme-robot[bot]", "Bot", False), ("mona", "User", True)])
def test_the_token_may_write_as_somebody_else(stand_in: StandIn, rest: httpx.Client, login: str, kind: str, may_ask: bool) -> None:
    before = stand_in.control.get("github/token").json()
    assert before == {"login": "github-actions[bot]"}
    stand_in.control.put("github/pulls/901", json={})
    assert stand_in.control.put("github/token", json={"login": login}).status_code == 200
    try:
        written = rest.post("/repos/acme/shop/issues/901/comments", json={"body": "hello"}).json()
        assert (written["user"]["login"], written["user"]["type"]) == (login, kind)
        shown = stand_in.control.get("github/comments/901").json()[-1]
        assert (shown["user"], shown["type"]) == (login, kind)
        assert (rest.get("/user").status_code == 200) == may_ask
    finally:
        stand_in.control.put("github/token", json=before)
