"""A folder of migrations is applied before anybody is given a way in, and recorded as Prisma Migrate records it."""

from __future__ import annotations

import hashlib
import json
import uuid

import pytest

from tests.data.checkout import FOLDER, Checkout, query

USERS = "CREATE TABLE users (id int PRIMARY KEY, name text);\n"
ORDERS = "CREATE TABLE orders (id int PRIMARY KEY, buyer int REFERENCES users);\nCREATE INDEX ON orders (buyer);\n"
TWO = {"20260101000000_users": USERS, "20260102000000_orders": ORDERS}

PRISMAS_TABLE = (
    "CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, "
    "migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), "
    "applied_steps_count integer NOT NULL DEFAULT 0);"
)


def test_what_a_pull_request_brings_is_applied_and_a_push_brings_the_rest(checkout: Checkout) -> None:
    checkout.prisma({"20260101000000_users": USERS})
    opened = checkout.opened(migrations=FOLDER)
    assert opened.succeeded, opened.log
    query(opened, "INSERT INTO users VALUES (1, 'Ada')")

    checkout.prisma({"20260102000000_orders": ORDERS})
    pushed = checkout.pushed(migrations=FOLDER)
    assert query(pushed, "SELECT count(*) FROM orders JOIN users ON true") == [(0,)]
    assert query(pushed, "SELECT name FROM users") == [("Ada",)], "the data is kept"
    assert json.loads(pushed.outputs["migrations"]) == {
        "applied": ["20260102000000_orders"], "pending": [], "failed": None, "applied_before": 1,
    }  # fmt: skip
    assert "| Migrations | 1 applied, 1 before: `20260102000000_orders` |" in checkout.life.comments()[0]["body"]
    assert "apply migrations" in pushed.summary

    again = checkout.pushed(migrations=FOLDER)
    assert json.loads(again.outputs["migrations"]) == {"applied": [], "pending": [], "failed": None, "applied_before": 2}
    assert "| Migrations | up to date, 2 migrations applied |" in checkout.life.comments()[0]["body"]


def test_the_table_is_prismas_to_the_letter(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    run = checkout.opened(migrations=FOLDER)
    columns = query(
        run,
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
        "WHERE attrelid = 'public._prisma_migrations'::regclass AND attnum > 0 ORDER BY attnum",
    )
    assert columns == [
        ("id", "character varying(36)", True, None),
        ("checksum", "character varying(64)", True, None),
        ("finished_at", "timestamp with time zone", False, None),
        ("migration_name", "character varying(255)", True, None),
        ("logs", "text", False, None),
        ("rolled_back_at", "timestamp with time zone", False, None),
        ("started_at", "timestamp with time zone", True, "now()"),
        ("applied_steps_count", "integer", True, "0"),
    ]
    assert query(run, "SELECT conname FROM pg_constraint WHERE conrelid = 'public._prisma_migrations'::regclass AND contype = 'p'")
    rows = query(
        run,
        "SELECT migration_name, checksum, logs, rolled_back_at, applied_steps_count, finished_at >= started_at FROM _prisma_migrations "
        "ORDER BY started_at",
    )
    assert rows == [(name, hashlib.sha256(sql.encode()).hexdigest(), None, None, 1, True) for name, sql in TWO.items()]
    assert all(uuid.UUID(str(id_)).version == 4 for (id_,) in query(run, "SELECT id FROM _prisma_migrations"))
    assert query(run, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%preview%'") == [], "and nothing else of ours is there"


def test_a_script_is_sent_whole(checkout: Checkout) -> None:
    checkout.prisma(
        {
            "1_blocks": "DO $$ BEGIN CREATE TABLE a (id int); EXECUTE 'INSERT INTO a VALUES (1)'; END $$; -- a ; in a comment\n"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;",
            "2_concurrently": "CREATE INDEX CONCURRENTLY a_id ON a (id)",
            "3_enum": "CREATE TYPE mood AS ENUM ('good');",
            "4_extended": "ALTER TYPE mood ADD VALUE 'bad';",
            "5_used": "CREATE TABLE moods (now mood DEFAULT 'bad');",
            "6_nothing": "-- there is nothing to do\n",
            "7_empty": "",
        }
    )
    run = checkout.opened(migrations=FOLDER)
    assert run.succeeded, run.log
    assert query(run, "SELECT f(), (SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass)") == [(2, True)]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("CRLF", b"CREATE TABLE a (id int);\r\nINSERT INTO a VALUES (1);\r\n"),
        ("a BOM", b"\xef\xbb\xbfCREATE TABLE a AS SELECT 1 AS id;"),
        ("other scripts", 'CREATE TABLE a AS SELECT 1 AS id; CREATE TABLE "größe" ("量" text DEFAULT \'дом\');'.encode()),
        ("five megabytes", b"CREATE TABLE a AS SELECT 1 AS id; SELECT '" + b"x" * 5_000_000 + b"';"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_may_be_of_any_kind(checkout: Checkout, kind: str, content: bytes) -> None:
    checkout.prisma({"1_a": content})
    run = checkout.opened(migrations=FOLDER)
    assert run.succeeded, run.log
    assert query(run, "SELECT id, (SELECT checksum FROM _prisma_migrations) FROM a") == [(1, hashlib.sha256(content).hexdigest())]


def test_what_a_migration_sets_does_not_leak_into_the_next(checkout: Checkout) -> None:
    checkout.prisma(
        {
            "1_leaks": "CREATE SCHEMA other; SET search_path = other; SET standard_conforming_strings = off; SET ROLE NONE; "
            "SET app.tenant = 'a'; CREATE TEMP TABLE left_over (id int); PREPARE left_prepared AS SELECT 1;",
            "2_clean": "CREATE TABLE clean AS SELECT current_setting('app.tenant', true) AS tenant, current_setting('search_path') path, "
            "current_user = (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) AS is_owner, "
            "to_regclass('left_over') IS NULL AS no_table, NOT EXISTS (SELECT FROM pg_prepared_statements) AS none_prepared;",
        }
    )
    run = checkout.opened(migrations=FOLDER)
    assert run.succeeded, run.log
    assert query(run, "SELECT coalesce(tenant, ''), path, is_owner, no_table, none_prepared FROM public.clean") == [
        ("", "public", True, True, True)
    ]


def test_migrations_go_by_the_direct_endpoint_whatever_is_handed_out(checkout: Checkout) -> None:
    checkout.prisma({"1_session": "SET app.x = 'y';\nCREATE TABLE a AS SELECT current_setting('app.x') AS x;"})
    run = checkout.opened(migrations=FOLDER, endpoint="pooled")
    assert run.succeeded, run.log
    assert run.outputs["database_url"] == run.outputs["pooled_url"]
    assert query(run, "SELECT x FROM a") == [("y",)]


@pytest.mark.parametrize("wait", ["ready", "none"])
def test_migrations_log_in_where_nothing_else_does(checkout: Checkout, wait: str) -> None:
    checkout.prisma(TWO)
    run = checkout.opened(migrations=FOLDER, wait=wait)
    assert run.succeeded, run.log
    assert query(run, "SELECT count(*) FROM orders") == [(0,)]


def test_a_migration_that_fails_is_shown_with_its_statement_and_blocks_the_next(checkout: Checkout) -> None:
    checkout.prisma(
        {
            "1_users": USERS,
            "2_broken": "CREATE TABLE fine (id int);\n\n-- not this one\nALTER TABLE users\n  ADD COLUMN age int,\n  DROP COLUMN nmae;\n",
            "3_after": ORDERS,
        }
    )
    failed = checkout.opened(migrations=FOLDER)
    assert failed.exit_code == 1
    assert failed.outputs["outcome"] == "failed"
    assert "database_url" not in failed.outputs
    (error,) = (one for one in failed.annotations if one.level == "error")
    assert error.title == "Migration failed"
    assert 'column "nmae" of relation "users" does not exist' in error.message
    assert "2_broken, line 4: ALTER TABLE users" in error.message
    assert json.loads(failed.outputs["migrations"]) == {
        "applied": ["1_users"], "pending": ["3_after"], "failed": "2_broken", "applied_before": 0,
    }  # fmt: skip
    (comment,) = checkout.life.comments()
    assert "not ready" in comment["body"]
    assert "**`2_broken` failed**" in comment["body"]
    assert "nmae" in comment["body"]

    blocked = checkout.pushed(migrations=FOLDER)
    assert blocked.exit_code == 1
    assert "The `2_broken` migration started at" in blocked.log[-1] or any("2_broken" in line for line in blocked.log)

    checkout.prisma({"2_broken": "ALTER TABLE users ADD COLUMN age int;"})
    assert checkout.pushed(migrations=FOLDER).exit_code == 1, "what the failed one left is not known"
    reset = checkout.pushed(migrations=FOLDER, on_drift="reset")
    assert reset.succeeded, reset.log
    assert reset.outputs["outcome"] == "reset"
    assert query(reset, "SELECT count(age) FROM users") == [(0,)]
    assert "ready" in checkout.life.comments()[0]["body"].splitlines()[1]


@pytest.mark.parametrize("inputs", [{"on_push": "reset"}, {"on_drift": "reset"}], ids=["on_push", "on_drift"])
def test_a_reset_that_fails_keeps_what_was_there(checkout: Checkout, inputs: dict[str, str]) -> None:
    checkout.prisma({"1_users": USERS})
    opened = checkout.opened(migrations=FOLDER)
    query(opened, "INSERT INTO users VALUES (1, 'Ada')")
    checkout.prisma({"1_users": "SELECT 1 / 0;"})
    failed = checkout.pushed(migrations=FOLDER, **inputs)
    assert failed.exit_code == 1
    assert "division by zero" in " ".join(failed.log)
    assert [database["id"] for database in checkout.life.databases()] == [opened.outputs["database_id"]]
    assert query(opened, "SELECT name FROM users") == [("Ada",)]
    (comment,) = checkout.life.comments()
    assert "not ready" in comment["body"]
    assert "| Database |" not in comment["body"], "what it names would be gone"
    assert "**`1_users` failed**" in comment["body"]

    checkout.prisma({"1_users": USERS})
    pushed = checkout.pushed(migrations=FOLDER)
    assert pushed.outputs["database_id"] == opened.outputs["database_id"]
    assert "### Preview database: ready" in checkout.life.comments()[0]["body"]


def test_a_failure_is_recorded_as_prisma_records_it(checkout: Checkout) -> None:
    checkout.prisma({"1_broken": "CREATE TABLE a (id int);\nSELECT 1 / 0;\n"})
    failed = checkout.opened(migrations=FOLDER)
    assert "line 2: SELECT 1 / 0" in " ".join(failed.log), "a statement that fails as it runs has no position, and is found all the same"
    connected = checkout.life.happens("synchronize", {}, command="connect")
    ((name, finished, steps, logs),) = query(
        connected, "SELECT migration_name, finished_at, applied_steps_count, logs FROM _prisma_migrations"
    )
    assert (name, finished, steps) == ("1_broken", None, 0)
    assert "Database error code: 22012" in str(logs)
    assert "division by zero" in str(logs)
    assert query(connected, "SELECT to_regclass('a')") == [(None,)], "the script's statements are one transaction, as in psql -c"


def test_a_transaction_that_is_left_open_is_a_failure(checkout: Checkout) -> None:
    checkout.prisma({"1_open": "BEGIN;\nCREATE TABLE a (id int);\n", "2_next": USERS})
    failed = checkout.opened(migrations=FOLDER)
    assert failed.exit_code == 1
    assert "BEGIN without a COMMIT" in " ".join(failed.log)


def test_a_copy_that_waits_for_psql_is_refused(checkout: Checkout) -> None:
    checkout.prisma({"1_copy": "CREATE TABLE a (id int);\nCOPY a FROM stdin;\n"})
    failed = checkout.opened(migrations=FOLDER)
    assert failed.exit_code == 1
    assert "line 2: COPY a FROM stdin" in " ".join(failed.log)


def test_an_edited_or_missing_migration_is_told_as_prisma_tells_it(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    checkout.opened(migrations=FOLDER)
    checkout.prisma({"20260102000000_orders": ORDERS + "-- changed\n"})
    edited = checkout.pushed(migrations=FOLDER)
    assert edited.exit_code == 1
    assert "The migration `20260102000000_orders` was modified after it was applied." in " ".join(edited.log)

    (checkout.root / FOLDER / "20260102000000_orders/migration.sql").unlink()
    (checkout.root / FOLDER / "20260102000000_orders").rmdir()
    missing = checkout.pushed(migrations=FOLDER)
    words = "applied to the database but missing from the local migrations directory: 20260102000000_orders"
    assert words in " ".join(missing.log)

    reset = checkout.pushed(migrations=FOLDER, on_drift="reset")
    assert reset.outputs["outcome"] == "reset"
    assert query(reset, "SELECT to_regclass('users') IS NOT NULL, to_regclass('orders') IS NULL") == [(True, True)]
    assert len(checkout.life.databases()) == 1


def test_what_prisma_has_recorded_is_known(checkout: Checkout) -> None:
    """Rows as Prisma's command line leaves them: one that was rolled back and applied again, and one that it brought to an end."""
    first = checkout.opened()
    checkout.prisma({**TWO, "20260103000000_new": "CREATE TABLE new (id int);"})
    checksum = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in TWO.items()}
    users, orders = TWO
    query(first, f"{USERS}{ORDERS}{PRISMAS_TABLE}")
    query(
        first,
        "INSERT INTO _prisma_migrations (id, migration_name, checksum, finished_at, rolled_back_at, logs, applied_steps_count) VALUES "
        f"('a', '{users}', 'another', NULL, now(), 'it failed', 0), ('b', '{users}', '{checksum[users]}', now(), NULL, NULL, 1), "
        f"('c', '{orders}', '{checksum[orders]}', now(), NULL, '', 1)",
    )
    pushed = checkout.pushed(migrations=FOLDER)
    assert pushed.succeeded, pushed.log
    assert json.loads(pushed.outputs["migrations"])["applied"] == ["20260103000000_new"]


def test_other_line_ends_are_no_edit(checkout: Checkout) -> None:
    checkout.prisma({"1_a": "CREATE TABLE a (\n  id int\n);\n"})
    checkout.opened(migrations=FOLDER)
    checkout.prisma({"1_a": "CREATE TABLE a (\r\n  id int\r\n);\r\n"})
    assert checkout.pushed(migrations=FOLDER).succeeded


def test_a_database_that_prisma_did_not_make_is_left_alone(checkout: Checkout) -> None:
    first = checkout.opened()
    query(first, "CREATE TABLE pushed_by_hand (id int)")
    checkout.prisma(TWO)
    refused = checkout.pushed(migrations=FOLDER)
    assert refused.exit_code == 1
    assert "The database schema is not empty" in " ".join(refused.log)
    assert query(first, "SELECT to_regclass('users')") == [(None,)]


def test_plain_files_are_applied_in_order_and_known_again(checkout: Checkout) -> None:
    checkout.write("db/002_orders.sql", ORDERS)
    checkout.write("db/001_users.sql", USERS)
    checkout.write("db/003_undo.up.sql", "CREATE TABLE three (id int);")
    checkout.write("db/003_undo.down.sql", "DROP TABLE three;")
    checkout.write("db/README.md", "not a migration")
    opened = checkout.opened(migrations="db")
    assert opened.succeeded, opened.log
    assert json.loads(opened.outputs["migrations"])["applied"] == ["001_users.sql", "002_orders.sql", "003_undo.up.sql"]
    assert query(opened, "SELECT to_regclass('three') IS NOT NULL, to_regclass('_prisma_migrations') IS NULL") == [(True, True)]
    checkout.write("db/004_more.sql", "CREATE TABLE four (id int);")
    assert json.loads(checkout.pushed(migrations="db").outputs["migrations"])["applied"] == ["004_more.sql"]


@pytest.mark.parametrize(("up", "down"), [("-- migrate:up", "-- migrate:down"), ("-- +goose Up", "-- +goose Down")])
def test_only_the_way_up_of_a_file_is_applied(checkout: Checkout, up: str, down: str) -> None:
    checkout.write("db/1_a.sql", f"-- about a\n{up}\nCREATE TABLE a (id int);\n\n{down}\nDROP TABLE a;\n")
    checkout.write("db/2_b.sql", f"{up}\nCREATE TABLE a (id int);\n{down}\nDROP TABLE b;\n")
    failed = checkout.opened(migrations="db")
    assert 'relation "a" already exists' in " ".join(failed.log)
    assert "2_b.sql, line 2: CREATE TABLE a (id int)" in " ".join(failed.log)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "which is empty"),
        ({"src/app.ts": ""}, "In its top folder there is: src/"),
        ({"prisma/schema.prisma": ""}, "In 'prisma' there is: schema.prisma"),
        ({"prisma/migrations/readme.md": ""}, "holds no migrations. There is: readme.md"),
        ({"prisma/migrations": ""}, "is a file"),
        ({"prisma/migrations/migration_lock.toml": 'provider = "mysql"'}, "'mysql'"),
        ({"prisma/migrations/1_a/migration.sql": "", "prisma/migrations/2_b/other.sql": ""}, "'2_b' without a migration.sql"),
        ({"prisma/migrations/1_a/migration.sql": b"SELECT '\xff'"}, "not in UTF-8"),
        ({"prisma/migrations/1_a/migration.sql": b"SELECT 1;\0DROP"}, "zero byte"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_folder_that_will_not_do_is_an_error_before_anything_is_touched(
    checkout: Checkout, files: dict[str, str | bytes], words: str
) -> None:
    for path, content in files.items():
        checkout.write(path, content)
    refused = checkout.opened(migrations=FOLDER)
    assert refused.exit_code == 1
    (error,) = (one for one in refused.annotations if one.level == "error")
    assert words in error.message
    assert ("actions/checkout" in error.message) == (not (checkout.root / FOLDER).exists())
    assert checkout.life.databases() == []


def test_nothing_is_read_from_outside_the_workspace(checkout: Checkout) -> None:
    outside = checkout.life.root / "outside"
    (outside / "1_a").mkdir(parents=True)
    (outside / "1_a/migration.sql").write_text("CREATE TABLE a (id int)")
    (checkout.root / "linked").symlink_to(outside)
    checkout.prisma({"1_b": "SELECT 1"})
    (checkout.root / FOLDER / "2_c").mkdir()
    (checkout.root / FOLDER / "2_c/migration.sql").symlink_to(outside / "1_a/migration.sql")
    for path in ("../outside", str(outside), "linked", FOLDER):
        refused = checkout.opened(migrations=path)
        assert refused.exit_code == 1
        assert "out of the workspace" in " ".join(refused.log)
    assert checkout.life.databases() == []


def test_closing_needs_no_files(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    checkout.opened(migrations=FOLDER)
    (checkout.root / FOLDER).rename(checkout.root / "gone")
    closed = checkout.life.closed(migrations=FOLDER, seed="seed.sql")
    assert closed.succeeded, closed.log
    assert checkout.life.databases() == []


def test_a_plan_says_what_it_would_apply(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    planned = checkout.opened(migrations=FOLDER, dry_run="true")
    assert "apply migrations" in planned.summary
    assert checkout.life.databases() == []
