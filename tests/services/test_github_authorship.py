"""Whose a comment is: ours is the one written by whoever the token writes as, and there is one of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from preview_db.planning import identity
from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.pull_request import Life


def put(life: Life, *comments: dict[str, str]) -> None:
    life.emulator.control("PUT", f"github/comments/{life.number}", list(comments))


@pytest.fixture
def writes_as(life: Life) -> Iterator[None]:
    before = life.emulator.control("GET", "github/token")
    yield
    life.emulator.control("PUT", "github/token", before)


@pytest.mark.usefixtures("writes_as")
@pytest.mark.parametrize("login", ["github-actions[bot]", "acme-robot[bot]", "mona"])
def test_another_bots_comment_with_our_marker_stays_as_it_is(life: Life, login: str) -> None:
    life.emulator.control("PUT", "github/token", {"login": login})
    life.emulator.pull_request(life.number, state="open")
    echo = f"<!-- preview-db {identity.tag(life.scope)} -->\nan echo"
    put(life, {"body": echo, "login": "echo[bot]", "type": "Bot"})
    life.opened()
    life.pushed()
    life.closed()
    theirs, ours = life.comments()
    assert (theirs["user"], theirs["body"]) == ("echo[bot]", echo)
    assert ours["user"] == login
    assert "Deleted" in ours["body"]


@pytest.mark.parametrize("at", ["push", "close"])
def test_two_comments_of_ours_become_one(life: Life, at: str) -> None:
    life.opened()
    first = life.comments()[0]
    twin = {"body": first["body"], "login": "github-actions[bot]", "type": "Bot"}
    put(life, twin, {"body": "between", "login": "mona", "type": "User"}, twin)
    assert len(life.comments()) == 4
    _ = life.pushed() if at == "push" else life.closed()
    ours, other = life.comments()
    assert (ours["id"], other["body"]) == (first["id"], "between")
    assert ("Deleted" if at == "close" else "new commits") in ours["body"]


@pytest.mark.parametrize("body", [b'{"errors": [{"message": "Something went wrong"}]}', None])
def test_where_nobody_says_whom_it_writes_as_the_jobs_token_is_taken_for_the_jobs(life: Life, body: bytes | None) -> None:
    def silent(answer: Answer) -> None:
        answer.status, answer.body = (404, b'{"message": "Not Found"}') if body is None else (200, body)

    with lying(life.emulator, about("POST .*/graphql", silent)) as liar:
        life.environ |= liar.environ
        for run in (life.opened(), life.pushed(), life.closed()):
            assert run.succeeded
            assert run.annotations == ()
    (comment,) = life.comments()
    assert "Deleted" in comment["body"]


@pytest.mark.parametrize("body", ["", "somebody else's run was here"])
def test_a_comment_that_goes_or_changes_while_a_run_is_at_work_is_put_right(life: Life, body: str) -> None:
    life.opened()
    life.pushed()
    before = life.comments()[0]["body"]

    def meanwhile(_: Answer) -> None:
        url = f"{life.emulator.addresses['github_api_url']}/repos/{life.emulator.repository}/issues/comments/{life.comments()[0]['id']}"
        headers = {"Authorization": f"Bearer {life.emulator.addresses['github_token']}"}
        marker = before.splitlines()[0]
        answer = httpx.request(*(("PATCH", url) if body else ("DELETE", url)), headers=headers, json={"body": f"{marker}\n{body}"})
        answer.raise_for_status()

    with lying(life.emulator, about("POST .*/v1/connections", meanwhile)) as liar:
        life.environ |= liar.environ
        assert life.pushed().annotations == ()
    (comment,) = life.comments()
    assert without_times(comment["body"]) == without_times(before)


def without_times(body: str) -> str:
    """A minute may have gone by since the other was written."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", body)
