"""Runs that are killed, that come at once, or that are told to stop: what they leave is put right by the next, or told."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preview_db_emulator.client import Emulator
from tests.data.checkout import FOLDER, LOCK, Checkout, query
from tests.drivers.emulator import log_in
from tests.drivers.pull_request import Life
from tests.drivers.workflow import Workflow, until
from tests.torture import inside

LOGIN = 4
"""Round trips that the login and the first query take."""

MANY = {f"{number:02}_t": f"CREATE TABLE t{number} (id int PRIMARY KEY); INSERT INTO t{number} VALUES (1);" for number in range(12)}
RULES = "UPDATE people SET name = 'somebody', times = times + 1;"


@pytest.fixture
def checkout(life: Life) -> Checkout:
    return Checkout.of(life)


def is_at_work(checkout: Checkout, what: str) -> bool:
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{what}%' AND state = 'active' AND pid <> pg_backend_pid()"
    return log_in(checkout.life.emulator.addresses["postgres_url"], asked) != [(0,)]


def staging(checkout: Checkout) -> str:
    """A database with somebody in it."""
    body = {"projectId": checkout.life.project, "name": "staging", "region": "eu-central-1"}
    made = checkout.life.api("POST", "/v1/databases", body).json()["data"]
    log_in(made["connections"][0]["endpoints"]["direct"]["connectionString"], "CREATE TABLE people AS SELECT 'Ada' AS name, 0 AS times")
    return str(made["id"])


def test_of_three_jobs_at_once_one_migrates_and_seeds(checkout: Checkout) -> None:
    checkout.prisma(MANY)
    checkout.write("seed.sql", "INSERT INTO t0 VALUES (2);")
    steps = [checkout.life.starts("opened", {"state": "open"}, migrations=FOLDER, seed="seed.sql") for _ in range(3)]
    runs = [step.finish() for step in steps]
    assert [run.exit_code for run in runs] == [0, 0, 0], "\n".join(line for run in runs for line in run.log)
    applied = [len(json.loads(run.outputs["migrations"])["applied"]) for run in runs]
    assert sorted(applied) == [0, 0, len(MANY)]
    assert len({run.outputs["database_id"] for run in runs}) == 1
    for run in runs:
        assert query(run, "SELECT count(*), (SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL) FROM t0") == [(2, 12)]


def test_of_three_jobs_at_once_with_a_clone_one_anonymizes_it(checkout: Checkout) -> None:
    staging(checkout)
    checkout.write("rules.sql", RULES)
    steps = [checkout.life.starts("opened", {"state": "open"}, source="staging", anonymize="rules.sql") for _ in range(3)]
    runs = [step.finish() for step in steps]
    assert [run.exit_code for run in runs] == [0, 0, 0], "\n".join(line for run in runs for line in run.log)
    assert {str(query(run, "SELECT name, times FROM people")) for run in runs} == {"[('somebody', 1)]"}
    assert len(checkout.life.databases()) == 2


def test_of_three_jobs_at_once_with_a_clone_one_seeds_it(checkout: Checkout) -> None:
    staging(checkout)
    checkout.write("seed.sql", "INSERT INTO people VALUES ('Grace', 0);")
    steps = [checkout.life.starts("opened", {"state": "open"}, source="staging", seed="seed.sql") for _ in range(3)]
    runs = [step.finish() for step in steps]
    assert [run.exit_code for run in runs] == [0, 0, 0], "\n".join(line for run in runs for line in run.log)
    assert {str(query(run, "SELECT name FROM people")) for run in runs} == {"[('Ada',), ('Grace',)]"}


def test_a_clone_whose_run_was_killed_is_replaced(checkout: Checkout) -> None:
    source = staging(checkout)
    checkout.write("rules.sql", "UPDATE people SET name = 'somebody'; SELECT pg_sleep(0.8);")
    step = checkout.life.starts("opened", {"state": "open"}, source=source, anonymize="rules.sql")
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    step.kill()
    (killed,) = (database["id"] for database in checkout.life.databases() if database["id"] != source)

    checkout.write("rules.sql", RULES)
    pushed = checkout.pushed(source=source, anonymize="rules.sql")
    assert pushed.succeeded, pushed.log
    assert pushed.outputs["database_id"] not in (killed, source)
    assert query(pushed, "SELECT name FROM people") == [("somebody",)]
    assert [database["id"] for database in checkout.life.databases()] == [source, pushed.outputs["database_id"]]


@pytest.mark.parametrize("after", [0, 3, 7])
def test_a_new_preview_whose_run_was_killed_as_it_migrated_is_replaced(checkout: Checkout, after: int) -> None:
    """PostgreSQL carries the migration to its end, and nobody is left to record it."""
    slow = {**MANY, f"{after:02}_t": f"SELECT pg_sleep(0.8); {MANY[f'{after:02}_t']}"}
    checkout.prisma(slow)
    step = checkout.life.starts("opened", {"state": "open"}, migrations=FOLDER)
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    step.kill()
    pushed = checkout.pushed(migrations=FOLDER)
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL") == [(12,)]
    assert query(pushed, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%preview%'") == []
    assert len(checkout.life.databases()) == 1


@pytest.mark.parametrize("end", [inside.killed, inside.cut_off])
@pytest.mark.parametrize("scene", inside.SCENES, ids=lambda scene: scene.name)
def test_a_run_that_was_killed_or_cut_off_inside_is_put_right_by_the_next(
    running: Emulator, tmp_path: Path, scene: inside.Scene, end: inside.End
) -> None:
    """`make torture` tries every round trip to PostgreSQL, this one of what comes after the login."""

    def fresh() -> Workflow:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return Workflow.new(running, folder)

    trips = inside.round_trips(fresh(), scene)
    chance = random.Random(scene.name)
    end(fresh, scene, chance.randrange(LOGIN, trips - 1), chance.choice(["before", "after"]))


def test_a_clone_whose_run_was_killed_before_it_logged_in_gets_its_seed(running: Emulator, tmp_path: Path) -> None:
    """What a clone holds does not say that nobody was given a way in; its name does."""
    clone = next(scene for scene in inside.SCENES if scene.name == "a clone with a seed")
    inside.killed(lambda: Workflow.new(running, tmp_path), clone, 0, "before")


def test_where_data_would_be_lost_a_killed_migration_is_told(checkout: Checkout) -> None:
    checkout.prisma({"1_t": "CREATE TABLE t (id int);"})
    opened = checkout.opened(migrations=FOLDER)
    query(opened, "INSERT INTO t VALUES (1)")
    checkout.prisma({"2_slow": "SELECT pg_sleep(0.8); CREATE TABLE u (id int);"})
    step = checkout.life.starts("synchronize", {}, migrations=FOLDER)
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    step.kill()
    told = checkout.pushed(migrations=FOLDER)
    assert told.exit_code == 1
    assert "The `2_slow` migration started at" in " ".join(told.log)
    assert "was begun and not finished" in " ".join(told.log)
    assert query(opened, "SELECT id FROM t") == [(1,)]
    reset = checkout.pushed(migrations=FOLDER, on_drift="reset")
    assert query(reset, "SELECT count(*) FROM t") == [(0,)]


def test_a_run_that_is_cancelled_stops_between_two_migrations(checkout: Checkout) -> None:
    checkout.prisma({**MANY, "03_t": f"SELECT pg_sleep(0.8); {MANY['03_t']}"})
    step = checkout.life.starts("opened", {"state": "open"}, migrations=FOLDER)
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    step.cancel()
    cancelled = step.finish()
    assert cancelled.exit_code != 0
    assert "after: the migration 03_t was applied" in " ".join(cancelled.log)
    again = checkout.pushed(migrations=FOLDER)
    assert again.succeeded, again.log
    assert len(json.loads(again.outputs["migrations"])["applied"]) == len(MANY) - 4


def test_a_seed_whose_run_was_killed_runs_with_the_next(checkout: Checkout) -> None:
    checkout.prisma({"1_t": "CREATE TABLE t (id int PRIMARY KEY);"})
    checkout.write("seed.sql", "INSERT INTO t VALUES (1); SELECT pg_sleep(0.8); INSERT INTO t VALUES (2);")
    step = checkout.life.starts("opened", {"state": "open"}, migrations=FOLDER, seed="seed.sql")
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    step.kill()
    pushed = checkout.pushed(migrations=FOLDER, seed="seed.sql")
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT id FROM t ORDER BY id") == [(1,), (2,)]


def test_a_run_waits_for_another_that_migrates(checkout: Checkout) -> None:
    checkout.prisma({"1_a": "SELECT pg_sleep(1); CREATE TABLE a (id int);"})
    first = checkout.life.starts("opened", {"state": "open"}, migrations=FOLDER)
    until(lambda: is_at_work(checkout, "pg_sleep(1)"))
    second = checkout.pushed(migrations=FOLDER)
    assert (first.finish().exit_code, second.exit_code) == (0, 0), second.log
    assert query(second, "SELECT count(*) FROM _prisma_migrations") == [(1,)]


def test_the_wait_for_another_has_an_end(checkout: Checkout) -> None:
    checkout.prisma({"1_a": "SELECT 1;"})
    first = checkout.opened()
    with ThreadPoolExecutor() as pool:
        holding = pool.submit(log_in, first.outputs["direct_url"], "SELECT pg_advisory_lock(72707369), pg_sleep(4)")
        until(lambda: is_at_work(checkout, "pg_sleep(4)"))
        refused = checkout.pushed(migrations=FOLDER, timeout="1s")
        holding.result()
    assert refused.exit_code == 1
    assert "Another run is at work in the database" in " ".join(refused.log)


def test_a_sweep_beside_a_reset_that_will_fail_leaves_what_was_there(checkout: Checkout) -> None:
    opened = checkout.opened()
    checkout.write("seed.sql", "SELECT pg_sleep(0.8); SELECT 1 / 0;")
    reset = checkout.life.starts("synchronize", {}, on_push="reset", seed="seed.sql")
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    assert checkout.life.sweep().succeeded
    assert reset.finish().exit_code == 1
    assert [database["id"] for database in checkout.life.databases()] == [opened.outputs["database_id"]]
    assert query(opened, "SELECT 1") == [(1,)]


SLOW = {
    "seed": {"seed.sql": "CREATE TABLE t (id int); SELECT pg_sleep(5);"},
    "migrations": {f"{FOLDER}/1_slow/migration.sql": "CREATE TABLE t (id int); SELECT pg_sleep(5);", f"{FOLDER}/migration_lock.toml": LOCK},
}
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)%' AND pid <> pg_backend_pid()"


@pytest.mark.parametrize("what", SLOW)
def test_a_session_that_the_server_ends_is_not_the_scripts_fault_and_the_next_run_goes_on(checkout: Checkout, what: str) -> None:
    for path, content in SLOW[what].items():
        checkout.write(path, content)
    inputs = {what: FOLDER if what == "migrations" else "seed.sql"}
    step = checkout.life.starts("opened", {"state": "open"}, **inputs)
    until(lambda: is_at_work(checkout, "pg_sleep(5)"))
    log_in(checkout.life.emulator.addresses["postgres_url"], END)
    ended = step.finish()
    assert ended.exit_code == 1
    said = ended.annotations[-1].message
    assert "terminating connection" in said
    assert "The connection broke" in said
    assert "recorded as failed" not in said

    for path, content in SLOW[what].items():
        checkout.write(path, content.replace("pg_sleep(5)", "1"))
    pushed = checkout.pushed(**inputs)
    assert pushed.succeeded, pushed.log
    assert query(pushed, "SELECT count(*) FROM t") == [(0,)]


def test_a_database_that_is_deleted_under_its_seed_is_replaced_and_the_seed_is_not_blamed(checkout: Checkout) -> None:
    checkout.write("seed.sql", "CREATE TABLE t (id int); SELECT pg_sleep(0.8);")
    step = checkout.life.starts("opened", {"state": "open"}, seed="seed.sql")
    until(lambda: is_at_work(checkout, "pg_sleep(0.8)"))
    (deleted,) = checkout.life.databases()
    checkout.life.api("DELETE", f"/v1/databases/{deleted['id']}").raise_for_status()
    opened = step.finish()
    assert opened.succeeded, opened.log
    assert query(opened, "SELECT count(*) FROM t") == [(0,)]
    assert [database["id"] for database in checkout.life.databases()] == [opened.outputs["database_id"]] != [deleted["id"]]
