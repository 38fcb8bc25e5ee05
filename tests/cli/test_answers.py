"""What a command says is what it did: statuses, counts, and the comment on the pull request."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from preview_db import __version__
from preview_db.planning import identity
from preview_db.planning.model import Kind, Scope
from tests.drivers.terminal import Desk


def test_a_database_that_was_deleted_is_not_called_ready(desk: Desk) -> None:
    desk("create")
    said = desk("delete", "--yes")
    assert "deleted" in said.out
    assert "ready" not in said.out
    desk("create")
    assert desk("delete", "--yes", "--json").json["database"]["status"] == "deleted"


def test_connect_alone_says_what_there_is(desk: Desk) -> None:
    desk("create")
    (database,) = desk.life.databases()
    said = desk("connect")
    assert said.exit_code == 0
    for fact in (database["id"], database["name"], "ready"):
        assert fact in said.out


def closed_with_a_duplicate(desk: Desk) -> None:
    """A closed pull request with two databases, another with one, and an open one with two: a sweep deletes four."""
    life = desk.life
    scopes: list[Scope] = []
    for state, databases in (("closed", 2), ("closed", 1), ("open", 2)):
        number = life.pull().number
        life.emulator.pull_request(number, state=state, closed_at=time.time() - 900 if state == "closed" else None)
        scopes += [Scope(life.repository, Kind.PULL_REQUEST, str(number))] * databases
    for scope in scopes:
        life.emulator.control(
            "POST", "databases", [{"name": identity.name(scope), "project": life.project, "createdAt": time.time() - 9000}]
        )


def test_a_sweep_counts_what_it_shows_and_what_it_deletes(desk: Desk) -> None:
    closed_with_a_duplicate(desk)
    before = {database["id"] for database in desk.life.databases()}
    asked = desk.on_screen("sweep", answers=["n\n"])
    assert "Delete 4 databases with their data?" in asked.out
    dry = desk("sweep", "--dry-run")
    assert sum(identifier in dry.out for identifier in before) == 4
    assert "Databases: 1 kept, 4 would go; untouched: 1 default database" in dry.out
    done = desk("sweep", "--yes")
    deleted = before - {database["id"] for database in desk.life.databases()}
    assert all(identifier in done.out for identifier in deleted)
    assert "Databases: 1 kept, 4 deleted" in done.out
    assert len(deleted) == 4


def test_what_is_one_is_said_so(desk: Desk) -> None:
    number = desk.life.pull().number
    desk.life.emulator.pull_request(number, state="closed")
    desk.life.seed(Scope(desk.life.repository, Kind.PULL_REQUEST, str(number)))
    said = desk.on_screen("sweep", answers=["y\n"])
    assert "Delete 1 database with its data?" in said.out
    assert "1 databases" not in said.out
    assert "1 default databases" not in said.out


def test_a_comment_there_is_stays_true_unasked(desk: Desk) -> None:
    desk.life.opened()
    desk("reset", "--yes")
    (database,) = desk.life.databases()
    (comment,) = desk.life.comments()
    assert database["id"] in comment["body"]
    desk("delete", "--yes")
    (comment,) = desk.life.comments()
    assert "deleted" in comment["body"].splitlines()[1]
    desk("create")
    (comment,) = desk.life.comments()
    assert "ready" in comment["body"].splitlines()[1]


def test_a_sweep_from_a_terminal_keeps_comments_true(desk: Desk) -> None:
    desk.life.opened()
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    desk("sweep", "--yes")
    (comment,) = desk.life.comments()
    assert "deleted" in comment["body"].splitlines()[1]


@pytest.mark.parametrize("command", [["create"], ["reset", "--yes"], ["delete", "--yes"]])
def test_no_comment_is_written_unasked(desk: Desk, command: list[str]) -> None:
    assert desk(*command).exit_code == 0
    assert desk.life.comments() == []


def test_a_dry_sweep_s_plan_is_in_the_log(desk: Desk) -> None:
    closed_with_a_duplicate(desk)
    run = desk.life.sweep(dry_run="true")
    listed = [line for line in run.log if "delete" in line and "closed" in line]
    assert len(listed) == 3
    assert len([line for line in run.log if "a second one" in line]) == 1


@pytest.mark.parametrize("kept", [0, 1])
def test_a_log_says_one_preview_and_no_previews(desk: Desk, kept: int) -> None:
    life = desk.life
    number = life.pull().number
    life.emulator.pull_request(number, state="open" if kept else "closed")
    life.seed(Scope(life.repository, Kind.PULL_REQUEST, str(number)))
    for said in (desk("sweep", "--yes", "--max-deletions", "0").err, "\n".join(life.sweep(max_deletions="0").log)):
        assert "2 databases in the project, 1 preview of" in said
        assert (
            "0 previews to delete, 0 beyond max_deletions, 1 to keep" if kept else "1 database beyond max_deletions (0), not deleted"
        ) in said


def test_the_docs_show_this_version() -> None:
    docs = "\n".join(page.read_text("utf-8") for page in (Path(__file__).parents[2] / "docs").glob("*.md"))
    assert set(re.findall(r"preview-db (\d+\.\d+\.\d+)", docs)) <= {__version__}


@pytest.fixture
def person(desk: Desk) -> Iterator[str]:
    """Whose token it is at the terminal, once it is put in."""
    before = desk.life.emulator.control("GET", "github/token")
    yield "octocat"
    desk.life.emulator.control("PUT", "github/token", before)


def test_a_person_s_deletion_corrects_the_comment_that_a_job_wrote(desk: Desk, person: str) -> None:
    desk.life.opened()
    desk.life.emulator.control("PUT", "github/token", {"login": person})
    desk("delete", "--yes")
    (comment,) = desk.life.comments()
    assert comment["user"] == "github-actions[bot]"
    assert "deleted" in comment["body"].splitlines()[1]
