"""A list shows something twice, as it does when entries move to another page while it is read: nothing is taken for a second one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in

DATABASES = r"^GET /v1/databases(\?|$)"
COMMENTS = r"^GET /github/repos/.*/issues/\d+/comments"


def doubled(answer: Answer) -> None:
    content: Any = answer.json
    if answer.status == 200 and isinstance(content, dict):
        answer.json = {**content, "data": content["data"] * 2}
    elif answer.status == 200:
        answer.json = content * 2


@pytest.fixture
def repeating(life: Life) -> Iterator[Life]:
    """The pull request has its preview; from here on lists of databases and comments show everything twice."""
    life.opened()

    def lie(answer: Answer) -> None:
        about(DATABASES, doubled)(answer)
        about(COMMENTS, doubled)(answer)

    with lying(life.emulator, lie) as liar:
        life.environ |= liar.environ
        yield life


def test_a_push_keeps_the_database(repeating: Life) -> None:
    (before,) = repeating.databases()
    run = repeating.pushed()
    assert run.outputs["outcome"] == "reused", run.log
    assert [database["id"] for database in repeating.databases()] == [before["id"]]
    assert can_log_in(run.outputs["database_url"])


def test_a_sweep_keeps_the_database(repeating: Life) -> None:
    (before,) = repeating.databases()
    run = repeating.sweep()
    assert run.succeeded, run.log
    assert [database["id"] for database in repeating.databases()] == [before["id"]]


def test_a_reset_leaves_one(repeating: Life) -> None:
    run = repeating.pushed(command="reset")
    assert run.outputs["outcome"] == "reset", run.log
    assert [database["id"] for database in repeating.databases()] == [run.outputs["database_id"]]
    assert can_log_in(run.outputs["database_url"])


def test_a_close_deletes_it_once(repeating: Life) -> None:
    run = repeating.closed()
    assert (run.outputs["outcome"], run.annotations) == ("deleted", ())
    assert repeating.databases() == []


def test_the_comment_stays(repeating: Life) -> None:
    (before,) = repeating.comments()
    repeating.pushed(command="reset")
    assert [comment["id"] for comment in repeating.comments()] == [before["id"]]
