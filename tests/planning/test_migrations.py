"""A folder of migrations against what a database has recorded."""

from __future__ import annotations

import hashlib

import pytest

from preview_db.planning.migrations import Migration, MigrationFolder, Record, Tool, compare

A, B, C = (Migration.of(name, f"SELECT '{name}';\n".encode()) for name in ("a", "b", "c"))
FOLDER = MigrationFolder("migrations", Tool.PRISMA, (A, B, C))


def applied(migration: Migration, checksum: str = "") -> Record:
    return Record(migration.name, checksum or migration.checksum, finished=True, rolled_back=False)


def test_what_is_not_recorded_is_pending() -> None:
    found = compare(FOLDER, [applied(A)])
    assert (found.pending, found.applied, found.is_drift, found.drift) == ((B, C), ("a",), False, "")


def test_one_that_sorts_before_what_was_applied_is_pending_too() -> None:
    assert compare(FOLDER, [applied(C)]).pending == (A, B)


def test_edited_and_missing_ones_are_drift() -> None:
    found = compare(FOLDER, [applied(A, "another"), applied(B), applied(Migration.of("z", b""))])
    assert (found.edited, found.missing, found.is_drift) == (("a",), ("z",), True)
    assert found.drift == (
        "The migration `a` was modified after it was applied. "
        "The following migration(s) are applied to the database but missing from the local migrations directory: z."
    )


def test_what_a_clone_brought_along_is_no_drift() -> None:
    before, after = (Record(name, "", finished=True, rolled_back=False, finished_at=at) for name, at in (("x", 99.0), ("y", 101.0)))
    found = compare(FOLDER, [applied(A), before, after], cloned_at=100.0)
    assert (found.inherited, found.missing) == (("x",), ("y",))
    assert not compare(FOLDER, [applied(A), before], cloned_at=100.0).is_drift
    assert compare(FOLDER, [applied(A), before]).missing == ("x",)
    assert compare(FOLDER, [applied(A), before], cloned_at=99.0).missing == ("x",)


def test_many_that_are_missing_are_cut() -> None:
    gone = [applied(Migration.of(f"z{number:02}", b"")) for number in range(12)]
    assert compare(FOLDER, gone).drift.endswith("z08, z09, ....")


@pytest.mark.parametrize(("logs", "how"), [("it broke", "failed"), ("", "was begun and not finished")])
def test_a_failed_one_comes_before_all_other_drift(logs: str, how: str) -> None:
    failed = Record("b", B.checksum, finished=False, rolled_back=False, logs=logs, started_at="2026-01-01 00:00:00 UTC")
    found = compare(FOLDER, [applied(A, "another"), failed])
    assert found.is_interrupted is not bool(logs)
    assert found.drift == (
        "There are failed migrations in the database, so new ones are not applied. "
        f"The `b` migration started at 2026-01-01 00:00:00 UTC {how}."
    )


def test_one_that_was_rolled_back_is_pending_again() -> None:
    rolled_back = [Record("a", A.checksum, finished=finished, rolled_back=True, logs="x") for finished in (False, True)]
    found = compare(FOLDER, rolled_back)
    assert (found.pending, found.is_drift) == ((A, B, C), False)


def test_a_database_with_something_in_it_and_no_record_is_drift_unless_there_is_nothing_to_apply() -> None:
    assert compare(FOLDER, [], unmanaged=True).drift == "The database schema is not empty, and no migration is recorded in it."
    assert not compare(FOLDER, []).is_drift
    assert not compare(FOLDER, [applied(A)], unmanaged=True).is_drift
    assert not compare(MigrationFolder("migrations", Tool.PRISMA, ()), [], unmanaged=True).is_drift


def test_a_checksum_is_that_of_the_files_bytes_and_line_ends_don_t_count() -> None:
    unix, windows = (Migration.of("a", content) for content in (b"SELECT 1;\nSELECT 2;\n", b"SELECT 1;\r\nSELECT 2;\r\n"))
    assert unix.checksum == hashlib.sha256(b"SELECT 1;\nSELECT 2;\n").hexdigest() != windows.checksum
    assert unix.checksums == windows.checksums == {unix.checksum, windows.checksum}
    marked = Migration.of("a", b"\xef\xbb\xbfSELECT 1;")
    assert (marked.script, marked.checksum) == ("SELECT 1;", hashlib.sha256(b"\xef\xbb\xbfSELECT 1;").hexdigest())


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("SELECT 1;\n", "SELECT 1;\n"),
        ("-- migrate:up\nA;\n-- migrate:down\nB;\n", "\nA;\n"),
        ("-- migrate:up transaction:false\nA;\n-- migrate:down\nB;\n", "\nA;\n"),
        ("-- about it\n-- +goose Up\nA;\n-- +goose Down\nB;\n", "\n\nA;\n"),
        ("-- migrate:down\nB;\n-- migrate:up\nA;\n", "\n\n\nA;\n"),
        ("-- migrate:down\nB;\n", "-- migrate:down\nB;\n"),
        ("-- migrate:down\nB;\n-- migrate:up\nA;\n-- migrate:down\nC;\n", "\n\n\nA;\n"),
        ("\n-- migrate:up\nA;\n", "\n\nA;\n"),
        ("-- migrate:up\nA;\n-- migrate:up\nB;\n-- migrate:down\nC;\n-- migrate:down\nD;\n", "\nA;\n-- migrate:up\nB;\n"),
        ("SELECT '-- migrate:up';\n", "SELECT '-- migrate:up';\n"),
    ],
)
def test_of_a_file_with_two_ways_the_way_up_is_taken_and_lines_keep_their_numbers(text: str, script: str) -> None:
    assert Migration.of("a", text.encode(), sections=True).script == script
    assert Migration.of("a", text.encode()).script == text
