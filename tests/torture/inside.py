"""Killed or cut off inside the database: at every round trip to PostgreSQL of migrations, seed, rules and marks, before it and after it.

The round trips are those of a run that nothing happens to, so that a new one is covered by itself. Those of the login are among them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from preview_db_emulator.runner.runner import Run, Step
from tests.data.checkout import FOLDER, LOCK, query
from tests.drivers.emulator import log_in
from tests.drivers.postgres_round_trips import Phase, RoundTrips
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import check_manners, check_promise, hold

FILES = {
    f"{FOLDER}/migration_lock.toml": LOCK,
    f"{FOLDER}/1_t/migration.sql": "CREATE TABLE t (id int PRIMARY KEY);",
    f"{FOLDER}/2_u/migration.sql": "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1);",
    f"{FOLDER}/3_i/migration.sql": "CREATE INDEX CONCURRENTLY i ON u (id);",
    "first/migration_lock.toml": LOCK,
    "first/1_t/migration.sql": "CREATE TABLE t (id int PRIMARY KEY);",
    "plain/1_t.sql": "CREATE TABLE t (id int PRIMARY KEY);",
    "plain/2_u.sql": "CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1);",
    "seed.sql": "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);",
    "people.sql": "INSERT INTO people VALUES ('Grace', 0);",
    "rules.sql": "UPDATE people SET name = 'somebody', times = times + 1;",
}


Rows = list[tuple[object, ...]]
End = Callable[[Callable[[], Workflow], "Scene", int, Phase], None]
"""What ends a run, or its connection, at a round trip, and then runs it again."""


@dataclass(frozen=True)
class Scene:
    """What is done inside, and what has to be so once it was done, whatever was killed before.

    Attributes:
        inputs: of the step; ``source: staging`` is a database with somebody in it.
        rows: what queries answer.
        opened_with: the inputs of the run before, if the preview is there already.
    """

    name: str
    inputs: dict[str, str]
    rows: dict[str, Rows]
    opened_with: dict[str, str] | None = None


_MIGRATED: dict[str, Rows] = {
    "SELECT count(*), count(finished_at) FROM _prisma_migrations": [(3, 3)],
    "SELECT id FROM u": [(1,)],
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass": [(True,)],
}
_SEEDED: dict[str, Rows] = {"SELECT id FROM t ORDER BY id": [(1,), (2,)]}

SCENES = (
    Scene("migrations and seed", {"migrations": FOLDER, "seed": "seed.sql"}, {**_MIGRATED, **_SEEDED}),
    Scene("plain migrations and seed", {"migrations": "plain", "seed": "seed.sql"}, {"SELECT id FROM u": [(1,)], **_SEEDED}),
    Scene("a clone with a seed", {"source": "staging", "seed": "people.sql"}, {"SELECT * FROM people": [("Ada", 0), ("Grace", 0)]}),
    Scene(
        "a clone with rules, migrations and a seed",
        {"source": "staging", "anonymize": "rules.sql", "migrations": "plain", "seed": "seed.sql"},
        {"SELECT * FROM people": [("somebody", 1)], "SELECT id FROM u": [(1,)], **_SEEDED},
    ),
    Scene(
        "migrations of a preview in use",
        {"migrations": FOLDER, "on_drift": "reset"},
        _MIGRATED,
        opened_with={"migrations": "first"},
    ),
)


def staged(workflow: Workflow, scene: Scene) -> tuple[PullRequest, Callable[[], Step]]:
    """The pull request, and what starts the run that something is to happen to."""
    root = workflow.root / "checkout"
    for name, content in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    workflow.environ = {**workflow.environ, "GITHUB_WORKSPACE": str(root)}
    if "source" in scene.inputs:
        body = {"projectId": workflow.project, "name": "staging", "region": "eu-central-1"}
        made = workflow.api("POST", "/v1/databases", body).json()["data"]
        string = made["connections"][0]["endpoints"]["direct"]["connectionString"]
        log_in(string, "CREATE TABLE people AS SELECT 'Ada' AS name, 0 AS times")
    pull = workflow.pull()
    if scene.opened_with is not None:
        hold(pull.opened(**scene.opened_with).succeeded, "the preview is there")
    payload = pull.event("opened", state="open")
    return pull, lambda: workflow.step("pull_request", payload, scene.inputs)


def check(pull: PullRequest, run: Run, scene: Scene) -> None:
    """Raises :class:`AssertionError` unless all is done, and once."""
    hold(run.exit_code == 0, "the run succeeds", run)
    check_promise(pull, run)
    for sql, rows in scene.rows.items():
        hold(query(run, sql) == rows, f"{sql}: {query(run, sql)} instead of {rows}", run)
    (database,) = pull.databases()
    hold(not database["name"].startswith("new--"), f"it is new no more: {database['name']}", run)


def round_trips(workflow: Workflow, scene: Scene) -> int:
    """How many a run takes that nothing happens to."""
    pull, start = staged(workflow, scene)
    with RoundTrips.of(workflow) as trips:
        run = start().finish()
        count = trips.count
        check(pull, run, scene)
    return count


def killed(fresh: Callable[[], Workflow], scene: Scene, index: int, phase: Phase) -> None:
    """Kills the run there without warning, and runs it again."""
    workflow = fresh()
    pull, start = staged(workflow, scene)
    with RoundTrips.of(workflow, index, phase) as trips:
        step = start()
        while not trips.held.wait(0.02):
            hold(step.process.poll() is None, f"the run comes to where it will be killed: {phase} round trip {index + 1}")
        step.kill()
    try:
        check(pull, start().finish(), scene)
    except AssertionError as error:
        raise AssertionError(f"{scene.name}, killed {phase} round trip {index + 1}: {error}") from None


def cut_off(fresh: Callable[[], Workflow], scene: Scene, index: int, phase: Phase) -> None:
    """Cuts the run's connection to PostgreSQL there, and runs it again."""
    workflow = fresh()
    pull, start = staged(workflow, scene)
    with RoundTrips.of(workflow, index, phase, hold_s=0) as trips:
        run = start().finish()
        hold(trips.held.is_set(), f"the run comes to where it is cut off: {phase} round trip {index + 1}", run)
    check_manners(run)
    if run.exit_code:
        hold("The connection broke" in run.annotations[-1].message, "the run says that the connection broke, and blames no script", run)
    try:
        check(pull, start().finish(), scene)
    except AssertionError as error:
        raise AssertionError(f"{scene.name}, cut off {phase} round trip {index + 1}: {error}") from None


def everywhere(fresh: Callable[[], Workflow], scene: Scene) -> Iterator[Callable[[], None]]:
    """Every way to end such a run inside, or its connection, each in a project of its own: two of each at every round trip."""
    count = round_trips(fresh(), scene)
    for index in range(count):
        for end in (killed, cut_off):
            yield functools.partial(end, fresh, scene, index, "before")
            if index < count - 1:  # the last is the farewell, which nobody answers
                yield functools.partial(end, fresh, scene, index, "after")
