"""DesiredState and observed in, steps out."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.planning import identity, plan
from preview_db.planning.model import Connection, Database, Kind, Repository, Status
from preview_db.planning.steps import Action, DesiredState, Plan
from tests.factories import NOW, connection, database, scope

SCOPE = scope()
OTHER_SCOPES = [
    scope(1),
    scope(key="docs"),
    scope(kind=Kind.MERGE_QUEUE),
    scope(kind=Kind.BRANCH),
    scope(repository=Repository(43, "acme/web")),
]


def wanted(*, present: bool = True, run: str = "100-1", **changes: Any) -> DesiredState:
    base = DesiredState(scope=SCOPE, present=present, reason="because", now=NOW, mint_suffix=run)
    return base._replace(**changes)


def said(made: Plan) -> list[tuple[str, str]]:
    return [(step.action.value, step.database.id if step.database else step.subject) for step in made.steps]


def test_what_is_not_there_is_created_with_a_credential() -> None:
    made = plan.make(wanted(connections=("app", "jobs")), [])
    assert [(step.action, step.subject) for step in made.steps] == [
        (Action.CREATE, identity.name(SCOPE)),
        (Action.MINT, "app-100-1"),
        (Action.MINT, "jobs-100-1"),
        (Action.WAIT, "database"),
    ]


def test_what_is_there_is_kept() -> None:
    made = plan.make(wanted(), [database()])
    assert [step.action for step in made.steps] == [Action.KEEP, Action.MINT, Action.WAIT]


def test_closing_deletes_every_database_of_the_scope() -> None:
    made = plan.make(wanted(present=False), [database("db_1"), database("db_2", status=Status.FAILURE)])
    assert said(made) == [("delete", "db_1"), ("delete", "db_2")]


def test_closing_what_is_not_there_is_no_step() -> None:
    assert plan.make(wanted(present=False), []).steps == ()


def test_of_two_databases_the_oldest_is_kept_and_a_person_hears_of_it() -> None:
    made = plan.make(wanted(), [database("db_new", hours=1), database("db_old", hours=2)])
    assert said(made)[0] == ("keep", "db_old")
    assert ("delete", "db_new") in said(made)
    assert "db_old" in made.warnings[0]


def test_a_failed_database_is_replaced() -> None:
    made = plan.make(wanted(), [database("db_1", status=Status.FAILURE)])
    assert [step.action for step in made.steps][:2] == [Action.DELETE, Action.CREATE]


def test_connecting_never_creates_and_never_deletes() -> None:
    connect = wanted(may_create=False, may_delete=False)
    assert plan.make(connect, []).steps == ()
    assert plan.make(connect, [database(status=Status.FAILURE)]).steps == ()
    assert not plan.make(connect, [database("db_1"), database("db_2")]).of(Action.CREATE, Action.DELETE)


populations = st.lists(
    st.builds(
        database,
        st.integers(0, 10**6).map("db_{}".format),
        of=st.sampled_from([SCOPE, *OTHER_SCOPES]),
        hours=st.integers(0, 1000),
        is_default=st.booleans(),
        status=st.sampled_from(Status),
        name=st.one_of(
            st.just(identity.name(SCOPE)), st.just(identity.name(SCOPE)[:-1]), st.text(max_size=70), st.just(identity.name(SCOPE).upper())
        ),
        logical_id=st.one_of(st.none(), st.sampled_from([identity.name(scope) for scope in [SCOPE, *OTHER_SCOPES]])),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)


@given(populations, st.booleans(), st.booleans())
def test_no_step_is_ever_on_a_database_that_is_not_the_scopes(databases: list[Database], present: bool, may_create: bool) -> None:
    made = plan.make(wanted(present=present, may_create=may_create, fresh=present and may_create), databases)
    for step in made.steps:
        assert step.database is None or identity.belongs_to(step.database, SCOPE)
        assert step.database is None or not step.database.is_default


@given(populations, st.booleans())
def test_a_plan_leaves_one_database_or_none(databases: list[Database], present: bool) -> None:
    made = plan.make(wanted(present=present), databases)
    ours = {one.id for one in databases if identity.belongs_to(one, SCOPE)}
    deleted = {step.database.id for step in made.of(Action.DELETE) if step.database}
    assert len(ours - deleted) + len(made.of(Action.CREATE)) == (1 if present else 0)


@given(populations, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_what_was_observed_does_not_matter(databases: list[Database], present: bool, random: Random) -> None:
    shuffled = list(databases)
    random.shuffle(shuffled)
    assert plan.make(wanted(present=present), databases) == plan.make(wanted(present=present), shuffled)


def revoked(*connections: Connection, run: str = "100-1", grace: timedelta = timedelta(hours=6), **changes: Any) -> set[str]:
    made = plan.make(wanted(run=run, grace=grace), [database(connections=connections, **changes)])
    return {step.connection.name for step in made.of(Action.REVOKE) if step.connection}


def test_a_credential_goes_after_two_newer_runs_and_the_grace() -> None:
    old, newer = connection("app-1-1", hours=10), connection("app-2-1", hours=9)
    assert revoked(old, newer) == {"app-1-1"}
    assert revoked(old) == set(), "one newer run: what was deployed a push ago keeps working"
    assert revoked(connection("app-1-1", hours=5), connection("app-2-1", hours=4)) == set(), "too young"


def test_the_jobs_of_a_matrix_do_not_cut_each_other_off() -> None:
    matrix = [connection("app-100-1", hours=10, id_=f"con_{job}") for job in range(12)]
    assert revoked(*matrix, run="100-1") == set()
    assert revoked(*matrix, run="101-1") == set()


def test_thirty_pushes_in_an_hour_cut_nobody_off_and_leave_a_bounded_number() -> None:
    pushes = [connection(f"app-{push}-1", hours=1 - push / 30) for push in range(30)]
    assert revoked(*pushes, run="30-1") == set()
    a_day_later = [one._replace(created_at=one.created_at - timedelta(days=1)) for one in pushes]
    assert len(revoked(*a_day_later, run="30-1")) == 29


def test_a_name_is_superseded_by_its_own_newer_runs_only() -> None:
    assert revoked(connection("jobs-1-1", hours=10), connection("app-2-1", hours=9), connection("app-3-1", hours=8)) == {"app-2-1"}


def test_a_re_run_is_a_run_of_its_own() -> None:
    assert revoked(connection("app-1-1", hours=10), connection("app-1-2", hours=9), run="1-3") == {"app-1-1"}


def test_the_connection_a_database_came_with_is_superseded_like_any_other() -> None:
    came = connection("Default Connection", hours=20, id_="con_default")
    others = [connection("app-2-1", hours=9), connection("app-3-1", hours=8)]
    assert revoked(came, *others, default_connection_id="con_default") == {"Default Connection", "app-2-1"}
    assert revoked(came, *others) == {"app-2-1"}, "made by hand"


def test_what_somebody_made_by_hand_is_left_alone() -> None:
    by_hand = connection("grafana", hours=1000)
    assert revoked(by_hand, connection("app-2-1", hours=900), connection("app-3-1", hours=800)) == {"app-2-1"}


@given(
    st.lists(
        st.builds(
            connection,
            st.builds("{}-{}-1".format, st.sampled_from(["app", "jobs"]), st.integers(1, 20)),
            hours=st.integers(0, 30),
            id_=st.uuids().map(str),
        ),
        max_size=40,
    )
)
def test_revoking_twice_is_revoking_once(connections: list[Connection]) -> None:
    before = database(connections=tuple(connections))
    first = plan.superseded(before, minting=("app",), run="99-1", grace=timedelta(hours=6), now=NOW)
    gone = {step.connection.id for step in first if step.connection}
    kept = tuple(one for one in before.connections if one.id not in gone) + (connection("app-99-1"),)
    again = plan.superseded(before._replace(connections=kept), minting=("app",), run="99-1", grace=timedelta(hours=6), now=NOW)
    assert not again


@pytest.mark.parametrize("name", ["app-1-1-x", "app-1", "APP-1-1", "app--1", "-1-1", "app-1-1\n"])
def test_only_our_form_of_name_counts_as_minted(name: str) -> None:
    assert revoked(connection(name, hours=100), connection("app-2-1", hours=90), connection("app-3-1", hours=80)) == {"app-2-1"}
