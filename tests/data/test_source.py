"""A new preview begins with a copy of another database, or of a backup of one, found by id or by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.checkout import FOLDER, Checkout, query
from tests.drivers.emulator import log_in
from tests.drivers.workflow import Json, new_project


def made(checkout: Checkout, name: str, rows: str = "1", *, project: str = "", **fields: Any) -> Json:
    """A database with a table ``plans`` in it."""
    body = {"projectId": project or checkout.life.project, "name": name, "region": "eu-central-1", **fields}
    database: Json = checkout.life.api("POST", "/v1/databases", body).json()["data"]
    log_in(database["connections"][0]["endpoints"]["direct"]["connectionString"], f"CREATE TABLE plans AS SELECT {rows} AS id")
    return database


def test_a_database_is_cloned_by_its_name_and_the_comment_says_so(checkout: Checkout) -> None:
    staging = made(checkout, "Our staging")
    opened = checkout.opened(source="Our staging")
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT id FROM plans") == [(1,)]
    assert f"| Data | a clone of `{staging['id']}` |" in checkout.life.comments()[0]["body"]
    checkout.life.api("DELETE", f"/v1/databases/{staging['id']}")
    assert checkout.pushed(source="Our staging").succeeded, "a preview that is there needs its source no more"
    assert f"| Data | a clone of `{staging['id']}` |" in checkout.life.comments()[0]["body"]


def test_a_name_that_is_nobodys_or_everybodys_is_refused_with_what_there_is(checkout: Checkout) -> None:
    first, second = made(checkout, "twice"), made(checkout, "twice")
    unknown = checkout.opened(source="thrice")
    assert f"twice ({first['id']})" in " ".join(unknown.log)
    ambiguous = checkout.opened(source="twice")
    assert "2 databases called 'twice'" in " ".join(ambiguous.log)
    assert (unknown.exit_code, ambiguous.exit_code) == (1, 1)
    assert [database["id"] for database in checkout.life.databases()] == [first["id"], second["id"]]
    assert checkout.opened(source=first["id"]).succeeded


def test_the_default_database_and_another_projects_may_be_the_source(checkout: Checkout) -> None:
    made(checkout, "production", isDefault=True)
    opened = checkout.opened(source="production")
    assert query(opened, "SELECT id FROM plans") == [(1,)]
    other = made(checkout, "elsewhere", "2", project=new_project(checkout.life.emulator, "elsewhere"))
    reset = checkout.pushed(source=other["id"], on_push="reset")
    assert query(reset, "SELECT id FROM plans") == [(2,)]


@pytest.mark.parametrize("which", ["latest", "by its id"])
def test_a_backup_is_restored(checkout: Checkout, which: str) -> None:
    database = made(checkout, "production")
    url = database["connections"][0]["endpoints"]["direct"]["connectionString"]
    emulator = checkout.life.emulator

    def backed_up(**fields: str) -> str:
        return str(emulator.control("POST", f"databases/{database['id']}/backups", fields)["id"])

    older = backed_up(createdAt="2026-01-01T00:00:00Z")
    log_in(url, "UPDATE plans SET id = 2")
    newer = backed_up(createdAt="2026-01-02T00:00:00Z")
    log_in(url, "UPDATE plans SET id = 3")
    backed_up(createdAt="2026-01-03T00:00:00Z", status="running")
    opened = checkout.opened(source=f"production/{'latest' if which == 'latest' else older}")
    assert query(opened, "SELECT id FROM plans") == [(2 if which == "latest" else 1,)]
    backup = newer if which == "latest" else older
    assert f"| Data | restored from the backup `{backup}` of `{database['id']}` |" in checkout.life.comments()[0]["body"]


def test_nothing_is_done_inside_before_the_copy_is_there(checkout: Checkout) -> None:
    made(checkout, "production")
    checkout.write("sql/1.sql", "ALTER TABLE plans ADD COLUMN name text;")
    checkout.life.emulator.control("PUT", "settings", {"provisioning_s": 1})
    opened = checkout.opened(source="production", migrations="sql", wait="none")
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT name FROM plans") == [(None,)]


def test_a_branch_that_is_behind_its_source_is_no_drift(checkout: Checkout) -> None:
    """What is applied in production and not on the branch yet came with the clone; what the branch loses afterwards is drift."""
    checkout.prisma({"1_users": "CREATE TABLE users (id int);", "2_ahead": "CREATE TABLE ahead (id int);"})
    production = checkout.life.pull().opened(migrations=FOLDER).outputs["database_id"]
    (checkout.root / FOLDER / "2_ahead/migration.sql").unlink()
    (checkout.root / FOLDER / "2_ahead").rmdir()
    checkout.prisma({"3_mine": "CREATE TABLE mine (id int);"})
    inputs = {"source": production, "migrations": FOLDER}
    opened = checkout.opened(**inputs)
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT count(*) FROM ahead, mine") == [(0,)]
    assert "its source has 1 migration more, not in the folder: `2_ahead`" in checkout.life.comments()[0]["body"]
    assert checkout.pushed(**inputs).succeeded
    (checkout.root / FOLDER / "3_mine").rename(checkout.root / "elsewhere")
    lost = checkout.pushed(**inputs)
    assert lost.exit_code == 1
    assert "missing from the local migrations directory: 3_mine" in " ".join(lost.log)


def test_where_the_source_itself_does_not_fit_that_is_said(checkout: Checkout) -> None:
    made(checkout, "production")
    checkout.prisma({"1_users": "CREATE TABLE users (id int);"})
    refused = checkout.opened(source="production", migrations=FOLDER, on_drift="reset")
    assert refused.exit_code == 1
    assert "The database schema is not empty" in " ".join(refused.log)
    assert "prisma migrate resolve --applied" in " ".join(refused.log)
