"""What was done inside the database, as the comment says it."""

from __future__ import annotations

import pytest

from preview_db.planning.contents import NOTHING, Contents, Migrated
from preview_db.planning.model import Source
from preview_db.planning.schema import Schema, Thing, diff
from preview_db.report import schema
from preview_db.report.contents import migrations_json, rows


@pytest.mark.parametrize(
    ("contents", "source", "expected"),
    [
        (NOTHING, None, []),
        (NOTHING, Source("db_1"), [("Data", "a clone of `db_1`")]),
        (NOTHING, Source("db_1", "b1"), [("Data", "restored from the backup `b1` of `db_1`")]),
        (Contents(anonymized="r.sql"), Source("db_1"), [("Data", "a clone of `db_1`, anonymized by `r.sql`")]),
        (Contents(anonymized="r.sql"), None, [("Data", "a clone, anonymized by `r.sql`")]),
        (Contents(seeded=("s.sql",)), None, [("Seed", "`s.sql` has run")]),
        (Contents(seeded=("a.sql", "b.sql")), None, [("Seed", "`a.sql`, `b.sql` have run")]),
    ],
)
def test_a_row_for_each_thing_there_is_to_say(contents: Contents, source: Source | None, expected: list[tuple[str, str]]) -> None:
    assert rows(contents, source) == expected


@pytest.mark.parametrize(
    ("migrated", "expected"),
    [
        (Migrated("m"), "up to date, 0 migrations applied"),
        (Migrated("m", 1), "up to date, 1 migration applied"),
        (Migrated("m", 0, ("a",)), "1 applied: `a`"),
        (Migrated("m", 2, ("a", "b")), "2 applied, 2 before: `a`, `b`"),
        (Migrated("m", 0, tuple("abcdefghij")), f"10 applied: {', '.join(f'`{name}`' for name in 'abcdefghij')}"),
        (Migrated("m", 0, tuple("abcdefghijkl")), f"12 applied: ..., {', '.join(f'`{name}`' for name in 'cdefghijkl')}"),
        (
            Migrated("m", 1, ("a",), ("c", "d"), "b", "no <table>"),
            "**`b` failed**: no &lt;table&gt;<br>1 applied, 1 before: `a`; 2 pending",
        ),
        (
            Migrated("m", 1, inherited=("x",)),
            "1 migration applied before, none now; its source has 1 migration more, not in the folder: `x`",
        ),
        (Migrated("m", 2, (), ("c",), "", "changed"), "changed<br>2 migrations applied before, none now; 1 pending"),
        (Migrated("m", 2, error="changed"), "changed<br>2 migrations applied before, none now"),
    ],
)
def test_migrations_in_a_line(migrated: Migrated, expected: str) -> None:
    assert rows(Contents(migrated=migrated), None) == [("Migrations", expected)]


def test_migrations_for_programs() -> None:
    migrated = Migrated("m", 2, ("a",), ("c",), "b", "broke")
    assert migrations_json(migrated) == {"applied": ["a"], "pending": ["c"], "failed": "b", "applied_before": 2}
    assert migrations_json(Migrated("m"))["failed"] is None


def tables(count: int) -> Schema:
    return Schema.of(Thing("table", f"t{number:04}", "", "") for number in range(count))


def test_no_difference_is_no_noise() -> None:
    same = diff(tables(2), tables(2))
    assert (schema.for_comment(same), schema.for_summary(same)) == ([], [])


def test_the_comment_folds_the_difference_and_the_summary_shows_it() -> None:
    found = diff(tables(0), tables(1), against="an empty database")
    headline = "**Schema: 1 table added** (against an empty database)"
    block = ["```diff", "+ table t0000", "```"]
    assert schema.for_summary(found) == ["", headline, "", *block]
    folded = ["<details><summary>The difference</summary>", "", *block, "", "</details>"]
    assert schema.for_comment(found) == ["", headline, "", *folded]


def test_what_may_lose_data_stands_above_and_is_cut() -> None:
    lines = schema.for_summary(diff(tables(22), tables(0)))
    assert lines[:4] == ["", "> [!WARNING]", "> This pull request", "> - drops the table t0000"]
    assert lines[22:25] == ["> - drops the table t0019", "> - and 2 more", ""]
    lines = schema.for_summary(diff(tables(20), tables(0)))
    assert lines[22:24] == ["> - drops the table t0019", ""]


def test_a_long_difference_is_cut_and_says_where_the_rest_is() -> None:
    found = diff(tables(0), tables(250))
    lines = schema.for_comment(found)
    assert lines.count("... and 50 more lines: all of it is in the summary of the run") == 1
    assert "+ table t0199" in lines
    assert "+ table t0200" not in lines
    assert "+ table t0249" in schema.for_summary(found)


def test_a_wide_difference_is_cut_by_its_length() -> None:
    wide = Schema.of(Thing("table", f"t{number}", "", "x" * 9_000) for number in range(100))
    assert "... and 98 more lines: all of it is in the summary of the run" in schema.for_comment(diff(tables(0), wide))
    assert "... and 45 more lines" in schema.for_summary(diff(tables(0), wide))


@pytest.mark.parametrize(("left", "cut"), [(0, False), (-1, True)])
def test_a_difference_may_fill_the_comment_to_its_last_character(left: int, cut: bool) -> None:
    first, second = "x" * 9_000, "x" * (20_000 - 9_000 - 2 * len("+ table tn \n") - left)
    found = diff(tables(0), Schema.of((Thing("table", "t1", "", first), Thing("table", "t2", "", second))))
    assert [line.partition(" x")[0] for line in schema.for_comment(found)[6:-3]] == [
        "+ table t1",
        "... and 1 more line: all of it is in the summary of the run" if cut else "+ table t2",
    ]


def test_no_character_hides_anything() -> None:
    hidden = Schema.of([Thing("view", "v", "", "SELECT '\u202e'\n")])
    assert schema.for_comment(diff(tables(0), hidden))[5:9] == ["```diff", "+ view v", "+ SELECT ' '", "```"]


@pytest.mark.parametrize(
    ("definition", "fence"), [("SELECT '`'", "```"), ("SELECT '```'", "````"), ("SELECT '```', '`````', '`'", "``````")]
)
def test_no_backticks_in_a_definition_end_the_block(definition: str, fence: str) -> None:
    lines = schema.for_summary(diff(tables(0), Schema.of([Thing("view", "v", "", definition)])))
    assert lines[3:] == [f"{fence}diff", f"+ view v {definition}", fence]
