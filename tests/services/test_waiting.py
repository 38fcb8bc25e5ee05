"""A run that waits for an API says what it waits for, and for how long at most."""

from __future__ import annotations

import re

import pytest

from tests.drivers import exit_codes
from tests.drivers.pull_request import Life
from tests.drivers.terminal import Desk

WAITING = re.compile(r"^GET \S+: HTTP 429; trying again in 2 s \(try 2 of 6, for \d+ s at most\)$")


@pytest.fixture
def desk(life: Life) -> Desk:
    desk = Desk(life, life.root / "shop")
    desk.opened()
    return desk


@pytest.mark.parametrize("operation", ["GET /v1/projects", "GET .*/pulls"])
@pytest.mark.parametrize("command", ["create", "list"])
def test_a_terminal_says_what_is_tried_again_and_until_when(desk: Desk, command: str, operation: str) -> None:
    desk("create")
    desk.life.emulator.control("PUT", "faults", {"kinds": ["429-retry-after"], "retry_after": 2, "count": 1, "operations": [operation]})
    said = desk(command)
    assert said.exit_code == 0, said.err
    assert [line for line in said.err.splitlines() if WAITING.match(line)]


def test_a_step_says_it_in_its_log(life: Life) -> None:
    life.emulator.control(
        "PUT", "faults", {"kinds": ["429-retry-after"], "retry_after": 2, "count": 1, "operations": ["GET /v1/databases"]}
    )
    run = life.opened()
    assert run.succeeded
    assert len([line for line in run.log if WAITING.match(line)]) == 1


def test_a_short_wait_is_not_worth_a_word(life: Life) -> None:
    life.emulator.control("PUT", "faults", {"kinds": ["500"], "count": 1, "operations": ["GET /v1/databases"]})
    assert not [line for line in life.opened().log if "trying again" in line]


def test_an_api_that_stays_down_is_told_as_it_is_waited_for(desk: Desk) -> None:
    desk.life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["GET /v1/projects"]})
    said = desk("list", PREVIEW_DB_PACE="0.5")
    assert said.exit_code == exit_codes.FAILED
    tries = [line for line in said.err.splitlines() if "HTTP 500; trying again in" in line]
    assert tries[-1].partition("(")[2].startswith("try 6 of 6, for ")
