"""The Management API stand-in answers as the published contract says."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
import pytest

from tests.drivers.emulator import StandIn, log_in, secret

REFERENCE = {"id", "url", "name"}
CONNECTION = {"id", "type", "url", "name", "createdAt", "kind", "endpoints", "directConnection", "database"}
DATABASE = {
    *("id", "type", "url", "name", "status", "createdAt", "isDefault", "defaultConnectionId", "connections"),
    *("project", "region", "source", "branchId", "logicalId"),
}
DEPRECATED = {"apiKeys", "connectionString", "directConnection"}
PROJECT = {"id", "type", "url", "name", "logicalId", "createdAt", "defaultRegion", "workspace"}
BRANCH = {"id", "type", "url", "gitName", "isDefault", "role", "createdAt", "updatedAt", "project"}


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Assert that it is an Error of the contract; return its message."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error.keys() <= {"code", "message", "hint"}
    return str(error["message"])


def new_project(stand_in: StandIn, **fields: Any) -> dict[str, Any]:
    answer = stand_in.api.post("/v1/projects", json={"name": "p", "createDatabase": False, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def check_connection(shape: dict[str, Any], *, secrets: bool) -> None:
    assert shape.keys() == CONNECTION
    assert (shape["type"], shape["kind"]) == ("connection", "postgres")
    assert shape["endpoints"].keys() == {"direct", "pooled"}
    for endpoint in shape["endpoints"].values():
        assert endpoint.keys() == {"host", "port"} | ({"connectionString"} if secrets else set())
    assert (shape["directConnection"] is not None) == secrets
    assert shape["database"].keys() == REFERENCE


def check_database(shape: dict[str, Any]) -> None:
    assert shape.keys() == DATABASE
    assert shape["type"] == "database"
    assert re.fullmatch(r"db_c[a-z0-9]{24}", shape["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shape["createdAt"])
    assert shape["project"].keys() == REFERENCE
    assert shape["region"].keys() == {"id", "name"}


def test_without_the_token_there_is_nothing_to_see(stand_in: StandIn) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {stand_in.ready['service_token']}"}):
        answer = httpx.get(f"{stand_in.ready['management_api_url']}/v1/databases", headers=headers)
        refused(answer, 401, "authentication-failed")


def test_me_tells_the_workspace_of_the_token(stand_in: StandIn) -> None:
    data = stand_in.api.get("/v1/me").json()["data"]
    assert data.keys() == {"user", "workspace", "credential"}
    assert data["workspace"]["id"] == stand_in.ready["workspace_id"]
    assert data["credential"].keys() == {"type", "id", "name"}
    assert data["credential"]["type"] == "service_token"


def test_workspaces_and_subscription(stand_in: StandIn) -> None:
    listed = stand_in.api.get("/v1/workspaces").json()
    (workspace,) = listed["data"]
    assert listed["pagination"] == {"nextCursor": None, "hasMore": False}
    assert stand_in.api.get(f"/v1/workspaces/{workspace['id']}").json()["data"] == workspace
    subscription = stand_in.api.get(f"/v1/workspaces/{workspace['id'].removeprefix('wksp_')}/subscription").json()["data"]
    assert subscription.keys() == {"planName", "usageBlocked", "upgradeUrl"}
    refused(stand_in.api.get("/v1/workspaces/wksp_other"), 404, "resource-not-found")


def test_the_project_it_starts_with_has_a_default_database_that_cannot_be_deleted(stand_in: StandIn) -> None:
    listed = stand_in.api.get("/v1/databases", params={"projectId": stand_in.ready["project_id"]}).json()["data"]
    (default,) = [database for database in listed if database["isDefault"]]
    refused(stand_in.api.delete(f"/v1/databases/{default['id']}"), 403, "permission-denied")
    assert stand_in.api.get(f"/v1/databases/{default['id']}").status_code == 200


def test_a_created_database_shows_its_secrets_once(stand_in: StandIn) -> None:
    created = stand_in.create_database(name="shown-once", region="eu-west-3", logicalId="shown-once")
    check_database(created)
    (connection,) = created["connections"]
    check_connection(connection, secrets=True)
    assert created["defaultConnectionId"] == connection["id"]
    assert created["region"] == {"id": "eu-west-3", "name": "Europe (Paris)"}
    assert log_in(secret(created), "SELECT current_database()") == [("shown-once",)]

    read = stand_in.api.get(f"/v1/databases/{created['id']}").json()["data"]
    check_database(read)
    check_connection(read["connections"][0], secrets=False)
    listed = stand_in.api.get("/v1/databases", params={"logicalId": "shown-once"}).json()["data"]
    assert listed == [read]
    password = unquote(urlsplit(secret(created)).password or "")
    for path in ("/v1/databases", "/v1/connections", f"/v1/connections/{connection['id']}", f"/v1/databases/{created['id']}/connections"):
        assert password not in stand_in.api.get(path).text


def test_the_legacy_shape_has_the_deprecated_fields_that_clients_still_read(stand_in: StandIn) -> None:
    path = f"/v1/projects/{stand_in.ready['project_id']}/databases"
    answer = stand_in.api.post(path, json={"name": "legacy", "region": "us-east-1", "isDefault": False})
    assert answer.status_code == 201
    created = answer.json()["data"]
    assert created.keys() == DATABASE | DEPRECATED
    (key,) = created["apiKeys"]
    assert key.keys() == (CONNECTION | {"connectionString"}) - {"database"}
    # As published clients put it together; `host` is host and port.
    direct = created["directConnection"]
    url = f"postgres://{direct['user']}:{direct['pass']}@{direct['host']}/{created['name']}?sslmode=require"
    assert log_in(url) == [(1,)]
    assert created["id"] in {each["id"] for each in stand_in.api.get(path).json()["data"]}


@pytest.mark.parametrize("nested", [True, False])
def test_a_created_connection_comes_with_secrets_and_the_path_decides_the_status(stand_in: StandIn, nested: bool) -> None:
    database = stand_in.create_database(name="with-connections")
    if nested:
        answer = stand_in.api.post(f"/v1/databases/{database['id']}/connections", json={"name": "app"})
    else:
        answer = stand_in.api.post("/v1/connections", json={"databaseId": database["id"], "name": "app"})
    assert answer.status_code == (200 if nested else 201)
    created = answer.json()["data"]
    assert created.keys() == CONNECTION | {"connectionString", "host", "pass", "user"}
    assert re.fullmatch(r"127\.0\.0\.1:\d+", created["host"])
    for endpoint in ("direct", "pooled"):
        url = secret(created, endpoint)
        assert url.endswith("?sslmode=require")
        assert log_in(url) == [(1,)]
    read = stand_in.api.get(f"/v1/connections/{created['id']}").json()["data"]
    check_connection(read, secrets=False)
    assert read in stand_in.api.get("/v1/connections", params={"databaseId": database["id"]}).json()["data"]


def test_rotating_replaces_the_secret(stand_in: StandIn) -> None:
    connection = stand_in.create_connection(stand_in.create_database(name="rotated"))
    answer = stand_in.api.post(f"/v1/connections/{connection['id']}/rotate")
    assert answer.status_code == 200
    assert answer.json()["data"]["id"] == connection["id"]
    assert log_in(secret(answer.json()["data"])) == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(secret(connection))


def test_prefixes_of_ids_are_optional(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="prefix")
    bare = database["id"].removeprefix("db_")
    assert stand_in.api.get(f"/v1/databases/{bare}").json()["data"]["id"] == database["id"]
    connection = stand_in.api.post("/v1/connections", json={"databaseId": bare, "name": "x"}).json()["data"]
    assert stand_in.api.delete(f"/v1/connections/{connection['id'].removeprefix('con_')}").status_code == 204
    project = stand_in.ready["project_id"].removeprefix("proj_")
    assert stand_in.api.get("/v1/databases", params={"projectId": project}).json()["data"]


def test_deleting_answers_an_empty_204_and_then_404(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="short-lived")
    connection = stand_in.create_connection(database)
    for path in (f"/v1/connections/{connection['id']}", f"/v1/databases/{database['id']}"):
        answer = stand_in.api.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        refused(stand_in.api.delete(path), 404, "resource-not-found")
        refused(stand_in.api.get(path), 404, "resource-not-found")


def test_deleting_a_connection_whose_database_is_gone_is_fine(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="gone-first")
    connection = stand_in.create_connection(database)
    stand_in.api.delete(f"/v1/databases/{database['id']}")
    assert stand_in.api.delete(f"/v1/connections/{connection['id']}").status_code == 204


def test_a_logical_id_is_unique_in_its_branch(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    branch = stand_in.api.post(f"/v1/projects/{project['id']}/branches", json={"gitName": "feat/a"}).json()["data"]
    create = {"projectId": project["id"], "name": "x", "logicalId": "one"}
    assert stand_in.api.post("/v1/databases", json=create).status_code == 201
    refused(stand_in.api.post("/v1/databases", json=create), 409, "conflict")
    elsewhere = stand_in.api.post("/v1/databases", json={**create, "branchId": branch["id"]})
    assert elsewhere.status_code == 201
    main = stand_in.api.get(f"/v1/projects/{project['id']}/branches", params={"gitName": "main"}).json()["data"][0]
    moved = stand_in.api.patch(f"/v1/databases/{elsewhere.json()['data']['id']}", json={"branchId": main["id"]})
    refused(moved, 409, "conflict")


def test_of_twenty_at_once_with_one_logical_id_exactly_one_is_created(stand_in: StandIn) -> None:
    body = {"projectId": stand_in.ready["project_id"], "name": "raced", "logicalId": "raced"}

    def create_and_look(_: int) -> tuple[int, int]:
        status = stand_in.api.post("/v1/databases", json=body).status_code
        return status, len(stand_in.api.get("/v1/databases", params={"logicalId": "raced"}).json()["data"])

    with ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(create_and_look, range(20)))
    assert outcomes == [(201, 1), *[(409, 1)] * 19]


def test_branch_id_and_branch_name_together_are_refused(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    branch = stand_in.api.post(f"/v1/projects/{project['id']}/branches", json={"gitName": "b"}).json()["data"]
    both = {"projectId": project["id"], "branchId": branch["id"], "branchGitName": "b"}
    refused(stand_in.api.post("/v1/databases", json=both), 400, "client-error")
    identified = {"projectId": project["id"], "logicalId": "l", "branchGitName": "b"}
    refused(stand_in.api.post("/v1/databases", json=identified), 400, "client-error")


def test_branches_have_a_life_of_their_own(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    path = f"/v1/projects/{project['id']}/branches"
    (main,) = stand_in.api.get(path).json()["data"]
    assert main.keys() == BRANCH
    assert (main["isDefault"], main["role"]) == (True, "production")
    created = stand_in.create_database(projectId=project["id"], name="x", branchGitName="feat/x")
    (feature,) = stand_in.api.get(path, params={"gitNameContains": "feat"}).json()["data"]
    assert (created["branchId"], feature["role"]) == (feature["id"], "preview")
    by_name = stand_in.api.get("/v1/databases", params={"branchGitName": "feat/x"}).json()["data"]
    assert [database["id"] for database in by_name] == [created["id"]]
    refused(stand_in.api.post(path, json={"gitName": "feat/x"}), 409, "conflict")
    refused(stand_in.api.delete(f"/v1/branches/{feature['id']}"), 422, "validation-error")
    stand_in.api.delete(f"/v1/databases/{created['id']}")
    assert stand_in.api.delete(f"/v1/branches/{feature['id']}").status_code == 204


@pytest.mark.parametrize("mode", ["ignored", "refused"])
def test_a_server_that_does_not_know_logical_id(stand_in: StandIn, mode: str) -> None:
    stand_in.control.put("settings", json={"logical_id": mode})
    body = {"projectId": stand_in.ready["project_id"], "name": "old-server", "logicalId": "unheard-of"}
    answers = [stand_in.api.post("/v1/databases", json=body) for _ in range(2)]
    listed = stand_in.api.get("/v1/databases", params={"logicalId": "unheard-of"})
    if mode == "refused":
        assert "logicalId" in refused(listed, 422, "validation-error")
        for answer in answers:
            assert "logicalId" in refused(answer, 400, "client-error")
    else:
        assert [answer.status_code for answer in answers] == [201, 201]
        assert all("logicalId" not in shape for shape in (answers[0].json()["data"], *listed.json()["data"]))
        assert len(listed.json()["data"]) > 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"region": "mars"}, "us-east-1"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"isDefault": "yes"}, "isDefault"),
        ({"source": {"type": "other"}}, "type"),
        ({"source": {"type": "database"}}, "databaseId"),
        ({"source": "empty"}, "source"),
        ({"projectId": None}, "projectId"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_field(stand_in: StandIn, body: dict[str, Any], says: str) -> None:
    answer = stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], **body})
    assert says in refused(answer, 400, "client-error")


def test_bodies_that_are_not_json_objects(stand_in: StandIn) -> None:
    refused(stand_in.api.post("/v1/projects", content=b"{"), 400, "client-error")
    refused(stand_in.api.post("/v1/projects", content=b"[]"), 422, "validation-error")
    refused(stand_in.api.post("/v1/projects", content=b" " * 1_000_001), 413, "client-error")


@pytest.mark.parametrize(
    "path", ["/v1/databases/db_nope", "/v1/projects/proj_nope", "/v1/connections/con_nope", "/v1/branches/br_nope", "/v1/x"]
)
def test_what_is_not_there_is_a_404_of_the_contract(stand_in: StandIn, path: str) -> None:
    refused(stand_in.api.get(path), 404, "resource-not-found")


def test_pages_follow_each_other_and_end(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    stand_in.control.post("databases", json=[{"name": f"d{n}", "project": project["id"]} for n in range(7)])
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"projectId": project["id"], "limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = stand_in.api.get("/v1/databases", params=query).json()
        seen += [database["name"] for database in answer["data"]]
        pagination = answer["pagination"]
        if not pagination["hasMore"]:
            break
        cursor = pagination["nextCursor"]
        # What goes meanwhile moves nothing.
        stand_in.api.delete(f"/v1/databases/{answer['data'][-1]['id']}")
    assert pagination == {"nextCursor": None, "hasMore": False}
    assert sorted(seen) == [f"d{n}" for n in range(7)]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "cursor=!!"])
def test_pages_that_make_no_sense(stand_in: StandIn, query: str) -> None:
    refused(stand_in.api.get(f"/v1/databases?{query}"), 422, "validation-error")


def test_the_plan_limit_has_its_code_whatever_the_status(stand_in: StandIn) -> None:
    existing = len(stand_in.control.get("databases").json())
    stand_in.control.put("settings", json={"database_limit": existing + 1, "limit_status": 400})

    def create(n: int) -> httpx.Response:
        return stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], "name": f"limited-{n}"})

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(create, range(4)), key=lambda answer: answer.status_code)
    assert answers[0].status_code == 201
    for answer in answers[1:]:
        refused(answer, 400, "planLimitReached")


def test_projects_come_with_a_default_database_unless_told_otherwise(stand_in: StandIn) -> None:
    created = stand_in.api.post("/v1/projects", json={"name": "whole", "region": "eu-central-1", "logicalId": "whole"}).json()["data"]
    assert created.keys() == PROJECT | {"database"}
    assert created["database"].keys() == (DATABASE | DEPRECATED) - {"project"}
    assert created["database"]["isDefault"] is True
    assert log_in(secret(created["database"])) == [(1,)]
    refused(stand_in.api.post("/v1/projects", json={"logicalId": "whole"}), 409, "conflict")
    renamed = stand_in.api.patch(f"/v1/projects/{created['id']}", json={"name": "new"}).json()["data"]
    assert renamed.keys() == PROJECT
    assert renamed["name"] == "new"
    assert new_project(stand_in)["database"] is None
    assert stand_in.api.delete(f"/v1/projects/{created['id']}").status_code == 204
    with pytest.raises(psycopg.OperationalError):
        log_in(secret(created["database"]))
    refused(stand_in.api.get(f"/v1/databases/{created['database']['id']}"), 404, "resource-not-found")


def test_a_copy_has_the_rows_and_a_life_of_its_own(stand_in: StandIn) -> None:
    origin = stand_in.create_database(name="origin")
    with psycopg.connect(secret(origin)) as busy:
        busy.execute("CREATE TABLE t AS SELECT 1 AS a")
        busy.execute("CREATE SCHEMA other CREATE VIEW v AS SELECT 2 AS b")
        busy.commit()
        copy = stand_in.create_database(name="copy", source={"type": "database", "databaseId": origin["id"]})
        assert copy["source"] == {"type": "database", "databaseId": origin["id"]}
        assert log_in(secret(copy), "SELECT a, b FROM t, other.v") == [(1, 2)]
        log_in(secret(copy), "DROP TABLE t; DROP SCHEMA other CASCADE")
        assert busy.execute("SELECT a FROM t").fetchone() == (1,), "who is connected to the origin isn't disturbed"
    assert stand_in.api.delete(f"/v1/databases/{origin['id']}").status_code == 204
    assert log_in(secret(copy)) == [(1,)]
    legacy = f"/v1/projects/{stand_in.ready['project_id']}/databases"
    assert stand_in.api.post(legacy, json={"fromDatabase": {"id": copy["id"]}}).status_code == 201
    refused(stand_in.api.post(legacy, json={"fromDatabase": {"id": "db_nope"}}), 404, "resource-not-found")
    unknown = {"type": "backup", "databaseId": copy["id"], "backupId": "nope"}
    create = {"projectId": stand_in.ready["project_id"], "source": unknown}
    refused(stand_in.api.post("/v1/databases", json=create), 404, "resource-not-found")
    refused(stand_in.api.post(f"/v1/databases/{copy['id']}/restore", json={"source": unknown}), 404, "resource-not-found")


def test_backups_usage_and_regions(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="looked-at")
    backups = stand_in.api.get(f"/v1/databases/{database['id']}/backups").json()
    assert backups == {"data": [], "meta": {"backupRetentionDays": 7}, "pagination": {"hasMore": False, "limit": None}}
    usage = stand_in.api.get(f"/v1/databases/{database['id']}/usage").json()
    assert usage.keys() == {"period", "metrics", "generatedAt"}
    shapes = {
        "/v1/regions": {"id", "type", "name", "product", "status"},
        "/v1/regions/postgres": {"id", "type", "name", "status"},
        "/v1/regions/accelerate": {"id", "type", "name"},
    }
    for path, keys in shapes.items():
        assert stand_in.api.get(path).json()["data"][0].keys() == keys


def test_provisioning_takes_its_time_and_may_fail(stand_in: StandIn) -> None:
    stand_in.control.put("settings", json={"provisioning_s": 0.5, "latency_ms": 20})
    database = stand_in.create_database(name="slow")
    assert database["status"] == "provisioning"
    stand_in.control.put("settings", json={"provisioning_s": 0, "next_statuses": ["failure"]})
    failed = stand_in.create_database(name="failed")
    assert failed["status"] == "failure"
    assert stand_in.create_database(name="quick")["status"] == "ready"
    path = f"/v1/databases/{database['id']}"
    while stand_in.api.get(path).json()["data"]["status"] != "ready":
        pass
    stand_in.control.put(f"databases/{database['id']}", json={"status": "recovering"})
    assert stand_in.api.get(path).json()["data"]["status"] == "recovering"
    assert stand_in.api.get("/v1/me").elapsed.total_seconds() >= 0.02
