"""Which previews are stale: verdicts as a table, and what must hold for any population."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.planning import identity, stale
from preview_db.planning.events import PullRequest
from preview_db.planning.model import Connection, Database, Kind, Repository, Status
from preview_db.planning.settings import Inputs
from preview_db.planning.stale import RepositoryState, StaleReason
from preview_db.planning.steps import Action
from tests.factories import NOW, REPOSITORY, database, scope


def pull(number: int = 12, *, hours: float = 1, fork: bool = False, labels: tuple[str, ...] = (), **changes: Any) -> PullRequest:
    repo = {"id": 42, "full_name": "acme/web"}
    content: dict[str, Any] = {
        "number": number, "state": "open", "draft": False, "labels": [{"name": label} for label in labels],
        "head": {"ref": "x", "sha": "1" * 40, "repo": {"id": 43, "full_name": "f/web"} if fork else repo},
        "base": {"ref": "main", "sha": "2" * 40, "repo": repo}, "updated_at": (NOW - timedelta(hours=hours)).isoformat(),
    }  # fmt: skip
    return PullRequest.model_validate({**content, **changes})


def closed(number: int = 12, *, hours: float = 1, merged: bool = False) -> PullRequest:
    at = (NOW - timedelta(hours=hours)).isoformat()
    return pull(number, state="closed", closed_at=at, merged_at=at if merged else None)


def judged(view: RepositoryState, *databases: Database, **inputs: str) -> stale.Verdict:
    (preview,) = stale.previews(databases or [database()], REPOSITORY)
    return stale.judge(preview, view, Inputs.read({f"INPUT_{name.upper()}": value for name, value in inputs.items()}), NOW)


def seen(*pulls: PullRequest) -> RepositoryState:
    return RepositoryState(pull_requests={one.number: one for one in pulls})


OPEN_FOR_LONG = pull(hours=30 * 24)


@pytest.mark.parametrize(
    ("view", "inputs", "why", "says"),
    [
        (seen(pull()), {}, StaleReason.WANTED, "is open"),
        (seen(closed()), {}, StaleReason.CLOSED, "was closed"),
        (seen(closed(merged=True)), {}, StaleReason.CLOSED, "was merged"),
        (RepositoryState(), {}, StaleReason.CLOSED, "is not open"),
        (seen(OPEN_FOR_LONG), {}, StaleReason.WANTED, "is open"),
        (seen(OPEN_FOR_LONG), {"max_idle": "14d"}, StaleReason.IDLE, "30 days"),
        (seen(pull(hours=13 * 24)), {"max_idle": "14d"}, StaleReason.WANTED, "is open"),
        (seen(pull(hours=30 * 24, draft=True)), {"max_idle": "14d"}, StaleReason.WANTED, "drafts are not stale"),
        (seen(pull(hours=30 * 24, labels=("keep-preview-db",))), {"max_idle": "14d"}, StaleReason.WANTED, "label"),
        (seen(pull(hours=30 * 24, labels=("Long-Lived",))), {"max_idle": "14d", "keep_label": "long-lived"}, StaleReason.WANTED, "label"),
        (seen(pull()), {"label": "preview"}, StaleReason.UNWANTED, "label preview"),
        (seen(pull(draft=True)), {"drafts": "false"}, StaleReason.UNWANTED, "draft"),
        (seen(pull(fork=True)), {}, StaleReason.UNWANTED, "fork"),
        (seen(pull(fork=True)), {"allow_forks": "true"}, StaleReason.WANTED, "open"),
    ],
)
def test_who_still_wants_a_pull_requests_preview(view: RepositoryState, inputs: dict[str, str], why: StaleReason, says: str) -> None:
    verdict = judged(view, **inputs)
    assert verdict.why is why
    assert says in verdict.reason
    assert verdict.deletions == (0 if why is StaleReason.WANTED else 1)


def test_age_is_no_reason_only_idleness() -> None:
    assert judged(seen(pull(hours=1)), database(of=scope(12), hours=10_000), max_idle="14d").why is StaleReason.WANTED


def test_a_branch_is_told_from_another_of_the_same_slug_and_its_key() -> None:
    mine = scope("feat/a-b", Kind.BRANCH, "api")
    assert judged(RepositoryState(branches=["main", "feat-a/b"]), database(of=mine)).why is StaleReason.GONE
    verdict = judged(RepositoryState(branches=["main", "feat-a/b", "feat/a-b"]), database(of=mine))
    assert (verdict.why, verdict.preview.scope) == (StaleReason.WANTED, mine)


branch_names = st.text(min_size=1, max_size=30) | st.sampled_from(["br", "BR", "fix-br-2", "x/br-y", "pr-1", "fix-mq-2"])


@given(st.lists(branch_names, unique=True, max_size=8), st.data())
def test_a_live_branchs_preview_is_always_wanted(branches: list[str], data: st.DataObject) -> None:
    gone = data.draw(branch_names.filter(lambda name: name not in branches))
    for branch in branches:
        assert judged(RepositoryState(branches=branches), database(of=scope(branch, Kind.BRANCH))).why is StaleReason.WANTED
    assert judged(RepositoryState(branches=branches), database(of=scope(gone, Kind.BRANCH))).why is StaleReason.GONE


def test_a_queue_entry_lives_as_long_as_it_is_queued() -> None:
    entry = database(of=scope(12, Kind.MERGE_QUEUE))
    assert judged(RepositoryState(queued=frozenset({12})), entry).why is StaleReason.WANTED
    assert judged(RepositoryState(queued=frozenset({1, 2})), entry).why is StaleReason.GONE


def test_a_close_counts_as_missed_once_its_own_run_had_the_time() -> None:
    assert not judged(seen(closed(hours=0.05))).missed
    assert judged(seen(closed(hours=1))).missed
    assert judged(RepositoryState()).missed
    assert not judged(seen(OPEN_FOR_LONG), max_idle="14d").missed


def test_duplicates_go_and_the_oldest_stays() -> None:
    verdict = judged(seen(pull()), database("db_new", hours=1), database("db_old", hours=2))
    assert [step.database.id for step in verdict.plan.of(Action.DELETE) if step.database] == ["db_new"]
    assert verdict.why is StaleReason.WANTED


@pytest.mark.parametrize(("hours", "deleted"), [(0.1, []), (6, []), (6.1, ["db_old"])])
def test_of_a_reset_that_may_be_at_work_both_databases_stay(hours: float, deleted: list[str]) -> None:
    replacement = database("db_new", of=identity.name(scope(12), replacement=True), hours=hours)
    verdict = judged(seen(pull()), database("db_old", hours=50), replacement)
    assert [step.on_database.id for step in verdict.plan.of(Action.DELETE)] == deleted
    assert verdict.reason.endswith("is open" if deleted else "is open, and may be in the middle of a reset")

    assert judged(seen(pull()), replacement).reason.endswith("is open"), "there is nothing that it would replace"
    failed = judged(seen(pull()), database("db_old", hours=50), replacement, database("db_failed", hours=1, status=Status.FAILURE))
    assert [step.on_database.id for step in failed.plan.of(Action.DELETE)] == ["db_failed", *deleted]
    over = judged(seen(closed()), database("db_old", hours=50), replacement)
    assert over.deletions == 2
    assert "reset" not in over.reason


def test_superseded_credentials_of_a_preview_that_stays_go() -> None:
    credentials = tuple(Connection(f"con_{n}", f"app-{n}-1", NOW - timedelta(hours=50 - n)) for n in range(5))
    verdict = judged(seen(pull()), database(of=scope(12), connections=credentials))
    assert [step.subject for step in verdict.plan.of(Action.REVOKE)] == ["app-0-1", "app-1-1", "app-2-1"]


def test_the_order_is_closed_longest_first_and_the_limit_cuts_there() -> None:
    databases = [database(f"db_{number}", of=scope(number)) for number in (1, 2, 3, 4, 5)]
    view = seen(closed(1, hours=5), closed(2, hours=50), pull(3), pull(4, hours=9999))
    inputs = Inputs.read({"INPUT_MAX_IDLE": "7d"})
    verdicts = [stale.judge(preview, view, inputs, NOW) for preview in stale.previews(databases, REPOSITORY)]
    assert [verdict.preview.scope.ref for verdict in stale.in_order(verdicts)] == ["5", "2", "1", "4"]
    fitting, beyond = stale.within(verdicts, 3)
    assert ([one.preview.scope.ref for one in fitting], [one.preview.scope.ref for one in beyond]) == (["5", "2", "1"], ["4"])
    assert stale.within(verdicts, 0)[0] == []


others = Repository(43, "acme/web")
populations = st.lists(
    st.builds(
        database,
        of=st.one_of(
            st.builds(scope, st.integers(1, 9), st.sampled_from(Kind), st.sampled_from(["", "api"]), st.sampled_from([REPOSITORY, others])),
            st.text(max_size=70),
            st.builds(lambda at, to: at[:-1] + to, st.just(identity.name(scope(3))), st.sampled_from("abz237")),
        ),
        id_=st.uuids().map(str),
        hours=st.integers(0, 10_000),
        is_default=st.booleans(),
        status=st.sampled_from(Status),
    ),
    max_size=20,
)
views = st.builds(
    RepositoryState,
    pull_requests=st.lists(st.one_of(st.builds(pull, st.integers(1, 9)), st.builds(closed, st.integers(1, 9)))).map(
        lambda pulls: {one.number: one for one in pulls}
    ),
    branches=st.lists(st.integers(1, 9).map(str)),
    queued=st.frozensets(st.integers(1, 9)),
)


@given(populations, views, st.integers(0, 30))
def test_a_sweep_only_ever_touches_this_repositorys_previews(databases: list[Database], view: RepositoryState, limit: int) -> None:
    previews = stale.previews(databases, REPOSITORY)
    verdicts = [stale.judge(preview, view, Inputs.read({}), NOW) for preview in previews]
    for verdict in verdicts:
        for step in verdict.plan.steps:
            assert step.database is not None
            assert identity.is_ours(step.database.identity, REPOSITORY)
            assert not step.database.is_default
    fitting, beyond = stale.within(verdicts, limit)
    assert sum(verdict.deletions for verdict in fitting) <= limit
    assert {id(one) for one in (*fitting, *beyond)} == {id(one) for one in verdicts if one.deletions}
    ours = sum(len(preview.databases) for preview in previews)
    assert ours + sum(stale.others(databases, REPOSITORY).values()) == len(databases)


@given(populations, views)
def test_no_open_pull_requests_only_usable_database_goes(databases: list[Database], view: RepositoryState) -> None:
    for preview in stale.previews(databases, REPOSITORY):
        verdict = stale.judge(preview, view, Inputs.read({}), NOW)
        pull_request = view.pull_requests.get(int(preview.scope.ref)) if preview.scope.pull_request else None
        usable = [one for one in preview.databases if one.status is not Status.FAILURE]
        if pull_request is not None and pull_request.is_open and usable:
            gone = {step.database.id for step in verdict.plan.of(Action.DELETE) if step.database}
            assert len([one for one in usable if one.id not in gone]) == 1
