"""A seed runs once, in a new database, after the migrations; and never in one that is not this preview's."""

from __future__ import annotations

import subprocess

import pytest

from preview_db_emulator.postgres.binaries import find_binaries
from tests.data.checkout import FOLDER, Checkout, query
from tests.data.test_migrations import TWO, USERS
from tests.drivers.lying_server import Answer, about, lying


def test_a_seed_runs_after_the_migrations_and_only_in_a_new_database(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    checkout.write("seed.sql", "INSERT INTO users VALUES (1, 'Ada');\nINSERT INTO orders VALUES (1, 1);\n")
    opened = checkout.opened(migrations=FOLDER, seed="seed.sql")
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT name FROM users") == [("Ada",)]
    assert "| Seed | `seed.sql` has run |" in checkout.life.comments()[0]["body"]

    query(opened, "UPDATE users SET name = 'Grace'")
    pushed = checkout.pushed(migrations=FOLDER, seed="seed.sql")
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT name FROM users") == [("Grace",)]
    assert "Seed" not in checkout.life.comments()[0]["body"]

    reset = checkout.pushed(migrations=FOLDER, seed="seed.sql", on_push="reset")
    assert query(reset, "SELECT name FROM users") == [("Ada",)]


def test_a_folder_of_seeds_runs_in_the_order_of_names_and_always_if_that_is_asked(checkout: Checkout) -> None:
    checkout.write("seeds/1.sql", "CREATE TABLE IF NOT EXISTS runs (n int);")
    checkout.write("seeds/2.sql", "INSERT INTO runs SELECT count(*) FROM runs;")
    checkout.write("seeds/notes.txt", "no seed")
    checkout.opened(seed="seeds", seed_always="true")
    pushed = checkout.pushed(seed="seeds", seed_always="true")
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT n FROM runs ORDER BY n") == [(0,), (1,)]


def test_an_existing_database_is_not_seeded(checkout: Checkout) -> None:
    query(checkout.opened(), "CREATE TABLE users (id int, name text)")
    checkout.write("seed.sql", "INSERT INTO users VALUES (1, 'Ada');")
    pushed = checkout.pushed(seed="seed.sql")
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT count(*) FROM users") == [(0,)]


def test_a_dump_is_taken_as_pg_dump_writes_it(checkout: Checkout) -> None:
    checkout.write(
        "seed.sql", "CREATE TABLE t (id serial PRIMARY KEY, name text); INSERT INTO t (name) VALUES (E'a\\tb\\\\'), (NULL), ('ö;');"
    )
    source = checkout.opened(seed="seed.sql")
    command = [str(find_binaries("auto") / "pg_dump"), "--no-owner", "--no-acl", "--schema=public", source.outputs["direct_url"]]
    dump = subprocess.run(command, capture_output=True, check=True)
    assert b"FROM stdin;" in dump.stdout
    content = dump.stdout.replace(b"CREATE SCHEMA public;", b"")
    checkout.write("dump.sql", b"\\restrict abc\n" * (b"\\restrict" not in content) + content)
    reset = checkout.pushed(seed="dump.sql", on_push="reset")
    assert reset.succeeded, reset.log
    assert query(reset, "SELECT name FROM t ORDER BY id") == [("a\tb\\",), (None,), ("ö;",)]
    assert query(reset, "INSERT INTO t (name) VALUES ('next') RETURNING id") == [(4,)]


def test_a_seed_that_fails_leaves_nothing_and_runs_again_once_it_is_right(checkout: Checkout) -> None:
    checkout.prisma({"1_users": USERS})
    checkout.write("seed.sql", "INSERT INTO users VALUES (1, 'Ada');\nINSERT INTO users VALUES (1, 'Grace');\n")
    failed = checkout.opened(migrations=FOLDER, seed="seed.sql")
    assert failed.exit_code == 1
    said = " ".join(failed.log)
    assert "duplicate key value" in said
    assert "seed.sql, line 2: INSERT INTO users VALUES (1, 'Grace')" in said

    checkout.write("seed.sql", "INSERT INTO users VALUES (1, 'Ada');\n")
    pushed = checkout.pushed(migrations=FOLDER, seed="seed.sql")
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT name FROM users") == [("Ada",)]


def test_rows_that_do_not_fit_are_shown_with_their_line(checkout: Checkout) -> None:
    checkout.write("seed.sql", "CREATE TABLE t (id int);\nCOPY t FROM stdin;\n1\nx\n\\.\n")
    failed = checkout.opened(seed="seed.sql")
    assert failed.exit_code == 1
    said = " ".join(failed.log)
    assert "seed.sql, line 2: COPY t FROM stdin" in said
    assert "COPY t, line 2" in said


def test_commands_of_psql_are_refused_before_anything_is_touched(checkout: Checkout) -> None:
    checkout.write("seed.sql", "SELECT 1;\n\\connect production\n")
    refused = checkout.opened(seed="seed.sql")
    assert refused.exit_code == 1
    assert "\\connect on line 2 is a command of psql's own" in " ".join(refused.log)
    assert checkout.life.databases() == []


@pytest.mark.parametrize("what", ["seed", "migrations"])
def test_a_database_that_is_somebody_elses_by_now_is_not_touched(checkout: Checkout, what: str) -> None:
    first, life = checkout.opened(), checkout.life
    checkout.write("sql/1.sql", "CREATE TABLE touched (id int);")

    def renamed(_: Answer) -> None:
        life.api("PATCH", f"/v1/databases/{first.outputs['database_id']}", {"name": "production", "logicalId": "production"})

    with lying(life.emulator, about("POST /v1/connections", renamed)) as liar:
        life.environ |= liar.environ
        refused = checkout.pushed(**{what: "sql"}, seed_always="true") if what == "seed" else checkout.pushed(migrations="sql")
    assert refused.exit_code == 1
    assert "is not the preview of" in " ".join(refused.log)
    assert query(first, "SELECT to_regclass('touched')") == [(None,)]
