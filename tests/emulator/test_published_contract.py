"""Where the Management API's published contract speaks, the stand-in does what it says, and is no kinder."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import psycopg
import pytest

from tests.drivers.emulator import StandIn, log_in, secret
from tests.emulator.prisma.test_management_api import new_project, refused


def branches(stand_in: StandIn, project: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    return list(stand_in.api.get(f"/v1/projects/{project['id']}/branches", params=query).json()["data"])


def new_branch(stand_in: StandIn, project: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
    answer = stand_in.api.post(f"/v1/projects/{project['id']}/branches", json={"gitName": name, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def patch(stand_in: StandIn, database: dict[str, Any], **fields: Any) -> httpx.Response:
    return stand_in.api.patch(f"/v1/databases/{database['id']}", json=fields)


def test_every_database_belongs_to_a_branch_the_default_one_if_nothing_is_said(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    (main,) = branches(stand_in, project)
    created = stand_in.create_database(projectId=project["id"], name="on-default")
    (seeded,) = stand_in.control.post("databases", json={"name": "seeded-on-default", "project": project["id"]}).json()
    assert created["branchId"] == seeded["branchId"] == main["id"]
    legacy = stand_in.api.post(f"/v1/projects/{project['id']}/databases", json={"name": "legacy-on-default"}).json()["data"]
    assert legacy["branchId"] == main["id"]
    assert stand_in.api.get("/v1/databases", params={"projectId": project["id"], "branchId": "unassigned"}).json()["data"] == []


@pytest.mark.parametrize("field", ["branchId", "branchGitName", "logicalId", "name", "region", "source"])
def test_null_is_refused_when_a_database_is_created(stand_in: StandIn, field: str) -> None:
    answer = stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], field: None})
    assert field in refused(answer, 400, "client-error")


@pytest.mark.parametrize("field", ["branchId", "branchGitName"])
def test_a_database_cannot_be_detached_from_its_branch(stand_in: StandIn, field: str) -> None:
    database = stand_in.create_database(name=f"attached-{field}")
    assert patch(stand_in, database, **{field: None}).is_client_error
    assert stand_in.api.get(f"/v1/databases/{database['id']}").json()["data"]["branchId"] == database["branchId"]


def test_a_database_is_moved_first_and_then_given_its_logical_id(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    branch = new_branch(stand_in, project, "feat/move")
    database = stand_in.create_database(projectId=project["id"], name="moved")
    for where in ({"branchId": branch["id"]}, {"branchGitName": "feat/move"}):
        assert patch(stand_in, database, logicalId="moved", **where).is_client_error
        assert patch(stand_in, database, **where).json()["data"]["branchId"] == branch["id"]
    assert patch(stand_in, database, logicalId="moved").json()["data"]["logicalId"] == "moved"


def test_another_projects_branch_is_none_of_this_ones(stand_in: StandIn) -> None:
    elsewhere = new_branch(stand_in, new_project(stand_in), "feat/elsewhere")
    answer = stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], "branchId": elsewhere["id"]})
    assert answer.is_client_error


def test_later_branches_are_previews_and_a_new_default_takes_the_flag_alone(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    feature = new_branch(stand_in, project, "feat/role", isDefault=True)
    main, also_feature = branches(stand_in, project)
    assert (feature["isDefault"], feature["role"]) == (True, "preview")
    assert [(branch["gitName"], branch["isDefault"], branch["role"]) for branch in (main, also_feature)] == [
        ("main", False, "production"),
        ("feat/role", True, "preview"),
    ], "oldest first"
    back = stand_in.api.patch(f"/v1/branches/{main['id']}", json={"isDefault": True}).json()["data"]
    assert (back["isDefault"], back["role"]) == (True, "production")


@pytest.mark.parametrize("body", [{"isDefault": False}, {"gitName": "other"}, {"role": "production"}, {"isDefault": True, "more": 1}])
def test_nothing_of_a_branch_but_its_becoming_the_default_can_be_changed(stand_in: StandIn, body: dict[str, Any]) -> None:
    branch = new_branch(stand_in, new_project(stand_in), "feat/fixed")
    refused(stand_in.api.patch(f"/v1/branches/{branch['id']}", json=body), 422, "validation-error")
    assert stand_in.api.get(f"/v1/branches/{branch['id']}").json()["data"] == branch


def test_default_and_production_branches_and_those_with_databases_cannot_be_deleted(stand_in: StandIn) -> None:
    project = new_project(stand_in)
    (main,) = branches(stand_in, project)
    refused(stand_in.api.delete(f"/v1/branches/{main['id']}"), 422, "validation-error")
    feature = new_branch(stand_in, project, "feat/kept", isDefault=True)
    refused(stand_in.api.delete(f"/v1/branches/{main['id']}"), 422, "validation-error")
    refused(stand_in.api.delete(f"/v1/branches/{feature['id']}"), 422, "validation-error")
    other = new_branch(stand_in, project, "feat/with-members")
    stand_in.create_database(projectId=project["id"], name="member", branchId=other["id"])
    refused(stand_in.api.delete(f"/v1/branches/{other['id']}"), 422, "validation-error")


def test_the_two_filters_of_branches_exclude_each_other(stand_in: StandIn) -> None:
    path = f"/v1/projects/{stand_in.ready['project_id']}/branches"
    refused(stand_in.api.get(path, params={"gitName": "a", "gitNameContains": "a"}), 422, "validation-error")


def test_an_unknown_region_is_a_bad_request_on_both_paths(stand_in: StandIn) -> None:
    project = stand_in.ready["project_id"]
    for path in ("/v1/databases", f"/v1/projects/{project}/databases"):
        refused(stand_in.api.post(path, json={"projectId": project, "region": "mars"}), 400, "client-error")


@pytest.mark.parametrize(("query", "status"), [("startDate=yesterday", 400), ("endDate=5", 400), ("startDate=2026-01-01T00:00:00Z", 200)])
def test_usage_wants_dates(stand_in: StandIn, query: str, status: int) -> None:
    database = stand_in.create_database(name=f"used-{query[:12]}")
    answer = stand_in.api.get(f"/v1/databases/{database['id']}/usage?{query}")
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["period"]["start"] == "2026-01-01T00:00:00Z"


def test_the_service_token_says_which_workspace_it_is_for(stand_in: StandIn) -> None:
    claims = jwt.decode(stand_in.ready["service_token"], options={"verify_signature": False})
    assert f"wksp_{claims['workspace_id']}" == stand_in.ready["workspace_id"]
    assert "exp" not in claims, "service tokens never expire"


def test_deprecated_strings_are_of_the_accelerate_form_and_log_in_nowhere(stand_in: StandIn) -> None:
    legacy = stand_in.api.post(f"/v1/projects/{stand_in.ready['project_id']}/databases", json={"name": "accelerated"}).json()["data"]
    connection = stand_in.create_connection(legacy)
    for text in (legacy["connectionString"], legacy["apiKeys"][0]["connectionString"], connection["connectionString"]):
        parts = urlsplit(text)
        assert (parts.scheme, parts.query.partition("=")[0]) == ("prisma+postgres", "api_key")
        with pytest.raises((psycopg.ProgrammingError, psycopg.OperationalError)):
            psycopg.connect(text, connect_timeout=2)
    direct = urlsplit(secret(connection))
    assert direct.password == connection["pass"], "the other deprecated fields are those of the direct end-point"


def backed_up(stand_in: StandIn, database: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = stand_in.control.post(f"databases/{database['id']}/backups", json=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_backup_can_be_made_and_a_database_created_from_it(stand_in: StandIn) -> None:
    origin = stand_in.create_database(name="backed-up")
    log_in(secret(origin), "CREATE TABLE t AS SELECT 1 AS a")
    backup = backed_up(stand_in, origin, createdAt="2026-01-01T00:00:00Z", size=12)
    log_in(secret(origin), "UPDATE t SET a = 2")
    assert backup.keys() == {"id", "type", "backupType", "createdAt", "status", "size"}
    listed = stand_in.api.get(f"/v1/databases/{origin['id']}/backups").json()
    assert listed["data"] == [backup]
    source = {"type": "backup", "databaseId": origin["id"], "backupId": backup["id"]}
    copy = stand_in.create_database(name="from-backup", source=source)
    assert copy["source"] == source
    assert log_in(secret(copy), "SELECT a FROM t") == [(1,)]


def test_a_restore_replaces_the_data_and_keeps_credentials(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="restored")
    log_in(secret(database), "CREATE TABLE t AS SELECT 1 AS a")
    backup = backed_up(stand_in, database)
    log_in(secret(database), "UPDATE t SET a = 2; CREATE SCHEMA more CREATE TABLE late (b int)")
    stand_in.control.put("settings", json={"recovery_s": 0.5})
    source = {"type": "backup", "databaseId": database["id"], "backupId": backup["id"]}
    path = f"/v1/databases/{database['id']}"
    answer = stand_in.api.post(f"{path}/restore", json={"source": source})
    assert (answer.status_code, answer.json()["data"]["status"], answer.json()["data"]["source"]) == (200, "recovering", source)
    refused(stand_in.api.post(f"{path}/restore", json={"source": source}), 409, "conflict")
    with pytest.raises(psycopg.OperationalError):
        log_in(secret(database))
    deadline = time.monotonic() + 10
    while stand_in.api.get(path).json()["data"]["status"] != "ready":
        assert time.monotonic() < deadline
    assert log_in(secret(database), "SELECT a FROM t") == [(1,)]
    assert log_in(secret(database), "SELECT 1 FROM pg_namespace WHERE nspname = 'more'") == []
    log_in(secret(database), "CREATE TABLE afterwards (a int)")


def test_a_backup_that_is_not_complete_cannot_be_used(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="half-backed-up")
    source = {"type": "backup", "databaseId": database["id"], "backupId": backed_up(stand_in, database, status="running")["id"]}
    refused(stand_in.api.post(f"/v1/databases/{database['id']}/restore", json={"source": source}), 422, "validation-error")
    refused(stand_in.api.post("/v1/databases", json={"projectId": stand_in.ready["project_id"], "source": source}), 400, "client-error")


def test_backups_are_listed_newest_first_and_a_hundred_at_most(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="often-backed-up")
    older, newer = (backed_up(stand_in, database, createdAt=created) for created in (1_700_000_000, 1_700_000_100))
    path = f"/v1/databases/{database['id']}/backups"
    answer = stand_in.api.get(path, params={"limit": 1}).json()
    assert ([each["id"] for each in answer["data"]], answer["pagination"]) == ([newer["id"]], {"hasMore": True, "limit": 1})
    assert [each["id"] for each in stand_in.api.get(path).json()["data"]] == [newer["id"], older["id"]]
    refused(stand_in.api.get(path, params={"limit": 101}), 422, "validation-error")
