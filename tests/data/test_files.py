"""Files that the step can't use: it says which and why, before anything is created."""

from __future__ import annotations

import os

import pytest

from tests.data.checkout import FOLDER, Checkout
from tests.data.test_migrations import TWO


@pytest.mark.parametrize(("entry", "said"), [("folder", "can't be read (Is a directory)"), ("pipe", "which is no plain file")])
def test_a_seed_that_is_no_plain_file_is_refused(checkout: Checkout, entry: str, said: str) -> None:
    checkout.write("seeds/1.sql", "SELECT 1;")
    odd = checkout.root / "seeds" / "2.sql"
    odd.mkdir() if entry == "folder" else os.mkfifo(odd)
    run = checkout.opened(seed="seeds")
    assert run.exit_code == 1
    assert said in run.annotations[-1].message
    assert checkout.life.databases() == []


def test_a_folder_without_sql_is_no_seed(checkout: Checkout) -> None:
    checkout.write("seeds/notes.txt", "no seed")
    run = checkout.opened(seed="seeds")
    assert run.exit_code == 1
    assert "holds no .sql file. There is: notes.txt" in run.annotations[-1].message


def test_rules_are_one_file(checkout: Checkout) -> None:
    checkout.write("rules/1.sql", "SELECT 1;")
    checkout.write("rules/2.sql", "SELECT 1;")
    run = checkout.opened(anonymize="rules", source="db_any")
    assert run.exit_code == 1
    assert "the rules are one" in run.annotations[-1].message


def test_a_lock_that_can_not_be_read_is_refused(checkout: Checkout) -> None:
    checkout.prisma(TWO)
    checkout.write(f"{FOLDER}/migration_lock.toml", "provider =")
    run = checkout.opened(migrations=FOLDER)
    assert run.exit_code == 1
    assert "migration_lock.toml that can't be read" in run.annotations[-1].message


def test_a_source_without_a_backup_is_refused(checkout: Checkout) -> None:
    made = checkout.life.api("POST", "/v1/databases", {"projectId": checkout.life.project, "name": "production"}).json()["data"]
    run = checkout.opened(source=f"{made['id']}/latest")
    assert run.exit_code == 1
    assert "has no completed backup" in run.annotations[-1].message
    assert len(checkout.life.databases()) == 1
