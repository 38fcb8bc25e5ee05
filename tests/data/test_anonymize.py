"""A clone is handed out only once its rules have run: the database itself says so."""

from __future__ import annotations

import pytest

from tests.data.checkout import Checkout, query
from tests.drivers.emulator import log_in
from tests.play.documents import ROOT, blocks

RULES = "UPDATE people SET name = 'somebody ' || id, mail = md5(mail) || '@example.com';\n"


@pytest.fixture
def source(checkout: Checkout) -> str:
    """A database with personal data in it."""
    body = {"projectId": checkout.life.project, "name": "staging", "region": "eu-central-1"}
    made = checkout.life.api("POST", "/v1/databases", body).json()["data"]
    url = made["connections"][0]["endpoints"]["direct"]["connectionString"]
    log_in(url, "CREATE TABLE people (id int, name text, mail text); INSERT INTO people VALUES (1, 'Ada', 'ada@work.org')")
    return str(made["id"])


def test_a_clone_is_anonymized_before_it_is_handed_out(checkout: Checkout, source: str) -> None:
    checkout.write("rules.sql", RULES)
    checkout.write("seed.sql", "INSERT INTO people VALUES (2, 'Test', 'test@example.com');")
    opened = checkout.opened(source=source, anonymize="rules.sql", seed="seed.sql")
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT name, mail LIKE '%@example.com' FROM people ORDER BY id") == [("somebody 1", True), ("Test", True)]
    assert f"| Data | a clone of `{source}`, anonymized by `rules.sql` |" in checkout.life.comments()[0]["body"]
    assert "anonymize data" in opened.summary

    query(opened, "INSERT INTO people VALUES (3, 'Left as it is', '')")
    pushed = checkout.pushed(source=source, anonymize="rules.sql", seed="seed.sql")
    assert pushed.outputs["database_id"] == opened.outputs["database_id"]
    assert query(pushed, "SELECT name FROM people WHERE id = 3") == [("Left as it is",)]
    assert f"| Data | a clone of `{source}`, anonymized by `rules.sql` |" in checkout.life.comments()[0]["body"]


def test_rules_that_fail_leave_no_clone(checkout: Checkout, source: str) -> None:
    checkout.write("rules.sql", RULES + "UPDATE poeple SET name = '';\n")
    failed = checkout.opened(source=source, anonymize="rules.sql")
    assert failed.exit_code == 1
    assert "database_url" not in failed.outputs
    said = " ".join(failed.log)
    assert 'relation "poeple" does not exist' in said
    assert "rules.sql, line 2: UPDATE poeple" in said
    assert [database["id"] for database in checkout.life.databases()] == [source]

    checkout.write("rules.sql", RULES)
    assert checkout.pushed(source=source, anonymize="rules.sql").outputs["outcome"] == "created"


@pytest.mark.parametrize(
    "rules",
    [
        "ALTER TABLE people ALTER name TYPE int USING name::int;",
        "INSERT INTO people SELECT * FROM people; CREATE UNIQUE INDEX ON people (mail);",
        "ALTER TABLE people ADD CHECK (name = 'x');",
    ],
)
def test_an_error_of_the_rules_shows_nothing_of_a_row(checkout: Checkout, source: str, rules: str) -> None:
    checkout.write("rules.sql", rules)
    failed = checkout.opened(source=source, anonymize="rules.sql")
    assert failed.exit_code == 1
    assert "SQLSTATE 2" in " ".join(failed.log)
    told = "".join((*failed.log, failed.raw_stdout, failed.raw_summary, *(comment["body"] for comment in checkout.life.comments())))
    assert "Ada" not in told
    assert "ada@" not in told


def test_a_clone_that_was_handed_out_as_it_was_is_replaced(checkout: Checkout, source: str) -> None:
    raw = checkout.opened(source=source)
    checkout.write("rules.sql", RULES)
    pushed = checkout.pushed(source=source, anonymize="rules.sql")
    assert pushed.succeeded, pushed.log
    assert pushed.outputs["database_id"] != raw.outputs["database_id"]
    assert query(pushed, "SELECT name FROM people") == [("somebody 1",)]


def test_a_mark_that_was_cloned_along_says_nothing(checkout: Checkout, source: str) -> None:
    checkout.write("rules.sql", RULES)
    first = checkout.opened(source=source, anonymize="rules.sql")
    query(first, "INSERT INTO people VALUES (9, 'Grace', '')")
    other = checkout.life.pull().opened(source=first.outputs["database_id"], anonymize="rules.sql")
    assert other.succeeded, other.log
    assert query(other, "SELECT name FROM people ORDER BY id") == [("somebody 1",), ("somebody 9",)]


def test_the_docs_rules_keep_together_what_belongs_together(checkout: Checkout) -> None:
    (rules,) = (text for _, text in blocks(ROOT / "docs" / "data.md", "sql") if "UPDATE users" in text)
    body = {"projectId": checkout.life.project, "name": "shop", "region": "eu-central-1"}
    made = checkout.life.api("POST", "/v1/databases", body).json()["data"]
    log_in(
        made["connections"][0]["endpoints"]["direct"]["connectionString"],
        "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, name text, phone text); "
        "CREATE TABLE newsletter (email text REFERENCES users (email) DEFERRABLE INITIALLY DEFERRED); "
        "CREATE TABLE orders (user_id int REFERENCES users, note text, shipping_address text); "
        "CREATE TABLE sessions (token text); CREATE TABLE password_resets (token text); CREATE TABLE audit_log (who text); "
        "INSERT INTO users VALUES (1, 'ada@work.org', 'Ada', '1'), (2, 'grace@work.org', 'Grace', '2'); "
        "INSERT INTO newsletter VALUES ('grace@work.org'); INSERT INTO orders VALUES (2, 'ring Grace', 'Work 1'); "
        "INSERT INTO sessions VALUES ('secret')",
    )
    checkout.write("rules.sql", rules)
    opened = checkout.opened(source="shop", anonymize="rules.sql")
    assert opened.succeeded, opened.log
    joined = "SELECT name, note, (SELECT count(*) FROM sessions) FROM newsletter JOIN users USING (email) JOIN orders ON user_id = id"
    assert query(opened, joined) == [("User 2", None, 0)]
    assert query(opened, "SELECT count(*) FROM users WHERE users::text ~ 'Ada|Grace|work'") == [(0,)]


def test_without_a_source_it_is_an_error(checkout: Checkout) -> None:
    checkout.write("rules.sql", RULES)
    refused = checkout.opened(anonymize="rules.sql")
    assert refused.exit_code == 1
    assert "source names none" in " ".join(refused.log)
    assert checkout.life.databases() == []
