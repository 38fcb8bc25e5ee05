"""What a sweep says of a preview, word for word, and from when on it says something else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from preview_db.planning import identity, stale
from preview_db.planning.model import Configuration, Kind, Repository, Scope
from preview_db.planning.settings import Inputs
from preview_db.planning.stale import Preview, RepositoryState, StaleReason
from preview_db.planning.steps import Plan
from tests.factories import NOW, REPOSITORY, connection, database, scope

from .test_stale import closed, judged, pull, seen

NUMBER = "pull request #12"


@pytest.mark.parametrize(
    ("view", "inputs", "why", "reason"),
    [
        (seen(pull()), {}, StaleReason.WANTED, f"{NUMBER} is open"),
        (seen(closed()), {}, StaleReason.CLOSED, f"{NUMBER} was closed"),
        (seen(closed(merged=True)), {}, StaleReason.CLOSED, f"{NUMBER} was merged"),
        (RepositoryState(), {}, StaleReason.CLOSED, f"{NUMBER} is not open"),
        (seen(pull(hours=48)), {"max_idle": "1d"}, StaleReason.IDLE, f"nothing has happened in {NUMBER} for 2 days"),
        (seen(pull(hours=24)), {"max_idle": "1d"}, StaleReason.WANTED, f"{NUMBER} is open"),
        (
            seen(pull(hours=48, draft=True)),
            {"max_idle": "1d"},
            StaleReason.WANTED,
            f"{NUMBER} is a draft, and drafts are not stale",
        ),
        (
            seen(pull(hours=48, labels=("keep-preview-db",))),
            {"max_idle": "1d"},
            StaleReason.WANTED,
            f"{NUMBER} bears the label keep-preview-db",
        ),
        (seen(pull()), {"label": "preview"}, StaleReason.UNWANTED, f"{NUMBER} does not bear the label preview"),
        (seen(pull(draft=True)), {"drafts": "false"}, StaleReason.UNWANTED, f"{NUMBER} is a draft, and drafts is false"),
        (seen(pull(fork=True)), {}, StaleReason.UNWANTED, f"{NUMBER} comes from a fork, and allow_forks is false"),
    ],
)
def test_a_verdict_says_why(view: RepositoryState, inputs: dict[str, str], why: StaleReason, reason: str) -> None:
    verdict = judged(view, **inputs)
    assert (verdict.why, verdict.reason) == (why, reason)
    assert verdict.deletions == (why is not StaleReason.WANTED)


def test_a_verdict_says_since_when() -> None:
    assert judged(seen(closed(hours=3))).since == NOW - timedelta(hours=3)
    assert judged(seen(pull(hours=48)), max_idle="1d").since == NOW - timedelta(hours=48)
    assert judged(seen(pull(hours=5)), label="preview").since == NOW - timedelta(hours=5)
    assert judged(seen(pull())).since is None
    assert judged(RepositoryState()).since is None


@pytest.mark.parametrize(("minutes", "missed"), [(9, False), (10, False), (11, True)])
def test_a_close_is_missed_ten_minutes_after_it(minutes: float, missed: bool) -> None:
    assert judged(seen(closed(hours=minutes / 60))).missed is missed


def test_only_a_close_is_missed() -> None:
    assert not judged(seen(pull(hours=48)), max_idle="1d").missed
    assert judged(RepositoryState()).missed


def test_a_branch_and_a_queue_entry_are_said_to_be_there_or_gone() -> None:
    branch, queued = database(of=scope("feat/x", Kind.BRANCH)), database(of=scope(12, Kind.MERGE_QUEUE))
    assert judged(RepositoryState(branches=("feat/x",)), branch).reason == "the branch feat/x exists"
    gone = judged(RepositoryState(branches=("main",)), branch)
    assert (gone.why, gone.reason, gone.since) == (StaleReason.GONE, "its branch is gone", None)
    assert judged(RepositoryState(queued=frozenset({12})), queued).reason == "pull request #12 is in the merge queue"
    left = judged(RepositoryState(queued=frozenset({13})), queued)
    assert (left.why, left.reason, left.since) == (StaleReason.GONE, "pull request #12 left the merge queue", None)


def test_what_is_none_of_the_repositorys_previews_is_counted_by_what_it_is() -> None:
    theirs = Scope(Repository(43, "acme/other"), Kind.PULL_REQUEST, "1")
    listed = [
        database(of=scope(12)),
        database(of=scope(13), is_default=True),
        database(of=theirs),
        database(of="by-hand"),
        database(of="by-hand-2"),
    ]
    assert stale.others(listed, REPOSITORY) == {"default databases": 1, "other repositories' previews": 1, "made by hand": 2}
    assert stale.others([], REPOSITORY) == {"default databases": 0, "other repositories' previews": 0, "made by hand": 0}
    assert [preview.scope for preview in stale.previews(listed, REPOSITORY)] == [scope(12)]


def test_what_has_been_idle_longest_is_named_first() -> None:
    found = stale.previews([database(of=scope(number)) for number in (1, 2, 3, 4)], REPOSITORY)
    pulls = [pull(1, hours=3), pull(2, hours=72), pull(3, hours=0.5), pull(9, hours=999)]
    assert stale.idle_longest(found, pulls, NOW) == [
        "#4 (not open)",
        "#2 (nothing for 3 days)",
        "#1 (nothing for 3 hours)",
        "#3 (nothing for 30 minutes)",
    ]
    assert stale.idle_longest(found, pulls, NOW, most=1) == ["#4 (not open)"]
    many = stale.previews([database(of=scope(number)) for number in range(1, 9)], REPOSITORY)
    assert len(stale.idle_longest(many, [], NOW)) == 5
    branches = stale.previews([database(of=scope("main", Kind.BRANCH))], REPOSITORY)
    assert stale.idle_longest(branches, pulls, NOW) == []


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(-1, "0 minutes"), (0, "0 minutes"), (1.9, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (2879, "47 hours"), (2880, "2 days")]
    + [(4319, "2 days"), (4320, "3 days")],
)
def test_an_age_is_said_as_a_person_says_it(minutes: float, said: str) -> None:
    assert stale.age(timedelta(minutes=minutes)) == said


def test_a_merge_queues_ref_says_its_pull_request() -> None:
    assert stale.queued_numbers(["refs/heads/gh-readonly-queue/main/pr-12-" + "a" * 40, "refs/heads/main"]) == {12}


BRANCH = scope("feat/x", Kind.BRANCH)


def of_branch(**changes: Any) -> Preview:
    """A preview of which only the slug of its branch is known, and its tag."""
    configuration = Configuration("c1", identity.name(BRANCH), "db.prisma.io", 5432, NOW)
    (preview,) = stale.previews([database(of=BRANCH, **changes)], REPOSITORY, [configuration])
    return preview


def steps(verdict: stale.Verdict) -> list[tuple[str, str]]:
    return [(step.action.label, step.reason) for step in verdict.plan.steps]


def test_what_is_in_doubt_stays_and_says_why() -> None:
    preview = of_branch()
    assert stale.in_doubt(preview, "its list breaks off") == stale.Verdict(preview, StaleReason.DOUBT, "its list breaks off", Plan(()))


def test_a_preview_of_a_repository_that_is_archived_goes_where_that_is_asked_for() -> None:
    preview, why = of_branch(), "acme/web is archived"
    verdict = stale.judge_by_repository(preview, why, NOW, delete=True)
    assert (verdict.preview, verdict.why, verdict.reason) == (preview, StaleReason.REPOSITORY, why)
    assert steps(verdict) == [("delete Hyperdrive configuration", why), ("delete database", why)]
    assert stale.judge_by_repository(preview, why, NOW, delete=False) == stale.Verdict(preview, StaleReason.REPOSITORY, why, Plan(()))


def test_a_preview_whose_branch_is_gone_is_deleted_by_its_tag() -> None:
    assert steps(stale.judge(of_branch(), RepositoryState(), Inputs.read({}), NOW)) == [
        ("delete Hyperdrive configuration", "its branch is gone"),
        ("delete database", "its branch is gone"),
    ]


def test_a_preview_that_stays_is_tidied_and_nothing_is_made_in_it() -> None:
    once = connection("app-1-1-once", hours=2)
    preview = of_branch(connections=(once,), can_be_adopted=True)
    view, kept = RepositoryState(branches=("feat/x",)), ("reuse database", "the branch feat/x exists")
    assert steps(stale.judge(preview, view, Inputs.read({}), NOW)) == [kept]
    assert steps(stale.judge(preview, view, Inputs.read({"INPUT_CREDENTIAL_GRACE": "1h"}), NOW)) == [
        kept,
        ("revoke credential", "it was for one job only, and is older than 1h"),
    ]


def test_a_configuration_without_a_database_stays_where_another_projects_workflow_may_want_it() -> None:
    configuration = Configuration("c1", identity.name(scope()), "db.prisma.io", 5432, NOW)
    (preview,) = stale.previews([], REPOSITORY, [configuration])
    verdict = stale.judge(preview, seen(pull()), Inputs.read({"INPUT_LABEL": "preview"}), NOW)
    assert (verdict.why, verdict.since, verdict.deletions) == (StaleReason.WANTED, None, 0)
    assert verdict.reason == f"{NUMBER} does not bear the label preview, and has no database in this project"
