"""Two schemas, and what a person hears of the difference."""

from __future__ import annotations

import pytest

from preview_db.planning.schema import Schema, SchemaDiff, Thing, diff

USERS = Thing("table", "users", "", "")
ID = Thing("column", "users", "id", "integer NOT NULL", "integer", not_null=True)
NAME = Thing("column", "users", "name", "text", "text")
KEY = Thing("constraint", "users", "users_pkey", "PRIMARY KEY (id)")
MOOD = Thing("enum", "mood", "", "'good'")
BEFORE = Schema.of((USERS, ID, NAME, KEY, MOOD))


def test_a_schema_is_the_same_as_itself_also_when_it_was_written_down() -> None:
    same = diff(BEFORE, Schema.from_json(BEFORE.to_json()))
    assert same == SchemaDiff(())
    assert (same.headline, same.lines, same.destructive) == ("", (), ())


def test_an_added_table_counts_once_and_is_shown_with_all_it_has() -> None:
    added = diff(Schema.of(()), BEFORE)
    assert added.headline == "1 enum added, 1 table added"
    assert added.lines == (
        "+ enum mood 'good'",
        "+ table users",
        "+   column id integer NOT NULL",
        "+   column name text",
        "+   constraint users_pkey PRIMARY KEY (id)",
    )
    assert added.destructive == ()


def test_a_dropped_table_is_called_out_once() -> None:
    dropped = diff(BEFORE, Schema.of((MOOD,)))
    assert dropped.headline == "1 table dropped"
    assert dropped.destructive == ("drops the table users",)


def test_what_changes_in_a_table_stands_below_it() -> None:
    age = Thing("column", "users", "age", "integer DEFAULT 0", "integer", has_default=True)
    after = Schema.of((USERS, ID, age, KEY, Thing("enum", "mood", "", "'good', 'bad'")))
    changed = diff(BEFORE, after)
    assert changed.headline == "1 enum changed, 1 column added, 1 column dropped"
    assert changed.lines == (
        "- enum mood 'good'",
        "+ enum mood 'good', 'bad'",
        "  table users",
        "+   column age integer DEFAULT 0",
        "-   column name text",
    )
    assert changed.destructive == ("drops the column users.name",)


def test_of_a_function_only_the_lines_that_changed_are_marked() -> None:
    old = Thing("function", "f()", "", "CREATE FUNCTION f()\nAS $$\nSELECT 1\n$$\n")
    new = Thing("function", "f()", "", "CREATE FUNCTION f()\nAS $$\nSELECT 2\n$$\n")
    assert diff(Schema.of((old,)), Schema.of((new,))).lines == (
        "  CREATE FUNCTION f()", "  AS $$", "- SELECT 1", "+ SELECT 2", "  $$",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "text", False),
        ("character varying(10)", "character varying(20)", True),
        ("character varying(20)", "character varying(10)", False),
        ("character varying(20)", "text", True),
        ("character varying(20)", "character varying", True),
        ("text", "character varying(20)", False),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(10,4)", False),
        ("numeric(10,2)", "numeric", True),
        ("numeric(10)", "numeric(12,2)", True),
        ("timestamp(3) without time zone", "timestamp(6) without time zone", True),
        ("timestamp(6) without time zone", "timestamp(3) without time zone", False),
        ("timestamp(3) without time zone", "timestamp(3) with time zone", False),
    ],
)
def test_a_type_that_takes_less_is_called_out(before: str, after: str, fits: bool) -> None:
    old, new = (Thing("column", "t", "c", type_, type_) for type_ in (before, after))
    expected = () if fits else (f"changes the type of the column t.c from {before} to {after}: values may not fit",)
    assert diff(Schema.of((old,)), Schema.of((new,))).destructive == expected


def test_not_null_without_a_default_is_called_out() -> None:
    required = Thing("column", "users", "mail", "text NOT NULL", "text", not_null=True)
    assert diff(BEFORE, Schema.of((*BEFORE.things.values(), required))).destructive == (
        "adds the column users.mail as NOT NULL without a default: that fails on a table with rows",
    )
    now = Thing("column", "users", "name", "text NOT NULL DEFAULT ''", "text", not_null=True, has_default=True)
    assert diff(BEFORE, Schema.of((USERS, ID, now, KEY, MOOD))).destructive == (
        "makes the column users.name NOT NULL: that fails on rows without a value",
    )
