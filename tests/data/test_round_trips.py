"""How often a run waits for PostgreSQL where there is nothing to do inside the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from preview_db_emulator.runner.runner import Run
from tests.data.checkout import FOLDER, Checkout
from tests.drivers.postgres_round_trips import RoundTrips

MIGRATIONS = {"1_a": "CREATE TABLE a (id int);", "2_b": "CREATE TABLE b (id int);"}


def counted(checkout: Checkout, happens: Callable[[], Run]) -> int:
    """The round trips to PostgreSQL by the direct endpoint."""
    with RoundTrips.of(checkout.life) as trips:
        run = happens()
    assert run.succeeded, run.log
    return trips.count


@pytest.mark.parametrize("tool", ["prisma", "plain"])
def test_a_run_with_nothing_pending_waits_once_more_than_one_without_migrations(checkout: Checkout, tool: str) -> None:
    checkout.prisma(MIGRATIONS)
    for name, sql in MIGRATIONS.items():
        checkout.write(f"plain/{name}.sql", sql)
    inputs = {"migrations": FOLDER if tool == "prisma" else "plain"}
    assert checkout.opened(**inputs).succeeded
    login = counted(checkout, checkout.pushed)
    assert counted(checkout, lambda: checkout.pushed(**inputs)) == login + 1


def test_a_run_whose_seed_has_run_and_with_nothing_pending_waits_once_more(checkout: Checkout) -> None:
    checkout.prisma(MIGRATIONS)
    checkout.write("seed.sql", "INSERT INTO a VALUES (1);")
    inputs = {"migrations": FOLDER, "seed": "seed.sql"}
    assert checkout.opened(**inputs).succeeded
    login = counted(checkout, checkout.pushed)
    assert counted(checkout, lambda: checkout.pushed(**inputs)) == login + 1
