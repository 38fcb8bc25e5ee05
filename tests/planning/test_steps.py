"""The steps of a plan, with their reasons word for word; what is adopted; what only looks like a preview's name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from preview_db.planning import identity, plan
from preview_db.planning.model import Connection, Database, Kind, Repository, Scope, Status
from preview_db.planning.steps import Action, DesiredState, Plan, Step

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOP = Repository(123456789, "acme/shop")
SCOPE = Scope(SHOP, Kind.PULL_REQUEST, "12")
NAME = "shop-pr-12-yuc7lqx5hcdvrhjs"
NEW = f"new--{NAME}"
DESIRED = DesiredState(SCOPE, present=True, reason="because", now=NOW, mint_suffix="100-1")
MINTED = ("mint", "app-100-1", "each run has credentials of its own")
WAITED = ("wait", "database", "it is handed out once one can log in to it")
ADOPTED = ("adopt", NAME, "the server then refuses a second one of its identity")


def database(id_: str = "db_1", name: str = NAME, **changes: Any) -> Database:
    created_at = NOW - timedelta(hours=24)
    base = Database(id_, name, name, Status.READY, created_at, is_default=False, project_id="p", region=None, default_connection_id=None)
    return base._replace(**changes)


def steps(made: Plan) -> list[tuple[str, str, str]]:
    return [(step.action.value, step.subject, step.reason) for step in made.steps]


def made(*databases: Database, **changes: Any) -> Plan:
    return plan.make(DESIRED._replace(**changes), databases)


def test_one_is_created() -> None:
    created = made()
    assert steps(created) == [("create", NAME, "because"), MINTED, WAITED]
    assert created.steps[0].database is None
    assert created.warnings == ()


def test_one_is_reused() -> None:
    reused = made(database())
    assert steps(reused) == [("keep", NAME, "because"), MINTED, WAITED]
    assert reused.steps[0].database == database()
    assert [step.credential for step in reused.steps] == ["", "app", ""]


def test_without_credentials_nobody_waits_for_a_login() -> None:
    assert steps(made(database(), connections=())) == [("keep", NAME, "because")]


def test_a_credential_that_ends_with_its_job_says_so() -> None:
    assert steps(made(ephemeral=True))[1] == ("mint", "app-100-1-once", "it ends with this job")


def test_a_second_one_goes_and_is_told_of() -> None:
    second = database("db_2", created_at=NOW - timedelta(hours=1))
    both = made(second, database())
    assert steps(both) == [("keep", NAME, "because"), MINTED, WAITED, ("delete", NAME, "a second one of the same preview")]
    assert both.steps[-1].database == second
    assert both.warnings == ("There were 2 databases for pull request #12. db_1, the oldest, is kept.",)
    assert made(second, database(), may_delete=False).warnings == ()
    assert not made(second, database(), may_delete=False).of(Action.DELETE)


def test_one_that_failed_goes() -> None:
    failed = database("db_0", status=Status.FAILURE)
    assert steps(made(failed, database()))[0] == ("delete", NAME, "it ended in failure and can't be used")
    assert steps(made(failed)) == [
        ("delete", NAME, "it ended in failure and can't be used"),
        ("create", NAME, "because"),
        MINTED,
        WAITED,
    ]
    assert steps(made(failed, may_delete=False, may_create=False)) == []


def test_a_reset_creates_a_new_one_before_the_old_one_goes() -> None:
    reset = made(database(), fresh=True)
    assert steps(reset) == [("create", NEW, "because"), MINTED, WAITED, ("delete", NAME, "the new one can be used"), ADOPTED]
    assert reset.steps[0].database == database()


def test_a_reset_that_finds_nothing_only_creates() -> None:
    assert steps(made(fresh=True)) == [("create", NAME, "because"), MINTED, WAITED]


def test_a_reset_replaces_what_it_found_first_and_nothing_that_came_later() -> None:
    later = database("db_2", NEW, created_at=NOW)
    again = made(database(), later, fresh=True, outdated=frozenset({"db_1"}))
    assert steps(again) == [("keep", NEW, "because"), MINTED, WAITED, ("delete", NAME, "the new one can be used"), ADOPTED]
    assert again.steps[0].database == later
    assert again.steps[3].database == database()


def test_a_reset_that_was_killed_is_finished() -> None:
    replacement = database("db_2", NEW, created_at=NOW)
    finished = made(database(), replacement)
    assert steps(finished) == [("keep", NEW, "because"), MINTED, WAITED, ("delete", NAME, "the new one can be used"), ADOPTED]
    assert finished.steps[0].database == replacement
    assert finished.warnings == ()


def test_of_two_resets_at_once_both_keep_the_newer_one() -> None:
    """The one that began later has seen the other's, and replaces it."""
    first, second = database("db_2", NEW, created_at=NOW - timedelta(seconds=2)), database("db_3", NEW, created_at=NOW)
    for found_first in ({"db_1"}, {"db_1", "db_2"}):
        reset = made(database(), first, second, fresh=True, outdated=frozenset(found_first))
        assert reset.steps[0].database == second
        assert {step.on_database.id for step in reset.of(Action.DELETE)} == {"db_1", "db_2"}
    assert made(database(), first, second).steps[0].database == second, "and so does any other run"
    assert made(first, second).warnings == ("There were 2 databases for pull request #12. db_3, the newest, is kept.",)


def test_one_that_bears_its_identity_as_a_name_only_is_adopted() -> None:
    bare = database(logical_id=None, can_be_adopted=True)
    assert steps(made(bare)) == [("keep", NAME, "because"), MINTED, WAITED, ADOPTED]
    assert steps(made(bare, may_create=False)) == [("keep", NAME, "because"), MINTED, WAITED]
    assert ADOPTED not in steps(made(database(logical_id=None, can_be_adopted=False)))


NO_LONGER_NEW = ("adopt", NAME, "it is no longer new: the seed has run")


def test_a_clone_that_gets_a_seed_is_called_new_until_it_has() -> None:
    """A run that is killed before that leaves the name, and the next one finishes it."""
    assert steps(made(seeds_clone=True)) == [("create", NAME, "because"), MINTED, WAITED, NO_LONGER_NEW]
    assert steps(made(database(name=NEW, logical_id=NAME))) == [("keep", NEW, "because"), MINTED, WAITED, NO_LONGER_NEW]
    assert NO_LONGER_NEW not in steps(made(database(name=NEW, logical_id=NAME), may_create=False))
    assert steps(made(database(), seeds_clone=True)) == [("keep", NAME, "because"), MINTED, WAITED]


def test_a_replacement_that_is_alone_gets_its_name() -> None:
    assert steps(made(database(name=NEW, logical_id=None)))[-1] == ADOPTED


def test_connecting_to_nothing_is_no_step() -> None:
    assert made(may_create=False) == Plan(())


def test_deleting_takes_every_one() -> None:
    gone = made(database(), database("db_2", NEW, status=Status.FAILURE), present=False)
    assert steps(gone) == [("delete", NAME, "because"), ("delete", NEW, "because")]


def test_a_tag_says_whose_where_the_scope_does_not() -> None:
    other = Scope(SHOP, Kind.PULL_REQUEST, "13")
    assert steps(made(database(), scope=other)) != steps(made(database(), scope=other, tag=NAME[-16:]))
    assert made(database(), scope=other, tag=NAME[-16:]).of(Action.KEEP)


def connection(name: str, hours: float) -> Connection:
    return Connection(f"con_{name}", name, NOW - timedelta(hours=hours))


def test_a_credential_that_is_superseded_says_why() -> None:
    old = database(connections=(connection("app-1-1", 9), connection("app-2-1", 8), connection("app-3-1", 7)))
    assert steps(made(old))[3:] == [
        ("revoke", "app-1-1", "3 newer runs have credentials of their own, and it is older than 6h"),
        ("revoke", "app-2-1", "2 newer runs have credentials of their own, and it is older than 6h"),
    ]
    (revoked, _) = made(old).of(Action.REVOKE)
    assert (revoked.database, revoked.connection) == (old, old.connections[0])


def test_a_credential_that_was_to_end_with_its_job_goes_by_its_age() -> None:
    old = database(connections=(connection("app-1-1-once", 25),))
    assert steps(made(old, grace=timedelta(days=1)))[3:] == [("revoke", "app-1-1-once", "it was for one job only, and is older than 1d")]
    assert steps(made(old, grace=timedelta(hours=25)))[3:] == []


@pytest.mark.parametrize(
    ("grace", "said"), [(0, "0s"), (90, "90s"), (60, "1m"), (3600, "1h"), (5400, "90m"), (86400, "1d"), (90000, "25h")]
)
def test_the_grace_is_said_as_it_was_given(grace: int, said: str) -> None:
    old = database(connections=(connection("app-1-1-once", 50),))
    assert steps(made(old, grace=timedelta(seconds=grace)))[3][2].endswith(f"older than {said}")


def test_the_credential_that_came_with_the_database_counts_as_the_first_name() -> None:
    came = database(connections=(connection("default", 9), connection("app-2-1", 8)), default_connection_id="con_default")
    assert [step.subject for step in made(came).of(Action.REVOKE)] == ["default"]
    assert not made(came, may_create=False).of(Action.REVOKE)
    assert not made(came, connections=("jobs", "app")).of(Action.REVOKE)


def test_a_plan_reads_as_lines() -> None:
    assert plan.plan_lines(made(database()))[:2] == [
        f"reuse database: {NAME} (because)",
        "create credential: app-100-1 (each run has credentials of its own)",
    ]
    assert plan.plan_lines(Plan(())) == ["nothing to do"]


def test_a_credential_bears_the_name_of_its_run() -> None:
    assert plan.connection_name("app", "100-1") == "app-100-1"
    assert plan.connection_name("app", "100-1", ephemeral=True) == "app-100-1-once"


@pytest.mark.parametrize("action", Action)
def test_a_label_is_said_of_one_action_only_and_says_what_is_done_to_what(action: Action) -> None:
    assert [other for other in Action if other.label == action.label] == [action]
    assert re.fullmatch(r"[a-z]+( [A-Za-z]+)+", action.label)


def test_a_step_that_needs_a_database_has_one() -> None:
    step = Step(Action.DELETE, NAME, "because")
    with pytest.raises(AssertionError, match=r"^a step to delete database is planned with its database$"):
        _ = step.on_database
    with pytest.raises(AssertionError, match=r"^a step to delete database is planned with its connection$"):
        _ = step.on_connection


@pytest.mark.parametrize("name", [NAME, NEW, "x-br-main-abcdefghijklmnop", "x-mq-1-a234567bcdefghij", "a" * 40 + "-pr-1-" + "a" * 16])
def test_the_name_of_some_repositorys_preview_looks_like_one(name: str) -> None:
    assert identity.looks_like_one(name)


@pytest.mark.parametrize(
    "name",
    [
        "production",
        "shop-12-yuc7lqx5hcdvrhjs",
        "shop-pr-12",
        "shop-pr-12-yuc7lqx5hcdvrhj",
        "shop-pr-12-yuc7lqx5hcdvrhj1",
        "shop-pr-12-yuc7lqx5hcdvrhj8",
        "Shop-pr-12-yuc7lqx5hcdvrhjs",
        "shop_pr-12-yuc7lqx5hcdvrhjs",
        "shop-xpr-12-yuc7lqx5hcdvrhjs",
        "a" * 42 + "-pr-1-" + "a" * 16,
        "",
    ],
)
def test_what_has_not_the_form_of_a_previews_name_does_not_look_like_one(name: str) -> None:
    assert not identity.looks_like_one(name)


SAID = {
    Scope(SHOP, Kind.PULL_REQUEST, "12"): "pull request #12",
    Scope(SHOP, Kind.PULL_REQUEST, "12", "e2e"): "pull request #12 (e2e)",
    Scope(SHOP, Kind.BRANCH, "feat/x"): "branch feat/x",
    Scope(SHOP, Kind.MERGE_QUEUE, "12"): "merge queue entry of #12",
}


@pytest.mark.parametrize("scope", SAID, ids=str)
def test_a_scope_is_said_as_a_person_says_it(scope: Scope) -> None:
    assert str(scope) == SAID[scope]
    assert scope.pull_request == (12 if scope.kind is Kind.PULL_REQUEST else None)


def test_a_name_says_what_it_is_for() -> None:
    assert identity.described(NAME, SHOP) == (SCOPE, "yuc7lqx5hcdvrhjs")
    assert identity.described("shop-br-main-yuc7lqrlvdymw75z", SHOP) == (Scope(SHOP, Kind.BRANCH, "main"), "yuc7lqrlvdymw75z")
    assert identity.described("production", SHOP) is None


def test_a_branch_is_found_by_its_name_with_its_key() -> None:
    name = "shop-br-feature-login-form-e2e-yuc7lqyan4l3b243"
    branches = ["feature/login", "feature/login-form", "feature/Login_Form"]
    assert identity.branch_scope(name, SHOP, branches) == Scope(SHOP, Kind.BRANCH, "feature/Login_Form", "e2e")
    assert identity.branch_scope(name, SHOP, branches[:2]) is None
    assert identity.branch_scope(NAME, SHOP, branches) is None
