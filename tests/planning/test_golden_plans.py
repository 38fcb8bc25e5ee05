"""Every plan, as a page to read: `plans.txt` has the steps from what there is to what should be, each with its reason.

A change of any of them shows in that file's diff. Written again with `python -m tests.planning.test_golden_plans`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from preview_db.planning import identity, plan
from preview_db.planning.model import Configuration, Database, PlatformBranch, Status
from preview_db.planning.steps import DesiredState, Plan
from tests.factories import NOW, TWELVE, connection, database, scope

PAGE = Path(__file__).with_name("plans.txt")

NEW = identity.name(TWELVE, replacement=True)
BOTH = ("DATABASE_URL", "DIRECT_URL")


class Observed(NamedTuple):
    databases: tuple[Database, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    branch: PlatformBranch | None = None


def configuration(id_: str, hours: float) -> Configuration:
    return Configuration(id_, identity.name(TWELVE), "db.prisma.io", 5432, NOW - timedelta(hours=hours))


def branch(*, hours: float = 0, names: tuple[str, ...] = BOTH, **changes: Any) -> PlatformBranch:
    """The branch with its variables, set so many hours ago."""
    variables = {name: f"var_{name.lower()}" for name in names}
    return PlatformBranch(
        "br_1",
        "feat/x",
        protected=False,
        variables=variables,
        set_at=dict.fromkeys(names, NOW - timedelta(hours=hours)),
        managed=frozenset(),
    )._replace(**changes)


def in_branch(*hours: float, branch_id: str | None = "br_1") -> Database:
    """A database in a platform branch, with credentials for Compute that were created so many hours ago."""
    return database(
        branch_id=branch_id, connections=tuple(connection(f"compute-{number}-1", hours=age) for number, age in enumerate(hours, 90))
    )


DESIRED: dict[str, dict[str, Any]] = {
    "create": {},
    "connect": {"may_create": False, "may_delete": False},
    "reset": {"fresh": True},
    "reset what was there when the run began": {"fresh": True, "outdated": frozenset({"db_1"})},
    "delete": {"present": False},
    "tidy, as a sweep does": {"may_create": False, "connections": ()},
}
OBSERVED: dict[str, Observed] = {
    "nothing": Observed(),
    "one": Observed((database(),)),
    "one without its logicalId": Observed((database(can_be_adopted=True),)),
    "one that failed": Observed((database(status=Status.FAILURE),)),
    "two": Observed((database("db_2", hours=1), database())),
    "one, and what a reset put beside it": Observed((database(), database("db_2", hours=1, of=NEW))),
    "one, and what a reset put beside it seven hours ago": Observed((database(), database("db_2", hours=7, of=NEW))),
    "one that is still called new": Observed((database(name=NEW, logical_id=identity.name(TWELVE)),)),
    "another pull request's, a default database, one made by hand": Observed(
        (database(of=scope(13)), database(is_default=True), database(of="by-hand"))
    ),
    "one with the credentials of five runs, and one made by hand": Observed(
        (
            database(
                connections=(
                    *(connection(f"app-{run}-1", hours=hours) for run, hours in enumerate((7, 9, 8, 6, 5), 1)),
                    connection("psql", hours=99),
                )
            ),
        )
    ),
    "one with the credential of this very run, and a newer one": Observed(
        (database(connections=(connection("app-100-1", hours=7), connection("app-101-1", hours=6))),)
    ),
    "one with three credentials of one moment": Observed(
        (database(connections=tuple(connection(f"app-{run}-1", hours=7) for run in (1, 2, 3))),)
    ),
    "one with a credential for one job, and another in use": Observed(
        (database(connections=(connection("app-1-1-once", hours=7), connection("app-2-1-once", hours=6))),)
    ),
}

HYPERDRIVE: dict[str, dict[str, Any]] = {
    "create": {"hyperdrive": True},
    "create, and c1 can't log in": {"hyperdrive": True, "cut_off": frozenset({"c1"})},
    "connect": {"hyperdrive": True, "may_create": False, "may_delete": False},
    "reset": {"hyperdrive": True, "fresh": True},
    "delete": {"hyperdrive": True, "present": False},
}
OWN = database(connections=(connection("hyperdrive-90-1"),))
POINTING: dict[str, Observed] = {
    "nothing": Observed(),
    "a configuration": Observed((), (configuration("c1", 1),)),
    "a database": Observed((database(),)),
    "a database, and a configuration without a credential": Observed((database(),), (configuration("c1", 1),)),
    "a database, and a configuration with its credential": Observed((OWN,), (configuration("c1", 1),)),
    "a database, and two configurations": Observed((OWN,), (configuration("c2", 1), configuration("c1", 2))),
}

COMPUTE: dict[str, dict[str, Any]] = {
    "create in the branch": {"branch": "feat/x"},
    "create, with one variable": {"branch": "feat/x", "variables": BOTH[:1]},
    "create, with two variables": {"branch": "feat/x", "variables": BOTH},
    "connect": {"branch": "feat/x", "variables": BOTH, "may_create": False, "may_delete": False},
    "reset": {"branch": "feat/x", "variables": BOTH, "fresh": True},
    "delete": {"branch": "feat/x", "variables": BOTH, "present": False},
    "delete, and the branch with it": {"branch": "feat/x", "variables": BOTH, "present": False, "branch_cleanup": True},
}
IN_BRANCHES: dict[str, Observed] = {
    "no branch, no database": Observed(),
    "no branch, a database": Observed((database(),)),
    "the branch, no database": Observed(branch=branch(names=())),
    "the branch, and a database in another": Observed((in_branch(branch_id="br_2"),), branch=branch(names=())),
    "the branch, and the database in it": Observed((in_branch(),), branch=branch(names=())),
    "one variable is set": Observed((in_branch(2),), branch=branch(hours=1, names=BOTH[:1])),
    "both are set, and the database has no credential for them": Observed(
        (database(branch_id="br_1", connections=(connection("app-1-1"),)),), branch=branch()
    ),
    "both are set, with the credential there is": Observed((in_branch(2, 1),), branch=branch(hours=1)),
    "both are older than the newer credential": Observed((in_branch(2, 1),), branch=branch(hours=1.5)),
    "one is older than the credential": Observed((in_branch(1),), branch=branch(set_at={BOTH[0]: NOW, BOTH[1]: NOW - timedelta(hours=2)})),
    "one is the system's": Observed((in_branch(1),), branch=branch(managed=frozenset({"DIRECT_URL"}))),
    "the branch is the project's default": Observed((in_branch(1),), branch=branch(protected=True)),
}

SECTIONS: tuple[tuple[str, dict[str, dict[str, Any]], dict[str, Observed]], ...] = (
    ("A database", DESIRED, OBSERVED),
    ("A database with a Hyperdrive configuration", HYPERDRIVE, POINTING),
    ("A database in a platform branch, with Compute's variables", COMPUTE, IN_BRANCHES),
)


def told(made: Plan) -> Iterator[str]:
    """The plan as a log has it, and beside it what each step is done to."""
    for line, step in zip(plan.plan_lines(made), made.steps or [None], strict=True):
        done_to = [found.id for found in (step.database, step.connection, step.configuration) if found] if step else []
        yield f"    {line}{' -> ' if done_to else ''}{' '.join(done_to)}"
    yield from (f"    WARNING {warning}" for warning in made.warnings)


def lines() -> Iterator[str]:
    """Under each wish, what there may be, with the plan that comes of it; what comes to the same plan stands together."""
    for title, desired, observed in SECTIONS:
        yield f"=== {title}"
        for wish, changes in desired.items():
            state = DesiredState(TWELVE, present=True, reason="because", now=NOW, mint_suffix="100-1")._replace(**changes)
            plans: dict[tuple[str, ...], list[str]] = {}
            for there, seen in observed.items():
                plans.setdefault(tuple(told(plan.make(state, *seen))), []).append(there)
            yield f"# {wish}"
            for made, together in plans.items():
                yield f"  {' | '.join(together)}"
                yield from made


def test_no_plan_is_another_than_it_was() -> None:
    assert list(lines()) == PAGE.read_text("utf-8").splitlines(), "if that is meant: python -m tests.planning.test_golden_plans"


if __name__ == "__main__":
    PAGE.write_text("\n".join(lines()) + "\n", "utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
