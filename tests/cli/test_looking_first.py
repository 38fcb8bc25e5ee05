"""A preview is created for what is there, and for a fork only where that was allowed."""

from __future__ import annotations

import pytest

from tests.drivers.terminal import Desk

FAILED, NOTHING_THERE = 1, 3


@pytest.mark.parametrize("about", [["--pr", "987654"], ["--branch", "feat/never-pushed"]])
@pytest.mark.parametrize("command", [["create", "--export"], ["reset", "--yes"]])
def test_nothing_is_created_for_what_does_not_exist(desk: Desk, command: list[str], about: list[str]) -> None:
    said = desk(*command, *about)
    assert said.exit_code == FAILED
    assert about[1] in said.err
    assert (said.out, desk.life.databases()) == ("", [])


def test_without_a_token_for_github_it_says_that_it_did_not_look(desk: Desk) -> None:
    said = desk("create", "--pr", "987654", "--repo-id", str(desk.life.repository.id), GH_TOKEN="")
    assert said.exit_code == 0, said.err
    assert "GitHub was not asked" in said.err


def test_a_github_that_can_not_be_asked_is_said_and_does_not_stop_it(desk: Desk) -> None:
    number = str(desk.life.number)
    desk.life.emulator.control("PUT", "faults", {"kinds": ["403-permission"], "operations": [f"GET .*/pulls/{number}$"]})
    said = desk("create", "--pr", number)
    assert (said.exit_code, len(desk.life.databases())) == (0, 1)
    assert f"Reading pull request #{number} failed" in said.err


def test_a_fork_s_pull_request_has_a_preview_only_where_that_is_allowed(desk: Desk) -> None:
    number = str(desk.life.number)
    desk.life.emulator.pull_request(desk.life.number, head_repo="stranger/shop")
    refused = desk("create", "--pr", number, "--export")
    assert (refused.exit_code, refused.out, desk.life.databases()) == (NOTHING_THERE, "", [])
    assert "fork" in refused.err
    assert desk("create", "--pr", number, "--allow-forks").exit_code == 0
    assert len(desk.life.databases()) == 1
