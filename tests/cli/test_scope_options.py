"""No option is passed over in silence, and a command that hands nothing over does not succeed."""

from __future__ import annotations

import pytest

from tests.drivers import exit_codes
from tests.drivers.terminal import Desk
from tests.drivers.workflow import until

CONTRADICTIONS = [
    ["connect", "--pr", "7", "--database-id", "db_1"],
    ["delete", "--branch", "main", "--database-id", "db_1", "--yes"],
    ["delete", "--key", "jobs", "--database-id", "db_1", "--yes"],
    ["plan", "--pr", "7", "--all"],
    ["plan", "--key", "jobs", "--all"],
    ["create", "--dry-run", "--export"],
]


@pytest.mark.parametrize("arguments", CONTRADICTIONS, ids=" ".join)
def test_options_that_contradict_each_other_are_refused(desk: Desk, arguments: list[str]) -> None:
    said = desk(*arguments)
    assert (said.exit_code, said.out) == (exit_codes.USAGE, "")
    assert arguments[1] in said.err
    assert arguments[3 if arguments[3:] and arguments[3].startswith("--") else 2] in said.err


@pytest.mark.parametrize(
    "arguments", [["create", "--export"], ["create", "--env-file", ".env"], ["create", "--json"], ["reset", "--yes", "--export"]]
)
def test_what_leaves_no_preview_behind_does_not_succeed(desk: Desk, arguments: list[str]) -> None:
    desk.life.emulator.pull_request(desk.life.number, state="closed", merged=True)
    said = desk(*arguments, "--pr", str(desk.life.number))
    assert said.exit_code == exit_codes.NOTHING_THERE
    assert "merged" in said.err
    assert said.out == ""
    assert desk.life.databases() == []


def test_a_pull_request_that_is_closed_meanwhile_leaves_none_and_says_so(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "settings", {"provisioning_s": 4})
    process = desk.start("create", "--export", "--timeout", "50s")
    until(desk.life.databases)
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (exit_codes.NOTHING_THERE, "")
    assert "closed by now" in err
    assert desk.life.databases() == []


def test_a_script_does_not_go_on_with_the_variable_it_inherited(desk: Desk) -> None:
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    script = f'set -e; lines=$({desk.command} create --export --pr {desk.life.number}); eval "$lines"; echo "tests run on $DATABASE_URL"'
    said = desk.shell(script, DATABASE_URL="postgres://production")
    assert said.exit_code != 0
    assert "production" not in said.everything
