"""What the terminal says where there is nothing to say much about, or nobody listens any more."""

from __future__ import annotations

from preview_db.planning import identity
from tests.drivers.terminal import Desk, git


def test_a_project_without_previews_says_so(desk: Desk) -> None:
    said = desk("list")
    assert (said.exit_code, "No previews in the project" in said.out) == (0, True)


def test_a_second_database_is_warned_of(desk: Desk) -> None:
    name = identity.name(desk.life.scope)
    desk.life.emulator.control("POST", "databases", [{"name": name, "project": desk.life.project}] * 2)
    assert "There were 2 databases" in desk("create").err


def test_a_comment_that_cannot_be_written_is_a_warning(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "faults", {"kinds": ["403-permission"], "operations": ["POST .*/comments"]})
    said = desk("create", "--comment")
    assert said.exit_code == 0
    assert "pull-requests: write" in said.err


def test_a_reader_who_has_seen_enough_ends_it_quietly(desk: Desk) -> None:
    desk("create")
    said = desk.shell(f"set -o pipefail; {desk.command} list --json | true; echo ${{PIPESTATUS[0]}}")
    assert "Traceback" not in said.everything
    assert "defect" not in said.everything


def test_without_a_branch_it_asks_which_is_meant(desk: Desk) -> None:
    git(desk.folder, "commit", "--allow-empty", "-m", "x")
    git(desk.folder, "checkout", "--detach")
    said = desk("create")
    assert said.exit_code == 2
    assert "no branch is checked out" in said.err
