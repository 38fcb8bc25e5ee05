"""How many requests go out to one server at a time."""

from __future__ import annotations

import pytest

from preview_db.background import AT_ONCE, SideBySide
from preview_db.deadline import Deadline
from preview_db.services.prisma.client import ManagementApi
from preview_db_emulator.client import Emulator


@pytest.fixture
def slow(running: Emulator) -> Emulator:
    running.control("PUT", "settings", {"latency_ms": 40})
    running.control("DELETE", "requests")
    return running


def ask(running: Emulator, times: int) -> list[dict[str, float]]:
    """So many requests by more threads than are let in; as the server saw them, first to last."""
    addresses = running.addresses
    with (
        ManagementApi(addresses["management_api_url"], token=addresses["service_token"], deadline=Deadline.after(60)) as api,
        SideBySide(lambda _: api.me(), range(times), at_once=2 * AT_ONCE) as asked,
    ):
        assert len(list(asked)) == times
    return sorted(running.control("GET", "requests"), key=lambda request: float(request["time"]))


def most_at_a_time(requests: list[dict[str, float]]) -> int:
    return max(sum(other["time"] <= request["time"] < other["ended"] for other in requests) for request in requests)


def test_no_more_than_so_many_go_out_at_a_time(slow: Emulator) -> None:
    assert most_at_a_time(ask(slow, 40)) <= AT_ONCE


def test_after_too_many_requests_there_are_half_as_many_at_a_time_and_more_again_later(slow: Emulator) -> None:
    slow.control("PUT", "faults", {"kinds": ["429"], "count": AT_ONCE})
    went_well = [request for request in ask(slow, 160) if request["status"] == 200]
    assert most_at_a_time(went_well[:30]) <= AT_ONCE // 2
    assert AT_ONCE // 2 < most_at_a_time(went_well[60:]) <= AT_ONCE
