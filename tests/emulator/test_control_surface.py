"""What tests and the demo lean on: databases on paper, bad weather, the record of requests."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.drivers.emulator import StandIn, log_in, secret


def fault(stand_in: StandIn, **rule: Any) -> None:
    answer = stand_in.control.put("faults", json=rule)
    assert answer.status_code == 200, answer.text


def create(stand_in: StandIn, name: str) -> httpx.Response:
    return stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], "name": name})


def names(stand_in: StandIn) -> list[str]:
    return [database["name"] for database in stand_in.control.get("databases").json()]


def test_a_database_on_paper_looks_like_any_other_and_becomes_real_when_somebody_wants_in(stand_in: StandIn) -> None:
    (made,) = stand_in.control.post(
        "databases",
        json=[
            {
                "name": "paper",
                "logicalId": "paper-1",
                "createdAt": "2026-01-31T12:00:00Z",
                "connections": [{"name": "old", "createdAt": "2026-02-01T00:00:00Z"}],
            }
        ],
    ).json()
    (read,) = stand_in.api.get("/v1/databases", params={"logicalId": "paper-1"}).json()["data"]
    assert (read["id"], read["createdAt"], read["status"]) == (made["id"], "2026-01-31T12:00:00.000Z", "ready")
    (old,) = read["connections"]
    assert (old["name"], old["createdAt"]) == ("old", "2026-02-01T00:00:00.000Z")
    existing = "SELECT datname FROM pg_database"
    assert ("paper",) not in log_in(stand_in.ready["postgres_url"], existing)

    connection = stand_in.create_connection(made)
    assert log_in(secret(connection), "SELECT current_database()") == [("paper",)]
    assert stand_in.api.post(f"/v1/connections/{old['id']}/rotate").status_code == 200
    assert stand_in.api.delete(f"/v1/connections/{old['id']}").status_code == 204
    assert stand_in.api.delete(f"/v1/databases/{made['id']}").status_code == 204
    assert ("paper",) not in log_in(stand_in.ready["postgres_url"], existing)


def test_ten_thousand_databases_are_put_on_paper_at_once_and_listed_page_by_page(stand_in: StandIn) -> None:
    project = stand_in.api.post("/v1/projects", json={"createDatabase": False}).json()["data"]["id"]
    population = [{"name": f"paper-{n}", "project": project, "createdAt": n, "connections": [{"name": "app"}]} for n in range(10_000)]
    assert stand_in.control.post("databases", json=population).status_code == 201
    listed, cursor = 0, None
    while True:
        page = stand_in.api.get("/v1/databases", params={"projectId": project, **({"cursor": cursor} if cursor else {})}).json()
        listed += len(page["data"])
        cursor = page["pagination"]["nextCursor"]
        if cursor is None:
            break
    assert listed == 10_000
    assert stand_in.api.delete(f"/v1/projects/{project}").status_code == 204


def test_a_default_database_can_be_put_on_paper_anywhere(stand_in: StandIn) -> None:
    project = stand_in.api.post("/v1/projects", json={"createDatabase": False}).json()["data"]["id"]
    (made,) = stand_in.control.post("databases", json={"name": "d", "project": project, "isDefault": True}).json()
    assert stand_in.api.delete(f"/v1/databases/{made['id']}").status_code == 403


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"), [("500", 500, None), ("502", 502, None), ("429", 429, None), ("429-retry-after", 429, "1")]
)
def test_requests_fail_with_a_status_and_nothing_is_done(stand_in: StandIn, kind: str, status: int, retry_after: str | None) -> None:
    fault(stand_in, kinds=[kind], count=1)
    answer = create(stand_in, f"never-{kind}")
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert f"never-{kind}" not in names(stand_in)
    assert create(stand_in, f"then-{kind}").status_code == 201


def test_a_reset_connection_means_nothing_was_done_and_a_lost_answer_that_it_was(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["reset"], count=1)
    with pytest.raises(httpx.TransportError):
        create(stand_in, "reset")
    fault(stand_in, kinds=["lost"], count=1)
    with pytest.raises(httpx.TransportError):
        create(stand_in, "lost")
    assert ("reset" in names(stand_in), "lost" in names(stand_in)) == (False, True)
    statuses = [each["status"] for each in stand_in.control.get("requests").json()[-2:]]
    assert statuses == [0, 0], "neither got an answer"


def test_an_answer_may_be_cut_short(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["truncated"])
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        stand_in.api.get("/v1/me")
    with pytest.raises(httpx.TransportError):
        create(stand_in, "cut-short")
    assert "cut-short" in names(stand_in)


def test_a_page_of_html_may_come_with_a_200(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["html"])
    answer = stand_in.api.get("/v1/databases")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_silence_lasts_as_long_as_asked(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["silence"], silence_s=0.3)
    started = time.monotonic()
    with pytest.raises(httpx.TransportError):
        stand_in.api.get("/v1/me")
    assert time.monotonic() - started >= 0.3


def test_a_redirect_leads_to_another_host_that_is_watched(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["redirect"], count=1)
    answer = stand_in.api.get("/v1/me")
    assert (answer.status_code, urlsplit(answer.headers["location"]).hostname) == (307, "localhost")
    httpx.get(answer.headers["location"])
    assert stand_in.control.get("requests").json()[-1]["host"].startswith("localhost:")


def test_a_small_answer_may_unpack_to_a_very_large_one(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["bomb"])
    with stand_in.api.stream("GET", "/v1/me") as answer:
        assert int(answer.headers["content-length"]) < 1_000_000
        assert sum(1 for chunk in answer.iter_bytes(1_000_000) if len(chunk) == 1_000_000) == 200


def test_faults_strike_where_and_when_they_are_told_to(stand_in: StandIn) -> None:
    fault(stand_in, kinds=["500"], operations=["^GET /v1/me$"], after=2, count=1)
    assert stand_in.api.get("/v1/workspaces").status_code == 200
    assert [stand_in.api.get("/v1/me").status_code for _ in range(4)] == [200, 200, 500, 200]
    rules = [{"kinds": ["502"], "operations": [r"page=3\b"]}, {"kinds": ["500"], "operations": ["DELETE /v1/databases/db_x"]}]
    assert stand_in.control.put("faults", json=rules).status_code == 200
    token = {"Authorization": f"Bearer {stand_in.ready['github_token']}"}
    pulls = f"{stand_in.ready['github_api_url']}/repos/acme/shop/pulls"
    assert [httpx.get(pulls, params={"page": page}, headers=token).status_code for page in (2, 3, 30)] == [200, 502, 200]
    assert stand_in.api.delete("/v1/databases/db_x").status_code == 500
    assert stand_in.control.get("settings").status_code == 200, "the control surface is spared"


def test_the_same_seed_brings_the_same_weather(stand_in: StandIn) -> None:
    seen = []
    for _ in range(2):
        fault(stand_in, rate=0.3, seed=7, kinds=["500", "502", "429"])
        seen.append([stand_in.api.get("/v1/me").status_code for _ in range(80)])
    assert seen[0] == seen[1]
    assert {200, 429, 500, 502} == set(seen[0])


@pytest.mark.parametrize("nonsense", [{"kinds": ["rain"]}, {"operations": ["("]}, {"when": "now"}])
def test_nonsense_faults_are_refused(stand_in: StandIn, nonsense: dict[str, Any]) -> None:
    assert stand_in.control.put("faults", json=nonsense).status_code == 422


def test_all_that_is_served_is_on_record(stand_in: StandIn) -> None:
    assert stand_in.control.delete("requests").status_code == 204
    before = time.time()
    stand_in.api.get("/v1/databases", params={"limit": 1})
    stand_in.api.get("/v1/nowhere")
    httpx.get(f"{stand_in.ready['github_api_url']}/user")
    record = stand_in.control.get("requests").json()
    assert [(each["method"], each["path"], each["query"], each["status"]) for each in record] == [
        ("GET", "/v1/databases", "limit=1", 200),
        ("GET", "/v1/nowhere", "", 404),
        ("GET", "/github/user", "", 401),
    ]
    assert all(before <= each["time"] <= time.time() for each in record)


def test_a_database_that_is_deleted_while_a_connection_is_minted_leaves_nothing(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="torn")
    stand_in.api.delete(f"/v1/databases/{database['id']}")
    answer = stand_in.api.post("/v1/connections", json={"databaseId": database["id"], "name": "late"})
    assert answer.status_code == 404
    with pytest.raises(psycopg.OperationalError):
        log_in(secret(database))


def test_a_reset_takes_back_what_a_test_has_set_and_made(stand_in: StandIn) -> None:
    before = stand_in.control.get("settings").json()
    stand_in.control.put("settings", json={"provisioning_s": 60, "latency_ms": 1, "next_statuses": ["failure"]})
    stand_in.control.put("github/pulls/77", json={"state": "open"})
    project = stand_in.api.post("/v1/projects", json={"createDatabase": True}).json()["data"]["id"]
    stand_in.control.put("github/rate_limit", json={"remaining": 0, "reset_in_s": 600})
    fault(stand_in, kinds=["500"])
    assert stand_in.control.post("reset").status_code == 204
    assert stand_in.control.get("faults").json() == []
    assert stand_in.control.get("settings").json() == before
    assert stand_in.control.get("github/pulls/77").status_code == 404
    assert httpx.get(f"{stand_in.ready['github_api_url']}/repos/acme/shop/pulls").headers["x-ratelimit-remaining"] != "0"
    assert [shown["id"] for shown in stand_in.api.get("/v1/projects").json()["data"]] == [stand_in.ready["project_id"]]
    assert project not in {database["project"]["id"] for database in stand_in.control.get("databases").json()}
