"""What becomes of a preview's Hyperdrive configuration: desired and observed in, steps out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from preview_db.planning import hyperdrive, identity, plan, stale
from preview_db.planning.model import Configuration, Kind, Repository
from preview_db.planning.settings import Inputs
from preview_db.planning.stale import RepositoryState, StaleReason
from preview_db.planning.steps import Action, DesiredState, Plan
from tests.factories import NOW, REPOSITORY, connection, database, scope

SCOPE = scope()
OWN = connection("hyperdrive-99-1")


def desired(**changes: Any) -> DesiredState:
    base = DesiredState(scope=SCOPE, present=True, reason="because", now=NOW, hyperdrive=True)
    return base._replace(**changes)


def configuration(id_: str = "c1", name: str = "", hours: float = 1) -> Configuration:
    return Configuration(id_, name or identity.name(SCOPE), "db.prisma.io", 5432, NOW - timedelta(hours=hours))


def actions(made: Plan) -> list[str]:
    return [step.action.value for step in made.steps]


def test_it_is_created_after_the_database_and_its_credentials() -> None:
    made = plan.make(desired(), [])
    assert actions(made) == ["create", "mint", "wait", "create_configuration"]
    assert made.steps[-1].subject == identity.name(SCOPE)


def test_it_is_checked_where_the_database_has_a_credential_of_its_own() -> None:
    made = plan.make(desired(), [database(connections=(OWN,))], [configuration()])
    assert actions(made) == ["keep", "mint", "wait", "check_configuration"]


@pytest.mark.parametrize(
    ("connections", "cut_off", "reason"),
    [((), frozenset(), "no credential that is its own"), ((OWN,), frozenset({"c1"}), "can't log in any more")],
)
def test_it_is_updated_where_it_can_not_log_in(connections: tuple[object, ...], cut_off: frozenset[str], reason: str) -> None:
    (step,) = plan.make(desired(cut_off=cut_off), [database(connections=connections)], [configuration()]).of(Action.UPDATE_CONFIGURATION)
    assert reason in step.reason


def test_after_a_reset_it_points_at_the_new_database_before_the_old_one_goes() -> None:
    made = plan.make(desired(fresh=True), [database(connections=(OWN,))], [configuration()])
    assert actions(made)[-3:] == ["update_configuration", "delete", "adopt"]


def test_it_goes_before_its_database() -> None:
    made = plan.make(desired(present=False), [database()], [configuration()])
    assert actions(made) == ["delete_configuration", "delete"]


def test_of_two_the_older_is_kept() -> None:
    found = [configuration("new", hours=1), configuration("old", hours=2)]
    made = plan.make(desired(), [database(connections=(OWN,))], found)
    assert [step.on_configuration.id for step in made.of(Action.CHECK_CONFIGURATION)] == ["old"]
    assert [step.on_configuration.id for step in made.of(Action.DELETE_CONFIGURATION)] == ["new"]


def test_where_nothing_may_be_created_it_is_only_handed_out() -> None:
    connecting = desired(may_create=False, may_delete=False)
    assert "create_configuration" not in actions(plan.make(connecting, [database()]))
    made = plan.make(connecting, [database()], [configuration("new"), configuration("old", hours=2)])
    assert [step.on_configuration.id for step in made.of(Action.CHECK_CONFIGURATION)] == ["old"]
    assert not made.of(Action.DELETE_CONFIGURATION)


def test_without_the_wish_for_one_there_is_no_step() -> None:
    made = plan.make(desired(hyperdrive=False), [database()], [configuration()])
    assert actions(made) == ["keep", "mint", "wait"]


@pytest.mark.parametrize(
    "name",
    [
        "production",
        identity.name(SCOPE)[:-1] + "7",
        identity.name(scope(13)),
        identity.name(scope(repository=Repository(43, "acme/web"))),
        "x" + identity.name(SCOPE).replace("-pr-12-", "-pr-13-"),
    ],
)
def test_nobody_elses_is_in_any_plan(name: str) -> None:
    for present in (True, False):
        made = plan.make(desired(present=present), [database(connections=(OWN,))], [configuration(name=name)])
        assert not [step for step in made.steps if step.configuration is not None]


def test_a_configuration_without_a_database_is_a_preview_of_its_own() -> None:
    (preview,) = stale.previews([], REPOSITORY, [configuration()])
    assert (preview.scope, preview.name, preview.identity) == (SCOPE, identity.name(SCOPE), identity.name(SCOPE))
    verdict = stale.judge(preview, RepositoryState(), Inputs.read({}), NOW)
    assert (verdict.why, verdict.deletions, actions(verdict.plan)) == (StaleReason.CLOSED, 1, ["delete_configuration"])


def test_a_branch_is_found_by_its_configuration_alone() -> None:
    of_branch = scope("feat/x", Kind.BRANCH)
    (preview,) = stale.previews([], REPOSITORY, [configuration(name=identity.name(of_branch))])
    assert stale.judge(preview, RepositoryState(branches=["feat/x"]), Inputs.read({}), NOW).why is StaleReason.WANTED
    assert stale.judge(preview, RepositoryState(), Inputs.read({}), NOW).why is StaleReason.GONE


def test_what_is_left_is_never_less_than_nothing() -> None:
    assert hyperdrive.left(12) == "0 of 10 left on the free plan, 13 of 25 on a paid plan"


def test_a_sweep_says_how_many_the_account_has_and_how_many_more_it_may_have() -> None:
    assert hyperdrive.in_account(1) == "1 Hyperdrive configuration in the account: 9 of 10 left on the free plan, 24 of 25 on a paid plan"
    assert hyperdrive.in_account(26) == "26 Hyperdrive configurations in the account: 0 of 10 left on the free plan, 0 of 25 on a paid plan"
