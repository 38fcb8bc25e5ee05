"""Lists that lag: a database that was just created is there, and isn't listed yet."""

from __future__ import annotations

import time
from typing import Any

import pytest

from preview_db_emulator.client import emulator
from tests.drivers.emulator import StandIn, log_in, secret


def listed(stand_in: StandIn, logical_id: str, **query: str) -> int:
    return len(stand_in.api.get("/v1/databases", params={"logicalId": logical_id, **query}).json()["data"])


@pytest.fixture
def lagging(stand_in: StandIn) -> StandIn:
    assert stand_in.control.put("settings", json={"list_lag_requests": 2}).status_code == 200
    return stand_in


def test_a_new_database_is_missing_from_the_next_lists_and_can_be_read_by_its_id(lagging: StandIn) -> None:
    created = lagging.create_database(name="lag-requests", logicalId="lag-requests")
    assert lagging.api.get(f"/v1/databases/{created['id']}").json()["data"]["id"] == created["id"]
    assert log_in(secret(created)) == [(1,)]
    assert listed(lagging, "somebody-elses") == 0, "a list it doesn't belong in doesn't count"
    assert [listed(lagging, "lag-requests") for _ in range(3)] == [0, 0, 1]


def test_both_paths_of_the_list_lag(lagging: StandIn) -> None:
    created = lagging.create_database(name="lag-path")
    path = f"/v1/projects/{lagging.ready['project_id']}/databases"
    seen = [created["id"] in {each["id"] for each in lagging.api.get(path).json()["data"]} for _ in range(3)]
    assert seen == [False, False, True]


def test_what_is_not_listed_yet_keeps_its_logical_id_all_the_same(lagging: StandIn) -> None:
    body = {"projectId": lagging.ready["project_id"], "name": "lag-unique", "logicalId": "lag-unique"}
    assert [lagging.api.post("/v1/databases", json=body).status_code for _ in range(2)] == [201, 409]
    assert listed(lagging, "lag-unique") == 0


def test_a_list_may_lag_for_a_time(stand_in: StandIn) -> None:
    stand_in.control.put("settings", json={"list_lag_s": 0.5})
    created = stand_in.create_database(name="lag-time", logicalId="lag-time")
    seen: list[int] = []
    deadline = time.monotonic() + 10
    while not seen or not seen[-1]:
        assert time.monotonic() < deadline
        seen.append(listed(stand_in, "lag-time"))
    assert seen[0] == 0
    assert stand_in.api.delete(f"/v1/databases/{created['id']}").status_code == 204


def test_what_was_there_before_and_what_is_put_on_paper_is_listed(stand_in: StandIn) -> None:
    stand_in.create_database(name="before-lag", logicalId="before-lag")
    stand_in.control.put("settings", json={"list_lag_requests": 5})
    seeded: dict[str, Any] = {"name": "paper-lag", "logicalId": "paper-lag"}
    stand_in.control.post("databases", json=seeded)
    assert (listed(stand_in, "before-lag"), listed(stand_in, "paper-lag")) == (1, 1)


def test_the_command_takes_it_as_an_option() -> None:
    flags = "--list-lag 3600 --list-lag-requests 1 --provisioning 0.5 --cold-start 0.6 --latency 20"
    asked = {"list_lag_s": 3600, "list_lag_requests": 1, "provisioning_s": 0.5, "cold_start_s": 0.6, "latency_ms": 20}
    with emulator(*flags.split()) as running:
        assert running.control("GET", "settings").items() >= asked.items()
