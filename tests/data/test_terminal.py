"""The same from a terminal: migrate, diff, and what create and reset do inside."""

from __future__ import annotations

from tests.data.checkout import FOLDER, LOCK
from tests.data.test_migrations import ORDERS, USERS
from tests.drivers.emulator import log_in
from tests.drivers.terminal import Desk


def prisma(desk: Desk, **migrations: str) -> None:
    for name, sql in migrations.items():
        folder = desk.folder / FOLDER / name
        folder.mkdir(parents=True)
        (folder / "migration.sql").write_text(sql)
    (desk.folder / FOLDER / "migration_lock.toml").write_text(LOCK)


def test_a_preview_is_created_migrated_and_compared(desk: Desk) -> None:
    prisma(desk, a_users=USERS)
    (desk.folder / "seed.sql").write_text("INSERT INTO users VALUES (1, 'Ada');")
    created = desk("create", "--migrations", FOLDER, "--seed", "seed.sql", "--json")
    assert created.exit_code == 0, created.err
    assert created.json["contents"]["migrations"]["applied"] == ["a_users"]
    assert created.json["contents"]["seeded"] == ["seed.sql"]
    assert created.json["connections"] == [], "a credential that nobody sees ends with the command"

    prisma(desk, b_orders=ORDERS)
    migrated = desk("migrate", "--migrations", FOLDER, "--schema-diff", "--json")
    assert migrated.exit_code == 0, migrated.err
    assert migrated.json["contents"]["migrations"] == {"applied": ["b_orders"], "pending": [], "failed": None, "applied_before": 1}
    assert migrated.json["contents"]["schema"]["headline"] == "1 table added"

    shown = desk("migrate", "--migrations", FOLDER)
    assert "up to date, 2 before" in shown.out

    diff = desk("diff", "--json")
    assert diff.json["contents"]["schema"]["against"] == "an empty database"
    assert diff.json["contents"]["schema"]["headline"] == "2 tables added"
    assert "+ table users" in desk("diff").out.splitlines()

    connections = desk.life.databases()[0]["connections"]
    assert [connection["name"] for connection in connections if "inside" in connection["name"]] == []


def test_a_failed_migration_says_where(desk: Desk) -> None:
    desk("create")
    prisma(desk, a_bad="SELECT 1;\nSELECT nothing;\n")
    failed = desk("migrate", "--migrations", FOLDER)
    assert failed.exit_code == 1
    assert "line 2: SELECT nothing" in " ".join(failed.err.split())


def test_migrate_never_creates_and_needs_a_folder(desk: Desk) -> None:
    prisma(desk, a_users=USERS)
    assert desk("migrate", "--migrations", FOLDER).exit_code == 3
    assert desk("diff").exit_code == 3
    assert desk("migrate").exit_code == 2
    assert desk("migrate", "--migrations", "elsewhere").exit_code == 2
    assert desk("migrate", "--migrations", "../outside").exit_code == 2
    assert desk.life.databases() == []


def test_a_clone_is_compared_with_what_it_noted(desk: Desk) -> None:
    body = {"projectId": desk.life.project, "name": "staging", "region": "eu-central-1"}
    made = desk.life.api("POST", "/v1/databases", body).json()["data"]
    log_in(made["connections"][0]["endpoints"]["direct"]["connectionString"], "CREATE TABLE plans (id int)")
    desk("create", "--source", "staging")
    unknown = desk("diff")
    assert unknown.exit_code == 1
    assert "It is not known what" in unknown.err
    (desk.folder / "sql").mkdir()
    (desk.folder / "sql/1.sql").write_text("DROP TABLE plans;")
    reset = desk("reset", "--yes", "--source", "staging", "--migrations", "sql", "--schema-diff")
    assert reset.exit_code == 0, reset.err
    said = desk("diff").out.splitlines()
    assert "! drops the table plans" in said
    assert "- table plans" in said
