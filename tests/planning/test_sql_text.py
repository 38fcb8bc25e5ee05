"""A script's statements are told apart as PostgreSQL does, whatever stands in strings and comments."""

from __future__ import annotations

import pytest

from preview_db.planning import seeds
from preview_db.planning.sql_text import failed_statement, statements


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        (" ; ;\n", []),
        ("-- nothing; at all", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;;SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 ; SELECT 2 ", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1;'a;b'", ["SELECT 1", "'a;b'"]),
        ("/**/ SELECT 1", ["SELECT 1"]),
        ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("SELECT 'it''s;'; SELECT 2", ["SELECT 'it''s;'", "SELECT 2"]),
        (r"SELECT E'\';'; SELECT 2", [r"SELECT E'\';'", "SELECT 2"]),
        (r"SELECT '\'; SELECT 2", [r"SELECT '\'", "SELECT 2"]),
        ('SELECT ";"; SELECT 2', ['SELECT ";"', "SELECT 2"]),
        ("DO $$ BEGIN; END $$; SELECT 2", ["DO $$ BEGIN; END $$", "SELECT 2"]),
        ("DO $a$ $$;$$ $a$; SELECT 2", ["DO $a$ $$;$$ $a$", "SELECT 2"]),
        ("SELECT $$a;$$; SELECT $$b;$$; SELECT 3", ["SELECT $$a;$$", "SELECT $$b;$$", "SELECT 3"]),
        ("SELECT 1 /* a; */ + 2 /* b; */; SELECT 3", ["SELECT 1 /* a; */ + 2 /* b; */", "SELECT 3"]),
        ("SELECT a$b, c$b; SELECT 2", ["SELECT a$b, c$b", "SELECT 2"]),
        ("SELECT $1; SELECT $2", ["SELECT $1", "SELECT $2"]),
        ("/* a /* nested; */ ; */ SELECT 1; -- b;\nSELECT 2", ["SELECT 1", "SELECT 2"]),
        ("/* a; */\n-- b;\nSELECT 1", ["SELECT 1"]),
        ("DO $$ never closed; SELECT 1", ["DO $$ never closed; SELECT 1"]),
        ("SELECT 1 /* never closed;", ["SELECT 1 /* never closed;"]),
    ],
)
def test_statements_end_where_postgresql_ends_them(script: str, expected: list[str]) -> None:
    assert [statement.text for statement in statements(script)] == expected


def test_a_failed_statement_is_found_by_its_position_or_by_what_was_done_before() -> None:
    script = "SELECT 1;\n-- a comment\nSELECT 2;\n\nSELECT\n  x;\n"
    assert failed_statement(script, position=script.index("x"), completed=0) == (6, "SELECT\n  x")
    assert failed_statement(script, position=script.index("SELECT 2"), completed=0) == (3, "SELECT 2")
    assert failed_statement("\n-- a comment\nSELECT 1; SELECT 2", position=1, completed=0) == (2, "SELECT 1")
    assert failed_statement(script, position=None, completed=1) == (3, "SELECT 2")
    assert failed_statement(script, position=None, completed=3) is None
    assert failed_statement("", position=0, completed=0) is None


def test_a_long_statement_is_cut() -> None:
    line, shown = failed_statement(f"SELECT '{'x' * 5000}'", position=0, completed=0) or (0, "")
    assert line == 1
    assert shown == f"SELECT '{'x' * 392} ..."


DUMP = r"""--
-- PostgreSQL database dump
--

\restrict 8Qd3kdkq

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

COPY public.users (id, name) FROM stdin;
1	Ada; \N
2	x
\.


COPY public.empty (id) FROM stdin;
\.

SELECT pg_catalog.setval('public.users_id_seq', 2, true);

\unrestrict 8Qd3kdkq

"""


def test_a_dump_is_sql_with_rows_in_between() -> None:
    first, users, empty, last = seeds.parts(DUMP)
    assert first.sql.strip() == "SET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);"
    assert (users.sql, users.line, users.rows) == ("COPY public.users (id, name) FROM stdin", 10, "1\tAda; \\N\n2\tx\n")
    assert (empty.line, empty.rows) == (16, "")
    assert [part.line for part in (first, last)] == [5, 17]
    assert last.sql.strip() == "SELECT pg_catalog.setval('public.users_id_seq', 2, true);"


def test_a_copy_may_stand_right_behind_another_statement() -> None:
    sql, copy = seeds.parts("SELECT 1;COPY a FROM stdin;\n1\n\\.\n")
    assert (sql.sql, copy.sql, copy.rows) == ("SELECT 1;", "COPY a FROM stdin", "1\n")


def test_line_ends_of_windows_are_taken_too() -> None:
    copy, last = seeds.parts("COPY a FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n")
    assert (copy.rows, last.sql.strip()) == ("1\r\n", "SELECT 1;")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("SELECT 1;\n\\connect other\nSELECT 2;", r"\connect on line 2 is a command of psql's own"),
        ("\\i more.sql", r"\i on line 1"),
        ("SELECT 1;\nCOPY a FROM STDIN;\n1\n2\n", r"after the COPY on line 2 have no end"),
        ("COPY a FROM stdin;", r"after the COPY on line 1 have no end"),
        ("COPY a FROM stdin;\n1\n\\.\nCOPY b FROM stdin;", r"after the COPY on line 4 have no end"),
    ],
)
def test_what_only_psql_understands_is_not_taken(script: str, words: str) -> None:
    with pytest.raises(seeds.NotTaken) as refused:
        seeds.parts(script)
    assert words in str(refused.value)


def test_a_copy_from_a_program_or_to_somewhere_has_no_rows() -> None:
    script = "COPY (SELECT 1) TO '/tmp/x'; COPY a FROM '/tmp/stdin';"
    (part,) = seeds.parts(script)
    assert (part.sql, part.rows) == (script, None)
