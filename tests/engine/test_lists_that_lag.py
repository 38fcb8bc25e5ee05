"""A database that was just created is not listed yet: a run believes the answer to its own creation, and makes one."""

from __future__ import annotations

import pytest

from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in, until
from tests.torture.claims import LONG

LAGS = {"4 requests": {"list_lag_requests": 4}} | ({"3 s": {"list_lag_s": 3}} if LONG else {})
NO_LAG = {"list_lag_requests": 0, "list_lag_s": 0}


def creations(life: Life) -> int:
    """How many databases were created since `requests` was emptied, whatever became of them."""
    asked = life.emulator.control("GET", "requests")
    return sum((request["method"], request["path"], request["status"]) == ("POST", "/v1/databases", 201) for request in asked)


@pytest.mark.parametrize("lag", LAGS.values(), ids=LAGS)
@pytest.mark.parametrize("logical_id", ["known", "ignored", "refused"])
def test_a_preview_is_made_once_and_reset_once(life: Life, logical_id: str, lag: dict[str, object]) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": logical_id, **lag})
    life.emulator.control("DELETE", "requests")
    created = life.opened()
    assert created.outputs["outcome"] == "created", created.log
    assert can_log_in(created.outputs["database_url"])
    assert creations(life) == 1
    life.emulator.control("DELETE", "requests")
    reset = life.pushed(command="reset")
    assert reset.outputs["outcome"] == "reset", reset.log
    assert can_log_in(reset.outputs["database_url"])
    assert reset.outputs["database_id"] != created.outputs["database_id"]
    assert creations(life) == 1
    life.emulator.control("PUT", "settings", NO_LAG)
    assert [database["id"] for database in life.databases()] == [reset.outputs["database_id"]]


def test_a_run_that_fails_within_the_lag_leaves_nothing_behind(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"list_lag_s": 20, "next_statuses": ["failure"]})
    assert life.opened().exit_code == 1
    assert life.databases() == []


def test_a_close_within_the_lag_does_not_call_deleted_what_it_never_saw(life: Life) -> None:
    life.emulator.control("PUT", "settings", {"list_lag_requests": 5})
    opened = life.opened()
    closed = life.closed()
    assert (closed.outputs["outcome"], closed.outputs["deleted"]) == ("absent", "false")
    told = life.comments()[0]["body"]
    assert "deleted" not in told.splitlines()[1]
    assert "the next sweep deletes" in told
    assert [database["id"] for database in life.databases()] == [opened.outputs["database_id"]]
    until(lambda: life.sweep().succeeded and not life.databases())
